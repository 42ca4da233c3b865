# SPDX-License-Identifier: ISC
"""test_records.py: records from a controller's bytes to subscribers, by every way out."""
import datetime
import json
import re

import pytest

import broker as mqtt
import cases
import nmsp_wire as wire
import play
import transcode
from gateway import EVERYTHING, controller_options, mqtt_options
from proc import ROOT

ODD_INPUT = r"malformed|unknown|does not add up|short|dropped"
TAGS = {"tags": ["site=hq", "building=A"]}


def check_envelopes(records):
    """The envelope of the records of one kind, in their order."""
    session = records[0]["session"]
    assert re.fullmatch(r"[0-9a-f]{8}", session)
    for seq, record in enumerate(records, 1):
        assert (record["gateway"], record["controller"]) == ("gw1", "hq")
        assert (record["session"], record["seq"]) == (session, seq)
        assert record["tags"] == {"site": "hq", "building": "A"}
        age = datetime.datetime.utcnow() - play.moment(record["received_at"])
        assert -1 < age.total_seconds() < 60


def check_all(inbox, wanted):
    for kind, pairs in wanted.items():
        got = inbox.records(len(pairs), kind)
        for record, (case, record_wanted) in zip(got, pairs):
            play.check_record(record, case, record_wanted)
        check_envelopes(got)


def played_cases():
    odd = [case for case in cases.load("malformed") if "frame" not in case.faults]
    return cases.load(*play.RECORD_FILES) + [case for case in odd if "cut off" not in case.name]


@pytest.mark.parametrize("publish", ["record", "batch"])
def test_every_vector_reaches_every_subscriber(
        gateway, peer, subscriber, mosquitto_sub, tmp_path, publish):
    feed = tmp_path / "feed.ndjson"
    played = played_cases()
    notifications = play.script(peer, played)
    running = gateway(
        peer, controller={"services": EVERYTHING, **TAGS}, main={"publish": publish},
        files={"feed": {"path": str(feed)}}, allow=[ODD_INPUT])
    session = peer.ready()
    for request in play.REQUEST_OF.values():
        session.wait_frame(request)
    session.send(*(case.stream for case in notifications))
    wanted = play.expected(played)
    check_all(subscriber, wanted)
    check_all(mosquitto_sub, wanted)
    running.stop_in_order()
    lines = [mqtt.message("", line) for line in feed.read_bytes().splitlines()]
    for kind, pairs in wanted.items():
        written = [record for line in lines if line.kind == kind for record in line.records]
        for record, (case, record_wanted) in zip(written, pairs, strict=True):
            play.check_record(record, case, record_wanted)


def test_solicited_only_where_it_answers(gateway, peer, subscriber):
    case = cases.named("measurement", "solicited")
    play.script(peer, [case])
    gateway(peer, controller={"services": ["rssi:client"]})
    peer.ready().wait_frame(wire.MEASUREMENT_REQUEST)
    peer.ready().send(play.measurement(1))
    records = subscriber.records(3, "rssi")
    assert [record.get("solicited") for record in records] == [True, True, None]


def test_batch_is_one_message_for_a_notification(gateway, peer, subscriber):
    gateway(peer, main={"publish": "batch"})
    case = cases.named("measurement", "many stations")
    peer.ready().send(case.stream, play.measurement(9))
    first, second = subscriber.wait_for(lambda message: message.kind == "rssi", 2)
    assert (first.json["seq"], len(first.json["records"])) == (1, 3)
    assert (second.json["seq"], len(second.json["records"])) == (4, 1)
    assert "mac" not in first.json and "readings" not in first.json
    assert all("seq" not in record for record in first.json["records"])
    assert [record["ts"] for record in first.json["records"]] == ["2026-11-22T17:00:00.000Z"] * 3


TOPICS = [
    ("{prefix}/{gateway}/{controller}/{kind}", "loc/gw1/hq/info"),
    ("{prefix}/{kind}/{entity}/{mac}/{ap}", "loc/info/client/a483e7123456/2c574158eee0"),
    ("{prefix}/{tag.site}/{tag.none|nowhere}", "loc/h_q_1/nowhere"),
    ("all", "all"),
]


@pytest.mark.parametrize("template, topic", TOPICS)
def test_topic_templates(gateway, peer, subscriber, template, topic):
    gateway(peer, controller={"tags": ["site=h q/1"]}, main={"topic": template, "prefix": "loc"})
    peer.ready().send(cases.named("information", "associated").stream)
    (found,) = subscriber.wait_for(lambda message: message.kind == "info")
    assert found.topic == topic
    assert found.json["tags"] == {"site": "h q/1"}


def test_topic_without_the_value_takes_the_default(gateway, peer, subscriber):
    gateway(peer, main={"topic": "{prefix}/{kind}/{mac|none}/{ap}"})
    peer.ready().send(cases.named("attachment", "a switch goes down").stream)
    (found,) = subscriber.wait_for(lambda message: message.kind == "attachment")
    assert found.topic == "nmsp/attachment/none/_"


@pytest.mark.parametrize("way", ["bytewise", "joined", "split in headers"])
def test_frames_in_any_cut(gateway, peer, subscriber, way):
    gateway(peer)
    frames = [play.measurement(number) for number in range(40)]
    session, stream = peer.ready(), b"".join(frames)
    if way == "bytewise":
        session.send_bytewise(stream)
    elif way == "joined":
        session.send(stream)
    else:
        session.send(stream[:7], *(stream[at:at + 59] for at in range(7, len(stream), 59)))
    records = subscriber.records(40, "rssi")
    assert [int(record["mac"][-2:], 16) for record in records] == list(range(40))


def test_a_large_message(gateway, peer, subscriber):
    """The largest that the profile allows, and all stations of it."""
    gateway(peer)
    one = wire.measurement("00:11:22:33:44:55", wire.reading(play.AP, -60))
    count = (262144 - 14) // len(one)
    peer.ready().send(wire.frame(wire.MEASUREMENT, *([one] * count)))
    assert len(subscriber.records(count, "rssi", timeout=60)) == count


def test_two_controllers(gateways, peers, broker, subscriber):
    """Each has its own session, sequence and topic, and only its own trouble."""
    first, second = peers(), peers()
    gateways({"hq": controller_options(first, tags=["site=hq"]),
              "branch": controller_options(second)}, {"main": mqtt_options(broker)},
             allow=["branch"])
    for number in range(3):
        first.ready().send(play.measurement(number))
        second.ready().send(play.measurement(number + 100))
    seen = subscriber.wait_for(lambda message: message.kind == "rssi", 6)
    for name, tags in (("hq", {"site": "hq"}), ("branch", None)):
        mine = [message.json for message in seen if message.topic == f"nmsp/gw1/{name}/rssi"]
        assert [record["seq"] for record in mine] == [1, 2, 3]
        assert {record["controller"] for record in mine} == {name}
        assert all(record.get("tags") == tags for record in mine)
    assert len({message.json["session"] for message in seen}) == 2
    second.stop()
    subscriber.state("branch", "backoff")
    first.ready().send(play.measurement(4))
    assert subscriber.records(7, "rssi")[-1]["seq"] == 4


def test_a_controller_of_another_profile(gateways, peers, broker, subscriber):
    """Other bytes and numbers, from capability to goodbye, next to a controller of the baseline."""
    second = {"dictionary": str(ROOT / "tests/dictionary/second.conf"), "services": EVERYTHING}
    old, new = peers(), peers(profile=transcode)
    played = cases.load(*play.RECORD_FILES)
    played.remove(cases.named("information", "an element from"))
    played.remove(cases.named("measurement", "numbers without"))
    notifications = play.script(new, played)
    running = gateways(
        {"old": controller_options(old), "hq": controller_options(new, **TAGS, **second)},
        {"main": mqtt_options(broker)})
    for request in play.REQUEST_OF.values():
        new.ready().wait_frame(request)
    new.ready().send(*(case.stream for case in notifications))
    check_all(subscriber, play.expected(played))
    subscriber.state("old", "subscribed")
    running.stop_in_order()
    assert new.ready().wait_frame(wire.UNSUBSCRIBE_REQUEST)
    assert old.ready().wait_frame(wire.UNSUBSCRIBE_REQUEST)


def test_file_output_to_standard_output(gateway, peer):
    running = gateway(peer, files={"feed": {"path": "-"}})
    peer.ready().send(play.measurement(1), play.measurement(2))
    running.wait(lambda: len(running.stdout) >= 2, "two lines of the feed")
    records = [json.loads(line) for line in running.stdout]
    assert [(record["schema"], record["seq"]) for record in records] == [
        ("nmsp.rssi/1", 1), ("nmsp.rssi/1", 2)]


def test_each_output_has_its_own_mode(gateways, brokers, peer, subscribers):
    """Two brokers, one with records and one with batches, of the same three stations."""
    one, two = brokers(), brokers()
    gateways({"hq": controller_options(peer)},
             {"one": mqtt_options(one), "two": mqtt_options(two, publish="batch", prefix="b")})
    inboxes = subscribers(one), subscribers(two, protocol=3)
    peer.ready().send(cases.named("measurement", "many").stream)
    kinds = [[message for message in inbox.matching(lambda _: True) if message.kind == "rssi"]
             for inbox in inboxes if inbox.records(3, "rssi")]
    assert [len(messages) for messages in kinds] == [3, 1]
    assert kinds[1][0].topic == "b/gw1/hq/rssi"


def test_unknown_kind_can_be_switched_off(gateway, peer, subscriber):
    gateway(peer, gateway={"unknown": {"publish": False}}, allow=[ODD_INPUT])
    unknown = wire.frame(99, wire.tlv(0x0B00, b"\1"))
    peer.ready().send(unknown, play.measurement(1))
    subscriber.records(1, "rssi")
    assert not subscriber.matching(lambda message: message.kind == "unknown")


def test_long_unknown_is_truncated(gateway, peer, subscriber):
    gateway(peer, allow=[ODD_INPUT])
    peer.ready().send(wire.frame(99, wire.tlv(0x0B00, bytes(5000))))
    (record,) = subscriber.records(1, "unknown")
    assert record["truncated"] is True and len(record["bytes"]) == 2 * 4096

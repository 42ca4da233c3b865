# SPDX-License-Identifier: ISC
"""test_session.py: the life of a session, seen from the controller and from MQTT."""
import signal
import time

import pytest

import cases
import nmsp_wire as wire
import play
from gateway import EVERYTHING, HASTY, SEVEN

TROUBLE = r"hq"


def without_transaction(raw):
    return raw[:8] + raw[12:]


def test_subscribe_request_of_the_status_page(gateway, peer):
    """Byte for byte the vector's, but for the transaction."""
    gateway(peer, controller={"services": SEVEN})
    request = peer.ready().wait_frame(wire.SUBSCRIBE_REQUEST)
    wanted = cases.named("session", "subscribe request").stream
    assert len(request.raw) == 77 and request.transaction != 0
    assert without_transaction(request.raw) == without_transaction(wanted)


def test_intervals(gateway, peer):
    gateway(peer, controller={"services": ["rssi:client", "rssi:tag", "statistics:client"],
                              "intervals": ["rssi:client=5", "statistics:client=120"]})
    request = peer.ready().wait_frame(wire.SUBSCRIBE_REQUEST)
    assert request.services() == {1: {1: 5, 2: 0}, 4: {1: 120}}


def test_initial_requests_follow_the_subscription(gateway, peer):
    """One for each subscribed thing that can be asked for, each under its own transaction."""
    gateway(peer, controller={"services": EVERYTHING})
    session = peer.ready()
    asked = (wire.MEASUREMENT_REQUEST, wire.INFORMATION_REQUEST, wire.STATISTICS_REQUEST,
             wire.ATTACHMENT_REQUEST, wire.LOCATION_REQUEST, wire.AP_INFO_REQUEST)
    for message in asked:
        session.wait_frame(message)
    ids = [frame.id for frame in session.frames]
    assert all(ids.index(wire.SUBSCRIBE_REQUEST) < ids.index(message) for message in asked)
    transactions = [frame.transaction for frame in session.frames if frame.id in asked]
    assert len(set(transactions)) == len(transactions) and 0 not in transactions


def test_statistics_request_has_24_bytes(gateway, peer):
    gateway(peer, controller={"services": ["statistics:client"]})
    request = peer.ready().wait_frame(wire.STATISTICS_REQUEST)
    wanted = cases.named("session", "statistics request").stream
    assert without_transaction(request.raw) == without_transaction(wanted)


def test_nothing_is_asked_that_was_not_subscribed(gateway, peer, subscriber):
    gateway(peer, controller={"services": ["attachment:station"]})
    subscriber.state("hq", "subscribed")
    peer.ready().wait_frame(wire.ATTACHMENT_REQUEST)
    allowed = {wire.CAPABILITY, wire.SUBSCRIBE_REQUEST, wire.ATTACHMENT_REQUEST, wire.ECHO_REQUEST}
    assert {frame.id for frame in peer.ready().frames} <= allowed


def capability_document(subscriber, services):
    """The capability document in which this many things are granted."""
    found = subscriber.wait_for(
        lambda message: message.topic == "nmsp/gw1/hq/capability" and message.json
        and len(message.json.get("granted", [])) == services)
    return found[-1].json


def test_capability_document(gateway, peer, subscriber):
    gateway(peer)
    document = capability_document(subscriber, len(SEVEN))
    assert document["device"]["name"] == "wlc-hq"
    assert document["device"]["model"] == "C9800-L-F-K9"
    assert document["device"]["software"] == "17.12.4"
    assert set(document["subscribed"]) == set(document["granted"]) == set(SEVEN)
    assert set(SEVEN) < set(document["offered"])


def test_partial_grant(gateway, peer, subscriber):
    """What was not granted is told, and the rest goes on."""
    response = cases.named("session", "subscribe response, tag statistics").stream
    peer.reactions[wire.SUBSCRIBE_REQUEST] = lambda _connection, frame: (
        wire.with_transaction(response, frame.transaction))
    gateway(peer, allow=["grant"])
    document = capability_document(subscriber, len(SEVEN) - 1)
    assert set(document["subscribed"]) - set(document["granted"]) == {"statistics:tag"}
    subscriber.state("hq", "subscribed")
    peer.ready().send(play.measurement(1))
    assert subscriber.records(1, "rssi")


def test_only_what_is_offered_is_subscribed(gateway, peers, subscriber):
    peer = peers(greeting=wire.capability({1: (1,), 5: (1,)}))
    gateway(peer, allow=["offer"])
    request = peer.ready().wait_frame(wire.SUBSCRIBE_REQUEST)
    assert request.services() == {1: {1: 0}, 5: {1: 0}}
    subscriber.state("hq", "subscribed")


def test_capabilities_that_grow(gateway, peers, subscriber):
    """A controller that boots offers more later: the new services are subscribed, only those."""
    peer = peers(greeting=wire.capability({1: (1,)}))
    gateway(peer, controller={"services": ["rssi:client", "rssi:tag", "information:client"]},
            allow=["offer"])
    subscriber.state("hq", "subscribed")
    session = peer.ready()
    session.send(wire.capability({1: (1, 2), 3: (1,)}))
    second = session.wait_frame(wire.SUBSCRIBE_REQUEST, 2)
    assert second.services() == {1: {2: 0}, 3: {1: 0}}
    session.wait_frame(wire.INFORMATION_REQUEST)
    session.send(wire.capability({1: (1, 2), 3: (1,)}), play.measurement(1))
    subscriber.records(1, "rssi")
    assert len(session.of(wire.SUBSCRIBE_REQUEST)) == 2


def test_subscription_refused(gateway, peer, subscriber):
    peer.reactions[wire.SUBSCRIBE_REQUEST] = lambda _connection, frame: wire.frame(
        wire.SUBSCRIBE_RESPONSE, wire.status(2), transaction=frame.transaction)
    gateway(peer, allow=[TROUBLE])
    subscriber.wait_for(lambda message: message.topic == "nmsp/gw1/hq/state" and message.json
                        and "not granted" in message.json.get("reason", ""))
    assert not subscriber.matching(
        lambda message: message.json and message.json.get("state") == "subscribed")


def test_states_on_the_way(gateway, peer, subscriber):
    gateway(peer)
    document = subscriber.state("hq", "subscribed")
    states = [message.json["state"] for message in subscriber.matching(
        lambda message: message.topic == "nmsp/gw1/hq/state")]
    assert states[-1] == "subscribed"
    order = ["connecting", "authenticating", "subscribing", "subscribed"]
    assert [state for state in order if state in states] == [
        state for n, state in enumerate(states) if state not in states[:n]]
    assert play.moment(document["since"])


def test_echo_and_no_answer(gateway, peer, subscriber):
    """Echo requests at the configured pace; without answers the session is given up."""
    gateway(peer, controller={"echo_interval": 1, "echo_timeout": 2, **HASTY}, allow=[TROUBLE])
    session = peer.ready()
    session.wait_frame(wire.ECHO_REQUEST, 3)
    first, *_, last = [when for frame, when in zip(session.frames, session.arrived)
                       if frame.id == wire.ECHO_REQUEST]
    assert 1.5 < last - first < 3
    assert len({frame.transaction for frame in session.of(wire.ECHO_REQUEST)}) >= 3
    del peer.reactions[wire.ECHO_REQUEST]
    session.wait_end()
    assert subscriber.state("hq", "backoff")["reason"]
    peer.ready(2)
    subscriber.state("hq", "subscribed", 2)


@pytest.mark.slow
def test_echo_every_fifteen_seconds_dead_after_thirty(gateway, peer, subscriber):
    del peer.reactions[wire.ECHO_REQUEST]
    gateway(peer, allow=[TROUBLE])
    session = peer.ready()
    began = time.monotonic()
    session.wait_frame(wire.ECHO_REQUEST, timeout=20)
    assert 13 < time.monotonic() - began < 17
    session.wait_end(timeout=40)
    assert 28 < time.monotonic() - began < 50
    subscriber.state("hq", "backoff")


BROKEN = {
    "length below the header": bytes.fromhex("0100000f0000000d0000000000000100"),
    "length over the limit": bytes.fromhex("0100000f00040001000000000000"),
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_frame_ends_the_session(gateway, peer, subscriber, what):
    """What came before is published; then back-off, and a new session with a new id."""
    gateway(peer, controller=HASTY, allow=[TROUBLE])
    session = peer.ready()
    session.send(play.measurement(1) + BROKEN[what] + play.measurement(2))
    session.wait_end()
    assert subscriber.state("hq", "backoff")["reason"]
    peer.ready(2).send(play.measurement(3))
    first, second = subscriber.records(2, "rssi")
    assert first["session"] != second["session"]
    assert (first["seq"], second["seq"]) == (1, 1)
    assert (first["mac"][-2:], second["mac"][-2:]) == ("01", "03")


@pytest.mark.parametrize("ending", ["close", "reset", "cut in mid-frame"])
def test_controller_goes_away(gateway, peer, subscriber, ending):
    gateway(peer, controller=HASTY, allow=[TROUBLE])
    session = peer.ready()
    subscriber.state("hq", "subscribed")
    if ending.startswith("cut"):
        session.send(play.measurement(1)[:20])
    (session.reset if ending == "reset" else session.close)()
    document = subscriber.state("hq", "backoff")
    assert document["reason"] and document["retry_at"] > document["since"]
    peer.ready(2).send(play.measurement(2))
    assert subscriber.records(1, "rssi")[0]["mac"].endswith("02")


def test_malformed_message_does_not_end_the_session(gateway, peer, subscriber):
    gateway(peer, allow=["malformed|dropped|add up|hq"])
    session = peer.ready()
    for case in cases.load("malformed")[:3]:
        session.send(case.stream)
    session.send(play.measurement(9))
    records = subscriber.records(5, "rssi")
    assert {record["session"] for record in records} == {records[0]["session"]}
    assert len(peer.dials) == 1 and not session.ended


def test_back_off_is_polite(gateway, peers, subscriber):
    """Something that speaks no TLS is dialled ever more seldom; the state tells when next."""
    peer = peers(plain=b"SSH-2.0-OpenSSH_9.2\r\n")
    gateway(peer, controller={"backoff_min": 0.2, "backoff_max": 60}, allow=[TROUBLE])
    documents = [subscriber.state("hq", "backoff", count, timeout=30) for count in (1, 2, 3)]
    assert [document["attempt"] for document in documents] == [1, 2, 3]
    assert all(document["retry_at"] >= document["since"] for document in documents)
    waits = [later - earlier for earlier, later in zip(peer.dials, peer.dials[1:])]
    assert all(0.15 < wait < bound for wait, bound in zip(waits, (1, 2, 4, 8)))


def test_flapping_leads_to_quarantine(gateway, peers, subscriber):
    """A controller that takes every session and breaks it is left alone after a few."""
    peer = peers(greeting=b"\0" * 14)
    gateway(peer, controller=HASTY, allow=[TROUBLE])
    document = subscriber.state("hq", "quarantined", timeout=30)
    assert "row" in document["reason"]
    dials = len(peer.dials)
    assert 2 <= dials <= 10
    with pytest.raises(TimeoutError):
        peer.wait_dial(dials + 1, timeout=3)


def test_hosts_are_tried_in_order(gateway, peers, subscriber):
    """The port is the same for all; the first address has nobody on it."""
    peer = peers()
    gateway(peer, controller={"host": ["127.0.0.9", "127.0.0.1"]}, allow=[TROUBLE])
    subscriber.state("hq", "subscribed")


@pytest.mark.parametrize("host, address", [("::1", "::1"), ("localhost", "127.0.0.1")])
def test_ipv6_and_names(gateway, peers, subscriber, host, address):
    peer = peers(address=address)
    gateway(peer, controller={"host": host}, allow=[TROUBLE])
    subscriber.state("hq", "subscribed")


def test_stop_in_order(gateway, peer, subscriber):
    """SIGTERM: unsubscribe on the wire, goodbye on MQTT, exit 0, nothing lost on the way."""
    running = gateway(peer)
    subscriber.state("hq", "subscribed")
    session = peer.ready()
    for number in range(200):
        session.send(play.measurement(number))
    subscriber.records(1, "rssi")
    running.stop_in_order()
    request = session.wait_frame(wire.UNSUBSCRIBE_REQUEST)
    assert request.services() == {1: {1: 0, 2: 0}, 5: {1: 0}, 3: {1: 0}, 6: {1: 0}, 4: {1: 0, 2: 0}}
    session.wait_end()
    records = subscriber.records(200, "rssi")
    assert [record["seq"] for record in records] == list(range(1, 201))
    subscriber.wait_for(lambda message: message.topic == "nmsp/gw1/state"
                        and message.json["state"] == "offline", what="goodbye")


def test_interrupt_stops_it_too(gateway, peer, subscriber):
    running = gateway(peer)
    subscriber.state("hq", "subscribed")
    running.signal(signal.SIGINT)
    assert running.finish() == 0
    assert peer.ready().of(wire.UNSUBSCRIBE_REQUEST)


def test_clocks_that_are_apart_are_told(gateway, peer, subscriber):
    running = gateway(peer, allow=["clock"])
    subscriber.state("hq", "subscribed")
    ahead = int(time.time() * 1000) + 7_200_000
    peer.ready().send(wire.frame(wire.MEASUREMENT, wire.controller_time(ahead)))
    running.wait_line("controller's clock is 7[12][0-9]{2} s ahead")
    told = subscriber.wait_for(lambda one: one.topic == "nmsp/gw1/hq/state"
                               and "clock_skew_ms" in one.json)[0]
    assert abs(told.json["clock_skew_ms"] - 7_200_000) < 10_000
    peer.ready().send(wire.frame(wire.MEASUREMENT, wire.controller_time(int(time.time() * 1000))))
    running.wait_line("controller's clock is right again")

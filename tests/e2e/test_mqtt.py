# SPDX-License-Identifier: ISC
"""test_mqtt.py: the broker's side: sessions, retained topics, versions, security, outages."""
import json
import queue

import paho.mqtt.client as paho
import pytest

import broker as mqtt
import play
from commander import Commander
from gateway import SEVEN, controller_options, mqtt_options
from http_client import ask
from proc import BUILD, PATIENCE, free_port
from proxy import Proxy

STATE = "nmsp/gw1/state"
OUTAGE = [r"mqtt main"]
CONTENT_TYPE = "application/json"


def gateway_states(inbox):
    return [one.json for one in inbox.matching(lambda one: one.topic == STATE)]


def wait_gateway(inbox, online, count=1):
    """The count-th message that says that the gateway is online, or that it is not."""
    found = inbox.wait_for(
        lambda one: one.topic == STATE and one.json and (one.json["state"] == "online") == online,
        count, what=f"gateway online={online}")
    return found[-1]


def test_birth_and_goodbye(gateway, peer, subscriber):
    running = gateway(peer)
    birth = wait_gateway(subscriber, True).json
    assert birth["version"] and birth["session"] and play.moment(birth["ts"])
    subscriber.state("hq", "subscribed")
    running.stop_in_order()
    wait_gateway(subscriber, False)
    assert len(gateway_states(subscriber)) == 2


@pytest.mark.parametrize("protocol", [3, 5])
def test_will(gateway, peer, subscriber, subscribers, broker, protocol):
    """Killed without a word: the broker says so, and keeps it."""
    running = gateway(peer, main={"protocol": protocol})
    wait_gateway(subscriber, True)
    running.kill()
    will = wait_gateway(subscriber, False)
    assert will.json["state"] == "offline"
    late = subscribers(broker)
    kept = late.wait_for(lambda one: one.topic == STATE)[0]
    assert kept.retain and kept.json == will.json


def test_documents_of_a_removed_controller_are_cleared(gateway, peer, broker, subscribers):
    """What is retained of a controller that left the configuration goes; the rest stays."""
    gone = ["nmsp/gw1/old/state", "nmsp/gw1/old/capability"]
    kept = ["nmsp/gw2/old/state", "nmsp/gw1/hq/capability", "other/old/state"]
    before = subscribers(broker)
    for topic in gone + kept:
        before.client.publish(topic, b'{"state":"subscribed"}', qos=1, retain=True)
        before.wait_for(lambda one, topic=topic: one.topic == topic)
    gateway(peer)
    for topic in gone:
        before.wait_for(lambda one, topic=topic: one.topic == topic and not one.payload)
    before.state("hq", "subscribed")
    late = subscribers(broker)
    for topic in kept:
        late.wait_for(lambda one, topic=topic: one.topic == topic and one.retain)
    assert not late.matching(lambda one: one.topic in gone)


def test_retained_state_for_who_comes_late(gateway, peer, subscriber, subscribers, broker):
    gateway(peer)
    subscriber.state("hq", "subscribed")
    subscriber.wait_for(lambda one: one.topic == "nmsp/gw1/hq/capability"
                        and len(one.json.get("granted", [])) == len(SEVEN))
    peer.ready().send(play.measurement(1))
    subscriber.records(1, "rssi")
    late = subscribers(broker)
    topics = [STATE, "nmsp/gw1/info", "nmsp/gw1/hq/state", "nmsp/gw1/hq/capability"]
    for topic in topics:
        (found,) = late.wait_for(lambda one, topic=topic: one.topic == topic)
        assert found.retain and found.qos == 1
    assert not late.matching(lambda one: one.kind == "rssi"), "records are never retained"
    assert late.state("hq", "subscribed")


def test_info(gateway, peer, subscriber):
    gateway(peer)
    (info,) = subscriber.wait_for(lambda one: one.topic == "nmsp/gw1/info")
    text = json.dumps(info.json)
    assert info.json["version"] and "baseline" in text
    assert all(f"nmsp.{kind}/1" in text for kind in mqtt.RECORD_KINDS)
    assert "hq" in text and "rssi:client" in text


@pytest.mark.parametrize("protocol, qos", [(3, 0), (3, 1), (5, 0), (5, 1), (5, 2)])
def test_versions_and_qos(gateway, peer, broker, subscribers, protocol, qos):
    inbox = subscribers(broker, protocol=protocol, qos=2)
    gateway(peer, main={"protocol": protocol, "qos": qos})
    peer.ready().send(*(play.measurement(number) for number in range(300)))
    records = inbox.records(300, "rssi")
    assert [record["seq"] for record in records] == list(range(1, 301))
    message = inbox.matching(lambda one: one.kind == "rssi")[0]
    assert message.qos == qos and not message.retain
    if protocol == 5:
        assert message.properties.ContentType == CONTENT_TYPE
        assert not hasattr(message.properties, "MessageExpiryInterval")


def test_expiry(gateway, peer, subscriber):
    gateway(peer, main={"expiry": 120})
    peer.ready().send(play.measurement(1))
    (message,) = subscriber.wait_for(lambda one: one.kind == "rssi")
    assert 0 < message.properties.MessageExpiryInterval <= 120


@pytest.mark.parametrize("client_id, shown", [("", "nmsp2mqtt-gw1-main"), ("my-id", "my-id")])
def test_client_id(gateway, peer, broker, client_id, shown):
    gateway(peer, main={"client_id": client_id})
    broker.wait_line(rf"New client connected from \S+ as {shown} ")


def test_password(gateways, brokers, peer, subscribers, tmp_path):
    broker = brokers(user="gw", password="correct horse")
    secret = tmp_path / "password"
    secret.write_text("correct horse\n", encoding="ascii")
    secret.chmod(0o600)
    inbox = subscribers(broker)
    gateways({"hq": controller_options(peer)},
             {"main": mqtt_options(broker, username="gw", password_file=str(secret))})
    peer.ready().send(play.measurement(1))
    assert inbox.records(1, "rssi")


def test_wrong_password_is_told_and_the_rest_goes_on(gateways, brokers, peer, tmp_path):
    broker = brokers(user="gw", password="right")
    secret = tmp_path / "password"
    secret.write_text("battery staple\n", encoding="ascii")
    secret.chmod(0o600)
    running = gateways(
        {"hq": controller_options(peer)},
        {"main": mqtt_options(broker, username="gw", password_file=str(secret))},
        files={"feed": {"path": "-"}}, allow=OUTAGE)
    running.wait_line(r"mqtt main.*(uthori|refused|password)")
    assert not any("battery staple" in line for line in running.log)
    peer.ready().send(play.measurement(1))
    running.wait_line('"seq":1,', running.stdout)


def test_tls(gateways, brokers, peer, subscribers, certificates):
    broker = brokers(tls=certificates.broker, authority=certificates.authority)
    inbox = subscribers(broker)
    tls = {"ca_file": certificates.authority.certificate}
    gateways({"hq": controller_options(peer)}, {"main": mqtt_options(broker, tls=tls)})
    peer.ready().send(play.measurement(1))
    assert inbox.records(1, "rssi")


def test_tls_of_a_stranger(gateways, brokers, peer, certificates):
    """A broker whose certificate another made is not spoken to, unless verify is off."""
    broker = brokers(tls=certificates.broker, authority=certificates.authority)
    tls = {"ca_file": certificates.second.certificate}
    running = gateways({"hq": controller_options(peer)}, {"main": mqtt_options(broker, tls=tls)},
                       allow=OUTAGE)
    running.wait_line(r"(warning|error) mqtt main")
    assert not any("New client connected" in line for line in broker.process.stderr)
    running.stop_in_order()
    gateways({"hq": controller_options(peer)},
             {"main": mqtt_options(broker, tls={**tls, "verify": False})})
    broker.wait_line("New client connected")


def test_broker_comes_late(gateways, brokers, peer, subscribers):
    """What was received before the broker was there is not lost."""
    port = free_port()
    running = gateways({"hq": controller_options(peer)},
                       {"main": {"host": "127.0.0.1", "port": port}}, allow=OUTAGE)
    session = peer.ready()
    session.send(*(play.measurement(number) for number in range(50)))
    running.wait_line(r"mqtt main")
    broker = brokers(port=port)
    inbox = subscribers(broker)
    inbox.state("hq", "subscribed", timeout=40)
    session.send(play.measurement(50))
    inbox.wait_for(lambda one: one.kind == "rssi" and one.json["seq"] == 51, timeout=40)
    wait_gateway(inbox, True)


def test_broker_restarts(gateway, peer, broker, subscriber):
    """After an outage: birth and state table again, and every record of the outage once."""
    gateway(peer, allow=OUTAGE)
    subscriber.state("hq", "subscribed")
    session = peer.ready()
    session.send(play.measurement(1))
    subscriber.records(1, "rssi")
    births = len([state for state in gateway_states(subscriber) if state["state"] == "online"])
    broker.stop()
    session.send(*(play.measurement(number) for number in range(2, 40)))
    broker.start()
    wait_gateway(subscriber, True, births + 1)
    subscriber.wait_for(lambda one: one.topic == "nmsp/gw1/hq/state"
                        and one.json["state"] == "subscribed", 2, timeout=40)
    session.send(play.measurement(40))
    last = subscriber.wait_for(lambda one: one.kind == "rssi" and one.json["seq"] == 40, timeout=40)
    assert last and len(peer.dials) == 1, "an outage of the broker is no matter of the controller's"


def test_controller_state_follows(gateway, peer, subscriber, subscribers, broker):
    """The retained state is that of now: back-off while the controller is away."""
    gateway(peer, controller={"backoff_min": 30, "backoff_max": 60}, allow=[r"hq"])
    subscriber.state("hq", "subscribed")
    peer.stop()
    document = subscriber.state("hq", "backoff")
    assert document["attempt"] >= 1 and document["reason"]
    late = subscribers(broker)
    assert late.state("hq", "backoff") == document


def resident_kib(process):
    with open(f"/proc/{process.child.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


@pytest.mark.slow
def test_a_flood_without_a_broker_has_a_bound(gateways, peer):
    """Records for a broker that is not there fill its queue and no more; the file gets all."""
    running = gateways(
        {"hq": controller_options(peer)},
        {"main": {"host": "127.0.0.1", "port": free_port(), "queue_size": "1M"}},
        files={"feed": {"path": "-"}}, allow=OUTAGE)
    chunk = b"".join(play.measurement(number) for number in range(1000))
    peer.ready().send(*[chunk] * 100, play.measurement(0xABCDEF))
    running.wait(lambda: running.stdout and "00:11:22:ab:cd:ef" in running.stdout[-1],
                 "last record in the feed", timeout=60)
    assert json.loads(running.stdout[-1])["seq"] == len(running.stdout) == 100_001
    # Sanitizers keep what was freed for a while.
    assert resident_kib(running) < (400 if "sanitize" in BUILD.name else 100) * 1024


def test_brokers_are_tried_in_order(gateways, brokers, peer, subscribers):
    """The first that lets the gateway in; back to the first when that one goes."""
    first, second = brokers(), brokers()
    first.stop()
    running = gateways(
        {"hq": controller_options(peer)},
        {"main": {"host": [f"{one.host}:{one.port}" for one in (first, second)]}},
        allow=OUTAGE)
    running.wait_line(f"connected to {second.host}:{second.port}")
    subscribers(second).state("hq", "subscribed")
    first.start()
    second.stop()
    running.wait_line(f"connected to {first.host}:{first.port}", timeout=30)
    inbox = subscribers(first)
    inbox.state("hq", "subscribed")
    peer.ready().send(play.measurement(1))
    inbox.records(1, "rssi")


def test_an_earlier_process_at_another_broker_is_no_rival(gateways, brokers, peer, subscribers):
    first, second = brokers(), brokers()
    inbox = subscribers(second)
    inbox.client.publish(
        STATE, b'{"state":"offline","reason":"connection lost","session":"00000001"}', 1, True)
    inbox.wait_for(lambda one: one.topic == STATE)
    running = gateways(
        {"hq": controller_options(peer)},
        {"main": {"host": [f"{one.host}:{one.port}" for one in (first, second)]}},
        allow=OUTAGE)
    running.wait_line(f"connected to {first.host}:{first.port}")
    first.stop()
    inbox.state("hq", "subscribed")
    running.stop_in_order()
    assert not any("another gateway" in line for line in running.log)


def test_two_gateways_of_one_client_id(gateways, broker, peers, subscribers):
    """Each takes the connection from the other: both say so, one waits, and comes when it can."""
    pair = {}
    for _ in range(2):
        port = free_port()
        running = gateways({"hq": controller_options(peers())},
                           {"main": mqtt_options(broker, backoff_max=3)}, allow=["mqtt main"],
                           http={"port": port})
        running.wait_line("connected to")
        pair[ask(port, "/api/v1/status").json["gateway"]["session"]] = running
    second, first = (pair[session] for session in sorted(pair))
    for one in (first, second):
        one.wait_line("error mqtt main: another gateway publishes as gw1")
    second.wait_line("lost: another gateway has our client id")
    dials = [line for one in pair.values() for line in one.log if "connected to" in line]
    assert len(dials) <= 8
    inbox = subscribers(broker)
    inbox.wait_for(lambda one: one.topic == STATE and one.json["state"] == "online"
                   and pair[one.json["session"]] is first)
    first.stop_in_order()
    assert not any("has our client id" in line for line in first.log)
    late = subscribers(broker)
    late.wait_for(lambda one: one.topic == STATE and one.json["state"] == "online"
                   and pair[one.json["session"]] is second)


def test_a_second_gateway_with_another_client_id_is_told(gateways, broker, peers):
    one = gateways({"hq": controller_options(peers())}, {"main": mqtt_options(broker)},
                   allow=["another gateway"])
    one.wait_line("connected to")
    two = gateways({"hq": controller_options(peers())},
                   {"main": mqtt_options(broker, client_id="other")}, allow=["another gateway"])
    two.wait_line("connected to")
    one.wait_line("another gateway publishes as gw1, perhaps with client id nmsp2mqtt-gw1-main")


def test_what_a_second_gateway_has_is_not_cleared(gateways, broker, peers, subscribers):
    """The state of a controller that another gateway of our name has stays."""
    told = [r"another gateway"]
    gateways({"other": controller_options(peers())}, {"main": mqtt_options(broker)}, allow=told)
    inbox = subscribers(broker)
    inbox.state("other", "subscribed")
    running = gateways({"hq": controller_options(peers())},
                       {"main": mqtt_options(broker, client_id="second")}, allow=told)
    inbox.state("hq", "subscribed")
    assert not inbox.matching(lambda one: "/other/" in one.topic and not one.payload)
    assert not any("clears" in line for line in running.log)


AWAY = {"session_expiry": 60, "backoff_min": 0.1, "commands": True}
CLIENT = "nmsp2mqtt-gw1-main"


def test_a_session_is_resumed_within_its_time(gateway, peer, broker, subscribers):
    """A command that was sent while the connection was away is carried out afterwards."""
    link = Proxy(broker.host, broker.port)
    running = gateway(peer, main={"host": link.host, "port": link.port, **AWAY},
                      allow=["mqtt main"])
    commander = subscribers(broker, Commander)
    broker.wait_line(rf"New client connected from \S+ as {CLIENT} \(p5, c1,")
    running.wait_line("takes commands")
    link.refuse()
    link.cut()
    running.wait_line(r"mqtt main: cannot connect")
    commander.send("status", {})
    broker.wait_line("Received PUBLISH from .*nmsp/gw1/command/status")
    link.listen()
    commander.wait_for(lambda one: one.topic == "nmsp/gw1/response/status" and one.json["ok"])
    broker.wait_line(rf"New client connected from \S+ as {CLIENT} \(p5, c0,")
    running.stop_in_order()
    link.stop()


def session_present(broker):
    """Whether the broker has a session of the gateway, which the question ends."""
    told = queue.Queue()
    client = paho.Client(CLIENT, protocol=paho.MQTTv5)
    client.on_connect = lambda _client, _user, flags, *_: told.put(flags["session present"])
    client.connect(broker.host, broker.port, clean_start=False)
    client.loop_start()
    try:
        return bool(told.get(timeout=PATIENCE))
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("expiry, killed", [(60, False), (60, True), (0, True)])
def test_the_end_of_a_session(gateway, peer, broker, expiry, killed):
    """The gateway's end in order ends it too; a kill does not."""
    running = gateway(peer, main={**AWAY, "session_expiry": expiry})
    running.wait_line("takes commands")
    if killed:
        running.kill()
    else:
        running.stop_in_order()
    broker.wait_line(rf"Client {CLIENT} (closed its connection|disconnected)")
    assert session_present(broker) == (expiry > 0 and killed)


def test_a_new_process_begins_a_new_session(gateway, peer, broker):
    for _ in range(2):
        running = gateway(peer, main=AWAY)
        running.wait_line("takes commands")
        running.kill()
    connects = [line for line in broker.process.stderr if f"as {CLIENT} (" in line]
    assert len(connects) == 2 and all("(p5, c1," in line for line in connects)

# SPDX-License-Identifier: ISC
"""cases_broker.py: what can happen to the broker, and to the link to it."""
import signal

import nmsp_wire as wire
from proc import PATIENCE

# MQTT 5: CONNACK, server unavailable; DISCONNECT, session taken over.
REFUSAL, TAKEN_OVER = bytes.fromhex("2003008800"), bytes.fromhex("e0028e00")
NOT_TLS = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def some(scene, count=100, kind="rssi"):
    """Records that arrive, so that everything works before and after."""
    scene.send(count, kind)
    scene.wait_got(kind)


def wait_echoes(scene, count):
    """So many seconds, by the echoes."""
    session = scene.peer.sessions[-1]
    session.wait_frame(wire.ECHO_REQUEST, len(session.of(wire.ECHO_REQUEST)) + count)


def nothing(scene):
    scene.start()
    some(scene)


def killed(scene):
    scene.start()
    some(scene)
    scene.kill_broker()
    scene.send(100)
    scene.wait_broken()
    scene.send(100)
    scene.broker.start()
    scene.wait_got()


def killed_in_a_burst(scene):
    """What the broker acknowledged and had not passed on dies with it: little, as it is slow."""
    scene.start_broker()
    scene.link.up.rate = 200_000
    scene.start()
    scene.broker.save()
    scene.send(2000)
    scene.wait_got(count=500)
    scene.broker.stop()
    scene.wait_broken()
    scene.broker.start()
    scene.wait_read()
    before = scene.feeder.number
    scene.send(10)
    scene.ledger.wait(lambda: max(scene.read_ledger().unique["rssi"]) > before + 9, "the last", 60)


def stopped_in_order(scene):
    scene.start()
    some(scene)
    scene.send(1000)
    scene.broker.stop_in_order()
    scene.wait_broken()
    scene.send(100)
    scene.broker.start()
    scene.wait_got()


def stopped_for_ten_seconds(scene):
    """SIGSTOP: connections stay, nothing moves."""
    scene.start()
    some(scene)
    scene.broker.process.signal(signal.SIGSTOP)
    try:
        scene.send(100)
        scene.wait_broken()
        wait_echoes(scene, 7)
    finally:
        scene.broker.process.signal(signal.SIGCONT)
    scene.send(100)
    scene.wait_got()


def says_nothing(scene):
    scene.start()
    some(scene)
    scene.link.mute = True
    scene.link.cut()
    scene.send(100)
    scene.gateway.wait_line("no answer within", timeout=30)
    scene.link.heal()
    scene.link.cut()
    scene.wait_got()


def refuses_connack(scene):
    scene.start()
    some(scene)
    scene.link.greeting = REFUSAL
    scene.link.cut()
    scene.send(100)
    scene.gateway.wait_line("refused by the broker: server unavailable")
    scene.link.heal()
    scene.wait_got()


def tls_garbage(scene):
    """Something that speaks no TLS answers in the broker's place for a while."""
    authority = scene.certificates.authority
    scene.start(broker={"tls": scene.certificates.broker, "authority": authority},
                main={"tls": {"ca_file": authority.certificate}})
    some(scene)
    scene.link.greeting = NOT_TLS
    scene.link.cut()
    scene.send(100)
    scene.gateway.wait_line("cannot connect")
    scene.link.heal()
    scene.link.cut()
    scene.wait_got()


def cut_in_a_publish(scene):
    scene.start()
    some(scene)
    scene.link.cut_after(scene.link.up, 10_100)
    scene.send(500)
    scene.wait_broken()
    scene.wait_got()


def half_open(scene):
    scene.start()
    some(scene)
    scene.link.hold()
    scene.send(200)
    scene.wait_broken()
    scene.link.heal()
    scene.wait_got()


def keepalive_lost(scene):
    """Nothing to send: the pings find out."""
    scene.start(gateway={"health_interval": 3600})
    some(scene)
    scene.link.hold()
    scene.wait_broken(timeout=20)
    scene.link.heal()
    some(scene)


def slow_link(scene):
    scene.start_broker()
    scene.link.up.rate = scene.link.down.rate = 40_000
    scene.start()
    scene.send(300)
    scene.wait_got()


def delayed_link(scene):
    scene.start_broker()
    scene.link.up.delay = scene.link.down.delay = 0.1
    scene.start()
    scene.send(300)
    scene.wait_got()


def link_flaps(scene):
    scene.start()
    for _ in range(4):
        dials = len(scene.link.dials)
        scene.send(300)
        scene.wait_got(count=scene.feeder.number - 299)
        scene.link.cut()
        scene.link.wait_dial(dials + 1, 30)
    scene.wait_got()


def _forbidding(scene):
    path = scene.folder / "acl"
    path.write_text("topic readwrite #\ntopic deny nmsp/gw1/hq/statistics\n", encoding="ascii")
    return {"extra": [f"acl_file {path}"]}


def forbidden_topic(scene):
    """MQTT 5: the acknowledgement says so."""
    scene.start(broker=_forbidding(scene))
    scene.send(50, "statistics")
    some(scene)


def forbidden_topic_silently(scene):
    """MQTT 3.1.1: acknowledged like any other, so the counters cannot know."""
    scene.start(broker=_forbidding(scene), main={"protocol": 3})
    scene.send(50, "statistics")
    some(scene)


def too_large(scene):
    scene.start(broker={"extra": ["max_packet_size 4000"]})
    some(scene, 10)
    scene.send(2, readings=100)
    scene.send(10)
    scene.wait_got(count=20)


def too_large_untold(scene):
    """MQTT 3.1.1: the broker just hangs up, again and again, until the cause is found."""
    scene.start(broker={"extra": ["max_packet_size 4000"]}, main={"protocol": 3})
    some(scene, 10)
    scene.send(1, readings=100)
    scene.send(10)
    scene.wait_got(count=20, timeout=90)


def receive_maximum_of_one(scene):
    scene.start(broker={"extra": ["max_inflight_messages 1"]})
    some(scene, 500)


def away_from_the_start(scene):
    scene.start_broker()
    scene.link.refuse()
    scene.start()
    scene.send(200)
    scene.wait_broken()
    scene.wait_read()
    scene.link.heal()
    scene.wait_got()


def keep_away(scene):
    """The broker goes, and 100 records come."""
    scene.link.refuse()
    scene.link.cut()
    scene.wait_broken()
    scene.send(100)
    scene.wait_read()


def _held(scene, **main):
    """What waits while the broker is away is what the output counts that it holds."""
    scene.start_broker()
    scene.start(main=main, mqtts=scene.side())
    some(scene)
    keep_away(scene)
    held = scene.wait_held(100, 200)["main"]
    scene.link.heal()
    scene.wait_got()
    return held


def held_in_memory(scene):
    held = _held(scene)
    assert held.queue >= 100 and held.spool == 0


def held_in_batches(scene):
    held = _held(scene, publish="batch")
    assert held.queue >= 100 and held.spool == 0


def held_on_disk(scene):
    held = _held(scene, spool={"path": scene.folder / "spool"})
    assert held.queue == 0 and held.spool >= 100


def store_lost(scene):
    """The broker comes back empty: retained state is there again, and what waited."""
    scene.start()
    some(scene)
    scene.link.refuse()
    scene.broker.stop()
    scene.broker.store.unlink()
    scene.send(100)
    subscribed = scene.ledger.subscribed
    scene.broker.start()
    scene.ledger.wait(lambda: scene.ledger.subscribed > subscribed, "SUBACK", PATIENCE)
    scene.link.heal()
    scene.wait_got()
    late = scene.late_subscriber()
    for what in ("state", "info", "hq/state", "hq/capability"):
        late.wait_for(lambda one, what=what: one.topic == f"nmsp/gw1/{what}" and one.retain)


def second_gateway(scene):
    """Another daemon under the same client id: each takes the session from the other, ever less
    often. mosquitto 2.0.11 does not say why it hangs up."""
    scene.start(main={"client_id": "one-for-two"})
    some(scene)
    dials = len(scene.link.dials)
    second = scene.second_gateway(client_id="one-for-two")
    scene.wait_broken()
    scene.send(100)
    wait_echoes(scene, 8)
    assert len(scene.link.dials) - dials <= 5, "fights over the session"
    second.stop_in_order()
    scene.wait_got(timeout=90)


def taken_over(scene):
    """A broker that says that the session was taken over: told, and left to the other."""
    scene.start()
    some(scene)
    dials = len(scene.link.dials)
    scene.link.say(TAKEN_OVER)
    scene.gateway.wait_line("error mqtt main.*another client has connected with our client id")
    scene.send(100)
    scene.wait_read()
    wait_echoes(scene, 3)
    assert len(scene.link.dials) == dials, "fights over the session"

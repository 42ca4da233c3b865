# SPDX-License-Identifier: ISC
"""cases_controller.py: what can happen to a controller, to its link, and to what it says."""
import time

import nmsp_wire as wire
import play
from cases_broker import some

NOT_TLS = b"SSH-2.0-OpenSSH_9.2\r\n"
SLACK = 0.02  # s that a time may be measured short


def next_session(scene, count):
    scene.ready(count)
    some(scene)


def next_session_after_loss(scene, before, count=2):
    """The count-th session and its records, on top of so many that came through before."""
    scene.ready(count)
    scene.send(100)
    scene.wait_got(count=before + 100)


def cut_in_a_frame(scene):
    """The half of a record counts for nothing."""
    scene.start()
    some(scene)
    session = scene.ready()
    session.send(scene.feeder.frames(50)[:-20])
    session.close()
    next_session_after_loss(scene, 149)


def half_open(scene):
    """Neither side hears of the other: the echoes find out. What was sent meanwhile is lost."""
    scene.start()
    some(scene)
    scene.wire.hold()
    scene.send(50)
    scene.gateway.wait_line("no answer to echo requests", timeout=20)
    scene.wire.heal()
    next_session_after_loss(scene, 100)


def cut(scene):
    scene.start()
    some(scene)
    scene.wire.cut()
    next_session(scene, 2)


def silent(scene):
    scene.start(controller={"stall_timeout": 2})
    some(scene)
    scene.ledger.state("hq", "stalled")
    some(scene)
    scene.ledger.state("hq", "subscribed", 2)
    assert len(scene.wire.dials) == 1


def capability_withdrawn(scene):
    """Statistics go and come back: subscribed again, and the rest never stops."""
    scene.start()
    some(scene)
    session = scene.ready()
    session.send(wire.capability({1: (1,)}))
    some(scene)
    session.send(wire.capability())
    some(scene)
    some(scene, 50, "statistics")
    assert len(scene.wire.dials) == 1


def capability_flaps(scene):
    scene.start()
    session = scene.ready()
    for _ in range(50):
        session.send(wire.capability({1: (1,)}), wire.capability())
        scene.send(2)
    scene.wait_got()
    some(scene, 50, "statistics")
    assert len(session.of(wire.SUBSCRIBE_REQUEST)) <= 51 and len(scene.wire.dials) == 1


def certificate_changed(scene):
    """tofu: not a record of somebody else; back with the old certificate after the quarantine."""
    scene.start(controller={"quarantine": 3})
    some(scene)
    scene.peer.use(scene.certificates.second)
    scene.wire.cut()
    scene.ledger.state("hq", "quarantined")
    assert len(scene.peer.sessions) == 1
    scene.peer.use(scene.certificates.first)
    next_session(scene, 2)
    dials = scene.wire.dials
    assert dials[2] - dials[1] >= 3 - SLACK


def clock_hours_off(scene):
    """Told, and records arrive all the same, with the controller's time as their ts."""
    scene.start()
    hours = 7 * 3600  # behind
    now = int((time.time() - hours) * 1000)
    session = scene.ready()
    body = wire.controller_time(now)
    frame = scene.feeder.frames(1)
    session.send(wire.frame(wire.MEASUREMENT, body, frame[wire.HEADER.size:]))
    some(scene)
    _, record = scene.book.got["rssi"][0]
    skew = play.moment(record["received_at"]) - play.moment(record["ts"])
    assert abs(skew.total_seconds() - hours) < 60
    scene.gateway.wait_line("warning session hq.*clock is 252.. s behind")
    scene.ledger.wait_for(lambda one: one.topic == "nmsp/gw1/hq/state"
                          and abs(one.json.get("clock_skew_ms", 0) / 1000 + hours) < 60)


def refusing(scene):
    """Nobody listens for a while."""
    scene.start()
    some(scene)
    scene.wire.refuse()
    scene.wire.cut()
    scene.ledger.state("hq", "backoff", 2)
    scene.wire.heal()
    next_session(scene, 2)


def speaks_something_else(scene):
    scene.start()
    some(scene)
    scene.wire.greeting = NOT_TLS
    scene.wire.cut()
    scene.wire.wait_dial(6, 30)
    scene.wire.heal()
    next_session(scene, 2)
    check_dials(scene.wire.dials, 0.1)


def check_dials(dials, least):
    """Prints how long it took from dial to dial, and asserts the shortest."""
    waits = [later - earlier for earlier, later in zip(dials, dials[1:])]
    for bucket in sorted({round(wait, 1) for wait in waits}):
        print(f"{bucket:6.1f} s {'#' * sum(round(wait, 1) == bucket for wait in waits)}")
    assert min(waits) >= least - SLACK, waits


def rebooting_in_a_loop(scene):
    """Every session breaks at once: quarantine after the fifth, and no dial before its time."""
    scene.start(controller={"backoff_min": 0.2, "backoff_max": 2, "quarantine": 4})
    for count in range(1, 6):
        session = scene.ready(count)
        scene.feeder.send(20, session=session)
        session.reset()
    scene.ledger.state("hq", "quarantined")
    next_session_after_loss(scene, 0, 6)
    check_dials(scene.wire.dials, 0.2)
    assert scene.wire.dials[5] - scene.wire.dials[4] >= 4 - SLACK


def byte_drip(scene):
    scene.start()
    scene.ready().send_bytewise(scene.feeder.frames(30))
    scene.wait_got()


def slow_link(scene):
    scene.start_broker()
    scene.wire.down.rate = 20_000
    scene.start()
    some(scene, 1000)


def burst(scene):
    """100,000 records as fast as the controller can."""
    scene.start()
    for _ in range(100):
        scene.send(1000)
    scene.wait_got(timeout=120)


def burst_slow_broker(scene):
    """As many for a broker that takes a tenth of them in time: echoes are on time all the same."""
    scene.start(main={"queue_size": "1M"})
    scene.link.up.rate = 400_000
    scene.link.cut()
    for _ in range(50):
        scene.send(1000)
    scene.wait_read()
    last = scene.feeder.number
    scene.ledger.wait(lambda: last in scene.read_ledger().unique["rssi"], "the last record", 60)


def malformed_among_good(scene):
    """Each bad one is told as unknown, and costs no good one."""
    scene.start(gateway={"unknown": {"rate": 1000}})
    session = scene.ready()
    for _ in range(50):
        session.send(wire.frame(wire.MEASUREMENT, wire.tlv(0x0100, b"\1\2\3")))
        scene.send(2)
    scene.wait_got()

    def after():
        unknown = scene.account("main", "unknown")
        assert (unknown.received, unknown.published) == (50, 50)
        assert len(scene.read_ledger().got["unknown"]) == 50
    return after


def unknown_flood(scene):
    """The limit holds back most; they are counted as filtered, and seq shows the gap."""
    scene.start()
    session = scene.ready()
    session.send(*(wire.frame(99, wire.tlv(0x0b00, b"?")) for _ in range(2000)))
    some(scene)

    def after():
        unknown = scene.account("main", "unknown")
        assert unknown.received == 2000 == unknown.published + unknown.filtered
        assert 10 <= unknown.published <= 100
        got = scene.read_ledger().got["unknown"]
        assert len(got) == unknown.published and not unknown.dropped
    return after


def impossible_length(scene):
    """The session ends there; what follows in it is lost."""
    scene.start()
    some(scene)
    session = scene.ready()
    session.send(bytes.fromhex("0100000f00040001000000000000"))
    scene.feeder.send(10, session=session)
    next_session_after_loss(scene, 100)

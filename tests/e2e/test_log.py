# SPDX-License-Identifier: ISC
"""test_log.py: the log's targets, formats, levels and limits, and the trace of one controller."""
import json
import re
import signal
import socket
import time

import pytest

import nmsp_wire as wire
import play
from gateway import controller_options, mqtt_options, section
from proc import PATIENCE


def wait_for_file(path):
    """Until there is something in a file that another process writes."""
    end = time.monotonic() + PATIENCE
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < end, f"nothing in {path}"
        time.sleep(0.005)


def objects(path):
    """The lines of a log in JSON."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_file_in_json_moved_and_opened_anew(gateway, peer, subscriber, tmp_path):
    path, moved = tmp_path / "daemon.log", tmp_path / "daemon.log.1"
    running = gateway(peer, log={"target": "file", "path": path, "format": "json"})
    subscriber.state("hq", "subscribed")
    path.rename(moved)
    running.signal(signal.SIGHUP)
    wait_for_file(path)
    running.stop_in_order()
    before, after = objects(moved), objects(path)
    assert {"subsystem": "session", "subject": "hq", "level": "info"}.items() <= next(
        line for line in before if line["message"].startswith("subscribed: ")).items()
    assert after[0]["message"] == "Hangup: opened the log anew"
    assert any(line["message"] == "Terminated: stopping" for line in after)
    assert all(play.moment(line["ts"]) and line["message"] for line in before + after)
    assert path.stat().st_mode & 0o777 == 0o640
    assert not running.stderr


def test_a_file_that_cannot_be_opened(gateway, peer, subscriber, tmp_path):
    """The folder goes away, which a reload would not accept either: it goes on to stderr."""
    folder = tmp_path / "logs"
    folder.mkdir()
    running = gateway(peer, log={"target": "file", "path": folder / "log"},
                      allow=["error log: cannot open", "error reload: .*(no directory|stays)"])
    subscriber.state("hq", "subscribed")
    (folder / "log").unlink()
    folder.rmdir()
    running.signal(signal.SIGHUP)
    running.wait_line(r"error log: cannot open \S*/log: No such file or directory; goes on to st")
    running.wait_line("info gateway: Hangup: opened the log anew")


def test_another_target_by_reload(gateway, peer, subscriber, state_dir):
    """From standard error to a file, where it may write, and back."""
    path = state_dir / "daemon.log"
    running = gateway(peer)
    subscriber.state("hq", "subscribed")
    before = running.config.read_text(encoding="utf-8")
    running.config.write_text(before + section("log", None, {"target": "file", "path": path}) +
                              "\n", encoding="utf-8")
    running.signal(signal.SIGHUP)
    wait_for_file(path)
    running.config.write_text(before, encoding="utf-8")
    running.signal(signal.SIGHUP)
    running.wait_line("info reload log: target, path: updated")
    assert "info reload log: target, path: updated" in path.read_text(encoding="utf-8")
    running.stop_in_order()
    assert "stopping" not in path.read_text(encoding="utf-8")


@pytest.fixture
def system_log(tmp_path):
    """The socket of a system's log."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "devlog"))
        made.settimeout(PATIENCE)
        yield made


def test_syslog(gateway, peer, tmp_path, system_log):
    running = gateway(peer, log={"target": "syslog", "path": tmp_path / "devlog",
                                 "facility": "local3"})
    lines = []
    while not lines or "subscribed: receives" not in lines[-1]:
        lines.append(system_log.recv(8192).decode("utf-8"))
    head = rf"<158>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d nmsp2mqtt\[{running.child.pid}\]: info "
    assert all(re.match(head, line) for line in lines)
    assert re.match(head + "session hq: subscribed: receives ", lines[-1])
    running.stop_in_order()
    assert not running.stderr


def test_levels_of_subsystems(gateway, peer, subscriber):
    running = gateway(peer, log={"level": "error", "levels": ["mqtt=debug", "session hq=info"]})
    subscriber.state("hq", "subscribed")
    running.stop_in_order()
    lines = [line.split(" ", 1)[1] for line in running.stderr]
    assert any(line.startswith("info session hq: subscribed: ") for line in lines)
    assert any(line.startswith("info mqtt main: connected to ") for line in lines)
    assert all(re.match("(info|debug) (session hq|mqtt main): ", line) for line in lines)


def test_verbose(gateway, peer, subscriber, tmp_path):
    running = gateway(peer, log={"target": "file", "path": tmp_path / "log"}, options=["-v"])
    subscriber.state("hq", "subscribed")
    running.wait_line("debug tls hq: TLS state: ")
    assert not (tmp_path / "log").exists()


# What the trace of a controller tells, in this order.
TRACE = [
    r"session hq: connecting: dialling",
    r"session hq: connects to 127\.0\.0\.1 port \d+",
    r"tls hq: TLS state: SSLv3/TLS write client hello",
    r"tls hq: the controller's certificate: CN = wlc-first; issuer .*; valid from 20.*; "
    r"SHA-256 \w{64}",
    r"tls hq: trusts it, with verify = tofu",
    r"tls hq: offers our certificate: O = nmsp2mqtt, CN = 02005e100001; SHA-1 key hash \w{40}, "
    r"SHA-2 key hash \w{64}",
    r"tls hq: TLS state: SSLv3/TLS write finished",
    r"session hq: TLS established: TLSv1\.3 ",
    r"session hq: sends capability_notification, \d+ bytes",
    r"session hq: receives capability_notification, \d+ bytes",
    r"session hq: authorised: the controller answers",
    r"session hq: sends service_subscribe_request, 77 bytes",
    r'session hq: the controller is "wlc-hq", model "C9800-L-F-K9", software "17\.12\.4"',
    r"session hq: offered, of what is wanted: rssi:client, ",
    r"session hq: asked for: rssi:client, ",
    r"session hq: receives service_subscribe_response, 19 bytes",
    r"session hq: granted: rssi:client, ",
    r"session hq: sends measurement_request, ",
    r"session hq: receives measurement_notification, ",
]


def test_trace_of_one_controller(gateways, peers, broker, subscriber):
    hq, lab = peers(), peers()
    running = gateways({"hq": controller_options(hq), "lab": controller_options(lab)},
                       {"main": mqtt_options(broker)}, log={"trace": ["hq"]})
    subscriber.state("lab", "subscribed")
    hq.ready().send(play.measurement(1))
    subscriber.records(1, "rssi")
    running.stop_in_order()
    lines = iter(running.stderr)
    for pattern in TRACE:
        assert any(re.search(f"Z (debug|info) {pattern}", line) for line in lines), pattern
    assert not [line for line in running.stderr if " debug " in line and " hq: " not in line]


def test_trace_of_a_refusal(gateway, sims, subscriber):
    sim = sims("--allow", "02:00:00:00:00:99=" + 64 * "0")
    running = gateway(sim, allow=["session hq"], log={"trace": ["hq"]})
    subscriber.state("hq", "quarantined")
    running.wait_line("debug tls hq: offers our certificate: ")
    running.wait_line("debug tls hq: received alert 46, certificate unknown")


def test_flood_is_held_back(gateway, peer, subscriber):
    """A clock that jumps with every message."""
    running = gateway(peer, allow=["clock"])
    subscriber.state("hq", "subscribed")
    now = int(time.time() * 1000)
    for number in range(200):
        peer.ready().send(wire.frame(wire.MEASUREMENT, wire.controller_time(
            now if number % 2 else now + 7_200_000)))
    peer.ready().send(play.measurement(1))
    subscriber.records(1, "rssi")
    running.stop_in_order()
    assert len([line for line in running.stderr if "clock is right again" in line]) == 20
    assert 20 <= len([line for line in running.stderr if " ahead: check NTP" in line]) <= 21


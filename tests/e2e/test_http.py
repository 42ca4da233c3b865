# SPDX-License-Identifier: ISC
"""test_http.py: the gateway's own HTTP: status, health, live records, over TCP and the control
socket, and what clients cannot do to it."""
import os
import select
import signal
import socket
import stat
import threading
import time

import pytest

import daemon_http
import gateway as daemon
import nmsp_wire as wire
import play
import schemas
from gateway import HASTY, SEVEN
from http_client import Tail, ask, until
from proc import NMSP2MQTT, Process, free_port

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@pytest.fixture
def running(gateway, peer, subscriber, state_dir):
    """A subscribed daemon that serves HTTP: its port, its control socket, the session."""
    return daemon_http.Running(gateway, peer, subscriber, state_dir)


# Status.

def test_status_fits_its_schema(running):
    validator = schemas.strict("status")
    running.send(play.measurement(1), wire.frame(99))
    for where in (running.port, running.control):
        reply = ask(where, "/api/v1/status")
        assert reply.status == 200
        validator.validate(reply.json)


def test_status_of_a_session(running):
    running.send(play.measurement(1), play.measurement(2))
    status = ask(running.port, "/api/v1/status?controller=hq").json
    (hq,) = status["controllers"]
    assert status["gateway"]["name"] == "gw1" and status["gateway"]["pid"] == running.pid
    assert (hq["state"], hq["address"], hq["port"]) == ("subscribed", "127.0.0.1",
                                                       running.peer.port)
    assert hq["device"] == {"name": "wlc-hq", "model": "C9800-L-F-K9", "software": "17.12.4",
                            "address": "10.0.0.5", **{k: v for k, v in hq["device"].items()
                                                      if k == "mac"}}
    assert hq["tls"]["description"].startswith("TLSv1")
    assert hq["records"]["rssi"]["count"] == 2
    assert [one["name"] for one in hq["services"] if one["configured"]] == SEVEN
    delivering = {one["name"] for one in hq["services"] if one["delivering"]}
    assert delivering == {"rssi:client"}


def message_rows(running):
    (hq,) = ask(running.port, "/api/v1/status").json["controllers"]
    return {(row["type"], row["direction"]): row for row in hq["messages"]}


def test_messages_are_what_the_peer_saw(running):
    running.send(play.measurement(1))
    rows = message_rows(running)
    subscribe = rows["service_subscribe_request", "out"]
    assert (subscribe["count"], subscribe["bytes"], subscribe["id"]) == (1, 77, 30)
    assert rows["measurement_notification", "in"]["bytes"] == len(play.measurement(1))

    def sent_is_seen():
        seen = sum(len(frame.raw) for frame in running.session.frames)
        return seen == sum(row["bytes"] for (_, direction), row in message_rows(running).items()
                           if direction == "out")
    running.peer.wait(sent_is_seen, "frames that were sent")


def test_unknown_messages_have_one_row(running):
    running.send(wire.frame(99), wire.frame(98))
    rows = ask(running.port, "/api/v1/status").json["controllers"][0]["messages"]
    (row,) = [row for row in rows if row["type"] == "unknown"]
    assert (row["direction"], row["count"], row["bytes"]) == ("in", 2, 28)


def test_echoes(gateway, peer, subscriber, state_dir):
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  controller={"echo_interval": 1})
    running.session.wait_frame(wire.ECHO_REQUEST)
    echo = running.wait_status(lambda hq: hq["echo"]["responses"] and hq)["echo"]
    assert echo["requests"] == len(running.session.of(wire.ECHO_REQUEST))
    assert echo["last_response"] >= echo["last_request"] and echo["round_trip_ms"] >= 0


def test_macs(running):
    local = wire.frame(wire.MEASUREMENT, wire.measurement("02:00:00:00:00:01"))
    running.send(local, play.measurement(1), play.measurement(2))
    assert ask(running.port, "/api/v1/status").json["controllers"][0]["macs"] == {
        "local": 1, "universal": 2}


def test_a_controller_that_is_away(gateways, broker, subscriber):
    port = free_port()
    gateways({"hq": {"host": "127.0.0.1", "port": free_port(), **HASTY}},
             {"main": daemon.mqtt_options(broker)}, http={"port": port}, allow=["hq"])
    subscriber.state("hq", "backoff")
    status = ask(port, "/api/v1/status").json
    schemas.strict("status").validate(status)
    (hq,) = status["controllers"]
    assert "nothing listens" in hq["reason"] and "retry_at" in hq and "tls" not in hq


# Health.

def test_health_and_readiness(running):
    assert ask(running.port, "/healthz").text == "ok\n"
    ready = ask(running.port, "/readyz")
    assert (ready.status, ready.json) == (200, {"ready": True})


def test_not_ready_without_an_output(gateways, peer, tmp_path):
    port = free_port()
    one = gateways({"hq": daemon.controller_options(peer)},
                   {"main": {"host": "127.0.0.1", "port": free_port()}}, http={"port": port},
                   allow=["mqtt main"])
    one.wait_line("mqtt main")
    ready = ask(port, "/readyz")
    assert ready.status == 503 and not ready.json["ready"]
    (output,) = ready.json["not_connected"]
    assert output["name"] == "main"
    assert ask(port, "/healthz").status == 200


def test_not_ready_with_a_controller_overdue(gateways, broker, subscriber):
    port = free_port()
    gateways({"hq": {"host": "127.0.0.1", "port": free_port(), **HASTY}},
             {"main": daemon.mqtt_options(broker)}, gateway={"overdue": 1}, http={"port": port},
             allow=["hq"])
    subscriber.wait_for(lambda message: message.topic == "nmsp/gw1/state" and message.json)
    assert ask(port, "/readyz").status == 200
    # Every new attempt is a new state: being away counts across them.
    until(lambda: ask(port, "/readyz").status == 503, "overdue")
    (overdue,) = ask(port, "/readyz").json["overdue"]
    assert overdue["name"] == "hq" and "nothing listens" in overdue["reason"]


# What is served to whom.

TYPES = {
    "/": "text/html; charset=utf-8", "/app.js": "text/javascript; charset=utf-8",
    "/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml",
    "/metrics": "text/plain; version=0.0.4; charset=utf-8", "/healthz": "text/plain",
    "/readyz": "application/json", "/api/v1/status": "application/json",
    "/nowhere": "application/json"}


def test_headers(running):
    for path, kind in TYPES.items():
        reply = ask(running.port, path)
        assert reply.headers["Content-Type"] == kind
        assert {name: reply.headers[name] for name in SECURITY} == SECURITY
        head = ask(running.port, path, "HEAD")
        assert (head.status, head.text) == (reply.status, "")


NOT_HAD = [
    ("GET", "/nowhere", 404), ("GET", "/api/v1/command/", 404), ("GET", "//", 404),
    ("POST", "/api/v1/status", 405), ("DELETE", "/", 405),
    ("GET", "/api/v1/status?controller=none", 404), ("GET", "/api/v1/tail?kind=none", 400),
    ("GET", "/api/v1/tail?n=0", 400), ("GET", "/api/v1/tail?mac=xx", 400),
    ("GET", "/api/v1/tail?controller=none", 404), ("GET", "/api/v1/tail?knd=rssi", 400),
    ("GET", "/api/v1/status?name=hq", 400)]


def test_what_cannot_be_had(running):
    for method, path, status in NOT_HAD:
        for where in (running.port, running.control):
            reply = ask(where, path, method)
            assert reply.status == status and set(reply.json) == {"error"}, (method, path)
            if status == 405:
                assert reply.headers["Allow"] == "GET, HEAD"
    reply = ask(running.control, "/api/v1/reload")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


def test_nothing_can_be_commanded_over_tcp(running):
    for path in ("/api/v1/reload", "/api/v1/command/reconnect"):
        for method, body in (("POST", None), ("POST", "{}"), ("GET", None)):
            reply = ask(running.port, path, method, body)
            assert reply.status == 403 and "control socket" in reply.json["error"]


NAMES = {
    "localhost": 200, "LOCALHOST:80": 200, "127.0.0.1:9464": 200, "[::1]:9464": 200,
    "evil.example": 403, "127.0.0.1.evil.example": 403, "localhostevil": 403, "": 403}


def test_names_of_this_host(running):
    """A page elsewhere that lets its name lead here must not read anything."""
    for host, status in NAMES.items():
        assert ask(running.port, "/healthz", headers={"Host": host}).status == status, host
        assert ask(running.control, "/healthz", headers={"Host": host}).status == 200


def test_bodies_are_bounded(running):
    reply = ask(running.control, "/api/v1/reload", "POST", " " * 65536)
    assert reply.status == 200
    reply = ask(running.control, "/api/v1/reload", "POST", headers={"Content-Length": "65537"})
    assert reply.status == 413 and reply.json["error"]
    with pytest.raises(OSError):
        ask(running.control, "/api/v1/reload", "POST", iter([b" " * 60000] * 100))
    assert ask(running.control, "/healthz").status == 200


def test_commands_are_json_objects(running):
    for body in ("[]", "{", "1", '{"a":1,"a":2}'):
        reply = ask(running.control, "/api/v1/command/reconnect", "POST", body)
        assert reply.status in (400, 501) and reply.json["error"]


# Live records.

def test_tail(running):
    tail = Tail(running.port)
    running.send(play.measurement(1), play.measurement(2))
    records = tail.lines(2)
    assert [record["mac"] for record in records] == ["00:11:22:00:00:01", "00:11:22:00:00:02"]
    assert records == running.subscriber.records(2, "rssi")
    tail.close()


def test_tail_filters(running):
    tails = [Tail(where, query) for where in (running.port, running.control)
             for query in ("?kind=rssi&n=2", "?mac=00:11:22:00:00:0&n=2", "?controller=hq&n=2")]
    others = Tail(running.port, "?kind=info,wips&n=1")
    nobody = Tail(running.port, "?mac=00:11:23&n=1")
    running.send(play.measurement(1), play.measurement(2), play.measurement(3))
    for tail in tails:
        assert [record["seq"] for record in tail.rest()] == [1, 2]
    running.send(wire.frame(wire.INFORMATION, wire.information(
        (0x0201, wire.mac("00:11:23:00:00:01")), (0x0202, wire.u8(wire.CLIENT)))))
    assert others.rest()[0]["schema"] == "nmsp.info/1"
    assert nobody.rest()[0]["mac"] == "00:11:23:00:00:01"


def test_tail_of_a_gateway_that_batches(gateway, peer, subscriber, state_dir):
    running = daemon_http.Running(gateway, peer, subscriber, state_dir, main={"publish": "batch"})
    tail = Tail(running.port, "?n=1")
    running.send(play.measurement(1))
    assert tail.rest()[0]["mac"] == "00:11:22:00:00:01"


def test_so_many_look_on_and_no_more(running):
    tails = [Tail(running.control) for _ in range(16)]
    assert [tail.status for tail in tails] == [200] * 16
    assert ask(running.control, "/api/v1/tail").status == 503
    assert ask(running.port, "/api/v1/status").status == 200
    # One that went away is missed although nothing is sent to it.
    tails[0].close()
    until(lambda: ask(running.control, "/api/v1/tail?n=0").status == 400 and
                            Tail(running.control).status == 200, "free place")
    for tail in tails:
        tail.close()


def test_who_reads_slowly_misses_records(gateway, peer, subscriber, state_dir):
    """And nobody else does: the broker gets all of them."""
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  gateway_options={"unknown": {"rate": 100000}})
    slow, total = Tail(running.control, "?kind=unknown"), 400
    for _ in range(total):
        running.session.send(wire.frame(99, wire.tlv(1, bytes(4000))))
    subscriber.records(total, "unknown")
    seen = missed = 0
    while seen + missed < total:
        (line,) = slow.lines(1)
        seen, missed = seen + ("seq" in line), missed + line.get("missed", 0)
    assert seen + missed == total and missed > 0
    slow.close()


def test_tails_end_with_the_gateway(running):
    tail = Tail(running.port)
    running.daemon.stop_in_order()
    assert tail.rest() == []


# The control socket.

def test_mode_and_end_of_the_control_socket(running):
    assert stat.S_IMODE(os.stat(running.control).st_mode) == 0o660
    running.daemon.stop_in_order()
    assert not running.control.exists()


def test_another_daemon_is_left_alone(running):
    second = Process(NMSP2MQTT, "run", "-c", running.daemon.config)
    assert second.finish() == 1
    assert any("another daemon listens on" in line for line in second.stderr)
    assert ask(running.control, "/healthz").status == 200


def test_a_stale_socket_is_replaced(gateways, peer, broker, subscriber, state_dir):
    first = gateways({"hq": daemon.controller_options(peer)}, {"main": daemon.mqtt_options(broker)})
    subscriber.state("hq", "subscribed")
    first.kill()
    assert (state_dir / "control.sock").exists()
    second = gateways({"hq": daemon.controller_options(peer)},
                      {"main": daemon.mqtt_options(broker)},
                      gateway={"control": state_dir / "control.sock"}, allow=["another gateway"])
    second.wait_line("session hq: subscribed")
    assert ask(state_dir / "control.sock", "/healthz").status == 200


def test_no_control_socket(gateway, peer, subscriber, state_dir):
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  gateway_options={"control": ""})
    assert ask(running.port, "/healthz").status == 200
    assert not running.control.exists()


def test_a_port_that_is_taken(gateways, peer, broker):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = gateways({"hq": daemon.controller_options(peer)},
                       {"main": daemon.mqtt_options(broker)}, http={"port": port},
                       allow=["cannot listen"])
        assert one.finish() == 1
        one.wait_line(rf"cannot listen on 127\.0\.0\.1 port {port}: Address already in use")


# Reload.

def test_reload_moves_listeners(running):
    port, control = free_port(), running.control.with_name("other.sock")
    text = running.daemon.config.read_text(encoding="utf-8")
    running.daemon.config.write_text(
        text.replace(f"port = {running.port}", f"port = {port}").replace(
            "gateway {", f'gateway {{\n\tcontrol = "{control}"', 1), encoding="utf-8")
    reply = ask(running.control, "/api/v1/reload", "POST")
    assert reply.status == 200 and reply.json["ok"], reply.text
    assert {change["what"] for change in reply.json["changes"]} == {"gateway", "http"}
    for where in (port, control):
        until(lambda where=where: is_there(where), f"listener at {where}")
    assert not running.control.exists()
    with pytest.raises(OSError):
        ask(running.port, "/healthz")


def is_there(where):
    try:
        return ask(where, "/healthz").status == 200
    except OSError:
        return False


def test_a_reload_that_fails(running):
    running.daemon.config.write_text("nonsense", encoding="utf-8")
    running.daemon.allowed.append("reload")
    reply = ask(running.control, "/api/v1/reload", "POST")
    assert reply.status == 400 and not reply.json["ok"] and reply.json["errors"]
    assert ask(running.port, "/healthz").status == 200


# Clients that mean no good.

class Flood:
    """Many threads that ask for the largest documents as fast as they can."""

    def __init__(self, port, threads=8):
        self.port, self.over, self.replies = port, False, 0
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.over:
            try:
                for path in ("/metrics", "/api/v1/status"):
                    self.replies += ask(self.port, path).status == 200
            except OSError:
                pass

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()


BROKEN = [b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 70000, b"\r\n" * 1000,
          b"POST /api/v1/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
          b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
          b"GET /api/v1/tail HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"]


def test_no_client_holds_up_an_echo(gateway, peer, subscriber, state_dir):
    """Half requests, requests whose reply nobody reads, broken ones, and a flood of whole ones:
    echoes go out every second all the same, and records arrive."""
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  controller={"echo_interval": 1})
    slow = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(40)]
    for i, client in enumerate(slow):
        client.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n" +
                       (b"" if i % 2 else b"\r\n" * 1) * (i % 3))
    deaf = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(8)]
    for client in deaf:
        client.sendall(b"GET /api/v1/tail HTTP/1.1\r\nHost: localhost\r\n\r\n")
    flood = Flood(running.port)
    for text in BROKEN * 3:
        with socket.create_connection(("127.0.0.1", running.port)) as client:
            try:
                client.sendall(text)
            except OSError:
                pass  # it need not read all of it
        running.session.send(play.measurement(1))
    before = len(running.session.of(wire.ECHO_REQUEST))
    running.session.wait_frame(wire.ECHO_REQUEST, before + 3)
    flood.stop()
    times = [at for frame, at in zip(running.session.frames, running.session.arrived)
             if frame.id == wire.ECHO_REQUEST]
    gaps = [after - at for at, after in zip(times, times[1:])]
    assert max(gaps) < 2.5, gaps
    assert flood.replies > 0
    subscriber.records(len(BROKEN) * 3, "rssi")
    for client in slow + deaf:
        client.close()


def test_more_clients_than_are_served(running):
    """Those beyond the limit wait for a place; the control socket is not theirs."""
    idle = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(80)]
    assert ask(running.control, "/healthz").status == 200
    for client in idle:
        client.close()
    assert ask(running.port, "/healthz").status == 200


def test_a_stopped_daemon_leaves_clients_at_once(running):
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        running.daemon.signal(signal.SIGTERM)
        assert running.daemon.finish() == 0
        assert time.monotonic() - began < 5
        assert select.select([client], [], [], 5)[0] and client.recv(100) == b""

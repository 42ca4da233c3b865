# SPDX-License-Identifier: ISC
"""test_commands.py: commands through the broker: what controllers are asked, and every refusal."""
import http.client
import itertools
import json
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import nmsp_wire as wire
import play
import proc
from commander import MINE, ROOT, Commander
from gateway import HASTY, controller_options, mqtt_options

STATION, OTHER = "a4:83:e7:12:34:56", "00:11:22:33:44:55"
ON = {"commands": True}
LOST = [r"warning session hq"]
DYNAMIC_SECURITY = next(pathlib.Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
REFUSED = [r"warning mqtt main: nmsp/gw1/command"]


@pytest.fixture
def commander(subscribers, broker):
    return subscribers(broker, Commander)


@pytest.fixture
def ready(gateway, peer, commander):
    """A gateway that takes commands, subscribed; the peer's session."""
    def start(main=(), **options):
        running = gateway(peer, main={**ON, **dict(main)}, **options)
        commander.state("hq", "subscribed")
        session = peer.ready()
        # When this is published, the answers to the requests after subscribing have come.
        session.wait_frame(wire.STATISTICS_REQUEST, 2)
        session.send(wire.frame(wire.AP_INFO, wire.access_point((0x0601, wire.mac(play.AP)))))
        commander.records(1, "ap")
        return running, session
    return start


def answer(peer, request, response, *elements):
    """Lets the peer answer with these elements behind the status."""
    peer.reactions[request] = lambda _connection, frame: wire.frame(
        response, *elements, transaction=frame.transaction)


def asked(session, request, values):
    """The last frame with this id, whose elements must be these."""
    frame = session.of(request)[-1]
    assert frame.elements == values
    return frame


def of(response, controller="hq"):
    """What came of the controller, without what differs from run to run."""
    entry = dict(response["controllers"][controller])
    assert entry.pop("transaction", 1) > 0 and entry.pop("took_ms", 0) >= 0
    return entry


def state_of(status, controller):
    return next(one["state"] for one in status["controllers"] if one["name"] == controller)


# What controllers are asked.

@pytest.mark.parametrize("protocol", [3, 5])
def test_measure_one_station(ready, peer, subscribers, broker, protocol):
    """The request names the station; its record is solicited; the response tells of both."""
    _running, session = ready({"protocol": protocol})
    answer(peer, wire.MEASUREMENT_REQUEST, wire.MEASUREMENT_RESPONSE, wire.status(),
           wire.measurement(STATION, wire.reading(play.AP, -61)))
    commander = subscribers(broker, Commander, protocol=protocol)
    response = commander.run("measure", {"controller": "hq", "mac": STATION, "id": "x-1"})
    assert response["id"] == "x-1" and list(response)[:3] == ["command", "id", "ok"]
    assert of(response) == {"ok": True, "status": "success", "records": 1, "messages": 1}
    frame = asked(session, wire.MEASUREMENT_REQUEST,
                  [(2, b"\1"), (3, b"\1"), (4, wire.mac(STATION))])
    assert response["controllers"]["hq"]["transaction"] == frame.transaction
    (record,) = commander.records(1, "rssi")
    assert record["mac"] == STATION and record["solicited"] is True


CLIENT, ALL, LISTED = (2, b"\1"), (3, b"\0"), (3, b"\1")


@pytest.mark.parametrize("name, number, wanted, elements", [
    ("measure", wire.MEASUREMENT_REQUEST, {}, [CLIENT, ALL]),
    ("measure", wire.MEASUREMENT_REQUEST, {"entity": "tag", "mac": [STATION, OTHER]},
     [(2, b"\2"), LISTED, (4, wire.mac(STATION)), (4, wire.mac(OTHER))]),
    ("information", wire.INFORMATION_REQUEST, {"mac": STATION.replace(":", "-").upper()},
     [CLIENT, LISTED, (6, b"\1"), (4, wire.mac(STATION))]),
    ("information", wire.INFORMATION_REQUEST, {"detail": "basic"}, [CLIENT, ALL, (6, b"\0")]),
    ("statistics", wire.STATISTICS_REQUEST, {"entity": "rogue_ap"}, [(2, b"\3"), ALL]),
    ("location", wire.LOCATION_REQUEST, {}, [ALL, (7, b"\0")]),
    ("location", wire.LOCATION_REQUEST, {"type": "geo", "mac": STATION},
     [LISTED, (7, b"\3"), (4, wire.mac(STATION))]),
    ("ap_info", wire.AP_INFO_REQUEST, {}, [ALL]),
    ("ap_info", wire.AP_INFO_REQUEST, {"mac": play.AP}, [LISTED, (4, wire.mac(play.AP))]),
])
def test_requests(ready, commander, name, number, wanted, elements):
    """With and without the controller's name: there is one."""
    _running, session = ready()
    response = commander.run(name, wanted)
    assert of(response) == {"ok": True, "status": "success", "records": 0, "messages": 1}
    asked(session, number, elements)


def test_an_answer_of_several_messages(ready, peer, commander):
    """One response, when the last message has come."""
    ready()
    parts = [wire.frame(wire.INFORMATION_RESPONSE, wire.status(1), transaction=1, more=True,
                        *(wire.information((0x0201, wire.mac(mac)), (0x0202, b"\1"))
                          for mac in macs)) for macs in ((STATION, OTHER), (STATION,))]
    parts.append(wire.frame(wire.INFORMATION_RESPONSE, wire.status(), transaction=1))
    peer.reactions[wire.INFORMATION_REQUEST] = lambda _connection, frame: b"".join(
        wire.with_transaction(part, frame.transaction) for part in parts)
    response = commander.run("information")
    assert of(response) == {"ok": True, "status": "success", "records": 3, "messages": 3}
    assert all(record["solicited"] for record in commander.records(3, "info"))


@pytest.mark.parametrize("status, name, good", [
    (1, "partial", True), (5, "not_found", True), (2, "unsupported", False),
    (3, "bad_request", False), (4, "no_resources", False), (77, "77", False)])
def test_status_of_the_answer(ready, peer, commander, status, name, good):
    ready()
    answer(peer, wire.AP_INFO_REQUEST, wire.AP_INFO_RESPONSE, wire.status(status))
    response = commander.run("ap_info", {"mac": play.AP})
    assert response["ok"] == good and response["controllers"]["hq"]["status"] == name
    if not good:
        assert response["error"] == f"controller hq: answered {name}"


def test_one_question_of_a_kind_at_a_time(ready, peer, commander):
    """While one waits a second one is refused; the end of the connection ends the first."""
    _running, session = ready(controller=HASTY, allow=LOST)
    peer.reactions[wire.MEASUREMENT_REQUEST] = None
    before = len(session.of(wire.MEASUREMENT_REQUEST))
    commander.send("measure", {"id": 1})
    session.wait_frame(wire.MEASUREMENT_REQUEST, before + 1)
    said = commander.refused("measure", {"id": 2})
    assert re.fullmatch(r"controller hq: the measurement_request of \d+ ms ago is not answered "
                        r"yet", said)
    assert commander.run("statistics", {"mac": STATION})["ok"]
    session.close()
    first = commander.wait_for(lambda one: one.topic == f"{ROOT}/response/measure"
                               and one.json.get("id") == 1)[0].json
    assert first["error"] == "controller hq: controller hq closed the connection"
    assert len(session.of(wire.MEASUREMENT_REQUEST)) == before + 1


def test_questions_keep_a_distance(ready, commander):
    _running, session = ready()
    before = len(session.of(wire.STATISTICS_REQUEST))
    assert commander.run("statistics", {"mac": STATION})["ok"]
    assert "expected at least 1000 ms between two" in commander.refused("statistics")
    assert len(session.of(wire.STATISTICS_REQUEST)) == before + 1


def test_all_controllers(gateways, broker, peers, commander):
    """Each is asked; one that cannot be does not matter."""
    one, two = peers(), peers()
    gateways({"a": controller_options(one), "b": controller_options(two),
              "c": {"host": "127.0.0.1", "port": proc.free_port()}},
             {"main": mqtt_options(broker, **ON)}, allow=[r"warning session c"])
    for name, peer in (("a", one), ("b", two)):
        commander.state(name, "subscribed")
        peer.ready().wait_frame(wire.STATISTICS_REQUEST, 2)
    response = commander.run("location")
    assert response["ok"]
    assert of(response, "a") == of(response, "b") == {
        "ok": True, "status": "success", "records": 0, "messages": 1}
    refused = of(response, "c")
    assert not refused["ok"] and refused["error"].startswith("not subscribed: its state is ")
    assert "controllers" not in commander.run("location", {"controller": "d"})
    assert commander.refused("location", {"controller": "c"}).startswith("controller c: not sub")


def test_the_simulator_answers_them_all(gateway, sims, commander):
    """It knows five clients, three access points and a switch, and not that other station."""
    sim = sims("--allow-all", "--no-auth-delay", "--clients", "5", "--aps", "3")
    gateway(sim, controller={"services": [
        "rssi:client", "information:client", "statistics:client", "location:subscription",
        "ap_info:ap"]}, main=ON)
    # They answer the last of the requests after subscribing.
    ap = commander.records(3, "ap")[0]["mac"]
    wanted = {"measure": ({}, "success", 5), "information": ({}, "success", 5),
              "statistics": ({"mac": OTHER}, "not_found", 0), "location": ({}, "success", 1),
              "ap_info": ({"mac": ap}, "success", 1)}
    for name, (request, status, records) in wanted.items():
        entry = of(commander.run(name, request))
        assert entry["ok"] and entry["status"] == status and entry["records"] >= records, name


# Steering.

def test_disable_and_enable(ready, peer, commander, subscribers, broker):
    """It unsubscribes, hangs up and stays away; the state says why, also to who comes late."""
    _running, session = ready()
    response = commander.run("controller/disable", {"controller": "hq"})
    assert response["ok"] and response["state"] == "disabled"
    # The state was published before the response.
    state = commander.state("hq", "disabled", timeout=0.1)
    assert state["reason"] == "disabled by command" and "retry_at" not in state
    assert session.of(wire.UNSUBSCRIBE_REQUEST) and session.wait_end()
    late = subscribers(broker)
    assert late.state("hq", "disabled") == state
    assert commander.run("controller/disable", {"controller": "hq"})["state"] == "disabled"
    assert commander.refused("measure") == \
        "controller hq: not subscribed: its state is disabled"
    assert commander.refused("controller/reconnect", {"controller": "hq"}) == \
        "controller hq is disabled, expected controller/enable"
    assert len(peer.dials) == 1
    assert commander.run("controller/enable", {"controller": "hq"})["state"] == "connecting"
    commander.state("hq", "subscribed", 2)
    assert commander.run("controller/enable", {"controller": "hq"})["state"] == "subscribed"


def test_disabled_survives_a_reload(ready, peer, commander):
    """Of the controller's own section too: only the command, or a restart, enables it."""
    running, _session = ready()
    assert commander.run("controller/disable", {"controller": "hq"})["ok"]
    text = running.config.read_text(encoding="utf-8")
    running.config.write_text(text.replace(f"port = {peer.port}", f"port = {peer.port}\n"
                                           "\techo_interval = 7", 1), encoding="utf-8")
    running.signal(signal.SIGHUP)
    running.wait_line(r"info reload controller hq: echo_interval: reopened")
    assert commander.run("controller/disable", {"controller": "hq"})["state"] == "disabled"
    assert commander.state("hq", "disabled")["reason"] == "disabled by command"
    assert len(peer.dials) == 1
    assert commander.run("controller/enable", {"controller": "hq"})["ok"]
    commander.state("hq", "subscribed", 2)


def test_disable_without_an_answer(ready, peer, commander):
    """Two seconds are enough for a controller that does not answer."""
    _running, session = ready()
    peer.reactions[wire.UNSUBSCRIBE_REQUEST] = None
    assert commander.run("controller/disable", {"controller": "hq"})["state"] == "disabled"
    assert session.wait_end()


def test_reconnect(ready, peer, commander):
    """A new connection; not again within ten seconds."""
    running, session = ready()
    assert commander.run("controller/reconnect", {"controller": "hq"})["ok"]
    assert session.wait_end() and peer.ready(2)
    running.wait_line(r"info session hq: disabled: reconnects by command")
    assert re.fullmatch("controller hq was dialled by command a moment ago, try again in 10 s: "
                        "connections that come and go can crash it",
                        commander.refused("controller/reconnect", {"controller": "hq"}))
    assert len(peer.dials) == 2


def test_reconnect_lifts_quarantine(gateway, peer, commander):
    gateway(peer, controller={"tls": {"verify": "fingerprint", "fingerprint": "ab" * 32}},
            main=ON, allow=LOST)
    commander.state("hq", "quarantined")
    assert commander.run("controller/reconnect", {"controller": "hq"})["state"] == "connecting"
    peer.wait_dial(2)
    commander.state("hq", "quarantined", 2)


def test_log_level(ready, commander):
    running, session = ready()
    assert commander.run("log_level", {"level": "debug"}) == {
        "command": "log_level", "ok": True, "level": "debug"}
    session.send(play.measurement(1))
    running.wait_line(r"debug session hq: receives measurement_notification")
    assert commander.run("log_level", {"level": "info"})["level"] == "info"


def test_log_level_of_a_subject(ready, commander):
    """What it is about is logged in more detail, the rest as before."""
    running, session = ready()
    assert commander.run("log_level", {"level": "debug", "subject": "session hq"})["ok"]
    session.send(play.measurement(1))
    running.wait_line(r"debug session hq: receives measurement_notification")
    assert not [line for line in running.log if re.search(r" debug (?!session hq:)", line)]


def test_log_level_of_many_subjects(ready, commander, control):
    """However many are asked for, a bounded number is kept."""
    ready()
    for number in range(256):
        assert control.run("log_level", '{"level":"error","subject":"mqtt %d"}' % number)[0] == 200
    assert re.fullmatch(r"256 subjects have a level of their own already; a reload of the "
                        r"configuration takes away those set by command",
                        commander.refused("log_level", {"level": "error", "subject": "mqtt"}))
    assert commander.run("log_level", {"level": "info", "subject": "mqtt 7"})["ok"]


def test_trace_of_one_controller(gateways, broker, peers, commander):
    """Everything about it, until it is turned off; nothing more about another one."""
    hq, lab = peers(), peers()
    running = gateways({"hq": controller_options(hq), "lab": controller_options(lab)},
                       {"main": mqtt_options(broker, **ON)})
    sessions = []
    for name, peer in (("hq", hq), ("lab", lab)):
        commander.state(name, "subscribed")
        sessions.append(peer.ready())

    for records, on in ((2, True), (4, False)):
        assert commander.run("log_level", {"controller": "hq", "trace": on}) == {
            "command": "log_level", "ok": True, "controller": "hq", "trace": on}
        for session in sessions:
            session.send(play.measurement(1))
        commander.records(records, "rssi")
    running.stop_in_order()
    debug = [line for line in running.stderr if " debug " in line]
    assert all(" debug session hq: " in line for line in debug)
    assert len([line for line in debug if "receives measurement_notification" in line]) == 1


def test_status(ready, commander):
    ready()
    status = commander.run("status")["status"]
    assert status["schema"] == "nmsp.status/1" and state_of(status, "hq") == "subscribed"
    assert status["outputs"][0]["name"] == "main" and status["outputs"][0]["connected"] is True
    named = commander.run("status", {"controller": "hq"})["status"]
    assert [one["name"] for one in named["controllers"]] == ["hq"]


def test_commands_are_logged(ready, commander):
    """Which, from where, and what came of it."""
    running, _session = ready()
    commander.run("status")
    commander.run("location", {"controller": "nowhere"})
    running.wait_line(r"info command: status \(nmsp/gw1/command/status\): done$")
    running.wait_line(r"info command: location \(nmsp/gw1/command/location\): \"controller\": "
                      r"there is no \"nowhere\"$")


# The control socket.

class Control(http.client.HTTPConnection):
    """HTTP over the gateway's control socket."""

    def __init__(self, path):
        super().__init__("gateway", timeout=proc.PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, name, payload=b""):
        self.request("POST", f"/api/v1/command/{name}", payload)

    def run(self, name, payload=b""):
        """The status and the document of the response."""
        self.ask(name, payload)
        return self.read()

    def read(self):
        with self.getresponse() as response:
            assert response.headers["Content-Type"] == "application/json"
            return response.status, json.loads(response.read())


@pytest.fixture
def control(state_dir):
    return Control(state_dir / "control.sock")


def test_commands_over_the_control_socket(ready, peer, commander, control):
    """The same, without the broker, whether an output takes commands or not."""
    running, session = ready({"commands": False})
    answer(peer, wire.MEASUREMENT_REQUEST, wire.MEASUREMENT_RESPONSE, wire.status(),
           wire.measurement(STATION, wire.reading(play.AP, -61)))
    status, response = control.run("measure", json.dumps({"mac": STATION, "id": 5}))
    assert status == 200 and response["id"] == 5
    assert of(response) == {"ok": True, "status": "success", "records": 1, "messages": 1}
    assert commander.records(1, "rssi")[0]["solicited"]
    status, response = control.run("controller/disable", '{"controller":"hq"}')
    assert (status, response["state"]) == (200, "disabled") and session.wait_end()
    assert control.run("status")[1]["status"]["controllers"][0]["reason"] == "disabled by command"
    for name, payload, error in (("mesure", "", 'unknown command "mesure"'),
                                 ("status", "{", "bad JSON"), ("status", "[]", "an array"),
                                 ("measure", "{}", "controller hq: not subscribed")):
        status, response = control.run(name, payload)
        assert status == 400 and not response["ok"] and error in response["error"]
    running.wait_line(r"info command: measure \(control socket\): done")


def test_several_wait_at_the_control_socket(ready, peer, control):
    """Each gets its own response; one that goes away is forgotten."""
    running, session = ready()
    peer.reactions[wire.INFORMATION_REQUEST] = peer.reactions[wire.AP_INFO_REQUEST] = None
    before = len(session.of(wire.INFORMATION_REQUEST))
    others = [Control(control.path) for _ in range(3)]
    others[0].ask("information")
    frame = session.wait_frame(wire.INFORMATION_REQUEST, before + 1)
    others[1].ask("ap_info")
    session.wait_frame(wire.AP_INFO_REQUEST)
    others[1].close()
    assert control.run("log_level", '{"level":"info"}')[0] == 200
    session.send(wire.frame(wire.INFORMATION_RESPONSE, wire.status(5),
                            transaction=frame.transaction))
    status, response = others[0].read()
    assert status == 200 and response["controllers"]["hq"]["status"] == "not_found"
    others[2].ask("information", '{"mac":"%s"}' % STATION)
    assert "expected at least 1000 ms" in others[2].read()[1]["error"]
    running.stop_in_order()


def test_the_end_is_told_at_the_control_socket(ready, peer, control):
    running, session = ready()
    peer.reactions[wire.AP_INFO_REQUEST] = None
    control.ask("ap_info")
    session.wait_frame(wire.AP_INFO_REQUEST)
    running.signal(signal.SIGTERM)
    status, response = control.read()
    assert status == 400 and response["error"] == "the gateway is stopping"


# Refusals.

@pytest.mark.parametrize("name, payload, error", [
    ("status", b"", "bad JSON: expected an object, such as {}, got nothing"),
    ("status", b"{", "bad JSON: line 1, column 1: string or '}' expected near end of file"),
    ("status", b"\xff\x00", "bad JSON: line 1, column "),
    ("status", b'{"id":1,"id":2}', "bad JSON: line 1, column "),
    ("status", b"[]", "expected an object, such as {}, got an array"),
    ("status", b'"x"', "expected an object, such as {}, got a string"),
    ("status", b"[" * 5000, "bad JSON: line 1, column "),
    ("", b"{}", 'unknown command ""'),
    ("mesure", b"{}", 'unknown command "mesure", did you mean "measure"?'),
    ("controller/dissable", b"{}", 'did you mean "controller/disable"?'),
    ("measure/hq", b"{}", 'unknown command "measure/hq"'),
    ("measure", b'{"station":"x"}', 'unknown member "station"'),
    ("measure", b'{"controller":"hk"}', '"controller": there is no "hk", did you mean "hq"?'),
    ("measure", b'{"mac":"a4:83:e7"}', '"mac": "a4:83:e7" is not the address of a device'),
    ("measure", b'{"mac":[]}', '"mac": expected 1 to 64 addresses'),
    ("measure", b'{"entity":"clint"}',
     'controller hq: dictionary baseline has no entity "clint", expected one of client, tag, '),
    ("information", b'{"detail":"all"}', 'no detail "all", expected one of basic, full'),
    ("location", b'{"type":"map"}', 'no location_type "map", expected one of any, civic, '),
    ("controller/enable", b"{}", '"controller": expected the name of one'),
    ("controller/reconnect", b'{"controller":7}', '"controller": expected a string, got a number'),
    ("log_level", b'{"level":"loud"}', '"level": expected one of error, warning, info, debug'),
    ("log_level", b'{"level":"debug","subject":"sesion hq"}', '"subject": "sesion hq" is none'),
    ("log_level", b'{"trace":true}', '"controller": expected the name of one to trace'),
    ("log_level", b'{"controller":"hq","trace":1}', '"trace": expected true or false'),
    ("status", b'{"id":[1]}', '"id": expected a string or a number, got an array'),
], ids=itertools.count())
def test_refusals(ready, commander, name, payload, error):
    _running, session = ready()
    frames = len(session.frames) - len(session.of(wire.ECHO_REQUEST))
    assert error in commander.refused(name, payload)
    assert len(session.frames) - len(session.of(wire.ECHO_REQUEST)) == frames


def test_the_known_commands_are_told(ready, commander):
    ready()
    assert set(commander.run("help")["commands"]) == {
        "measure", "information", "statistics", "location", "ap_info", "controller/enable",
        "controller/disable", "controller/reconnect", "log_level", "status"}


def test_too_large(ready, commander):
    ready(allow=REFUSED)
    text = json.dumps({"id": "x" * 65526}).encode()
    assert len(text) == 65536 and commander.run("status", text)["ok"]
    assert commander.refused("status", text + b" ") == \
        "too large, expected a request of at most 65536 bytes"


def test_retained_requests_are_not_run(ready, peer, commander):
    """Neither now nor at the next connection; the sender is told."""
    running, _session = ready(allow=REFUSED)
    said = commander.refused("controller/disable", {"controller": "hq"}, retain=True)
    assert said.startswith("not run, because it is retained")
    running.wait_line(r"warning mqtt main: nmsp/gw1/command/controller/disable: not run")
    # Clearing it is no request.
    count = len(commander.responses(f"{ROOT}/response/controller/disable"))
    commander.send("controller/disable", b"", retain=True)
    assert state_of(commander.run("status")["status"], "hq") == "subscribed"
    assert len(commander.responses(f"{ROOT}/response/controller/disable")) == count
    assert len(peer.dials) == 1


def test_requests_that_were_retained_before(gateway, peer, broker, subscribers):
    """With MQTT 3.1.1 they show when the gateway connects."""
    commander = subscribers(broker, Commander, protocol=3)
    commander.send("controller/disable", {"controller": "hq"}, retain=True)
    commander.wait_for(lambda one: one.topic.endswith("/disable"))
    gateway(peer, main={**ON, "protocol": 3}, allow=REFUSED)
    (refusal,) = commander.wait_for(lambda one: one.topic == f"{ROOT}/response/controller/disable")
    assert not refusal.json["ok"] and "retained" in refusal.json["error"]
    commander.state("hq", "subscribed")
    assert state_of(commander.run("status")["status"], "hq") == "subscribed"


def test_busy(ready, peer, commander):
    """As many as may wait, and one more."""
    ready()
    peer.reactions[wire.UNSUBSCRIBE_REQUEST] = None
    for number in range(64):
        commander.send("controller/disable", {"controller": "hq", "id": number})
    commander.send("controller/disable", {"controller": "hq", "id": "too many"})
    topic = f"{ROOT}/response/controller/disable"
    found = commander.wait_for(lambda one: one.topic == topic, 65)
    refused = [one.json for one in found if not one.json["ok"]]
    assert [one["id"] for one in refused] == ["too many"]
    assert refused[0]["error"].startswith("busy: 64 commands wait for controllers")


def test_a_flood_is_answered_to_the_last(ready, commander):
    """A thousand at once: run or refused as busy, but each with its response."""
    ready(allow=REFUSED)
    numbers = [commander.send("log_level", {"level": "info"}) for _ in range(1000)]
    commander.wait_for(lambda one: one.topic == MINE, len(numbers), timeout=40)
    told = [one.properties.CorrelationData for one in commander.responses(MINE)]
    assert sorted(told) == sorted(numbers)
    errors = {one.json["error"] for one in commander.responses(MINE) if not one.json["ok"]}
    assert all(error.startswith("busy: ") for error in errors)


# The broker's side.

def test_off_unless_configured(gateway, peer, broker, commander):
    """Nothing is subscribed to, and nothing happens."""
    gateway(peer)
    commander.state("hq", "subscribed")
    commander.send("controller/disable", {"controller": "hq"})
    commander.wait_for(lambda one: one.topic == f"{ROOT}/command/controller/disable")
    session = peer.ready()
    session.send(play.measurement(1))
    commander.records(1, "rssi")
    assert not [line for line in broker.process.stderr if re.search(r"gw1/command/#", line)]
    assert not commander.matching(lambda one: "/response/" in one.topic)
    assert not session.of(wire.UNSUBSCRIBE_REQUEST)


def test_after_the_broker_restarts(ready, broker, commander):
    ready(allow=[r"mqtt main"])
    assert commander.run("status")["ok"]
    subscribed = commander.subscribed
    broker.stop()
    broker.start()
    broker.wait_line(r"\tnmsp/gw1/command/# \(QoS 1\)", timeout=40)
    commander.wait(lambda: commander.subscribed > subscribed, "SUBACK again", timeout=40)
    assert commander.run("status")["ok"]


def test_an_answer_outlives_the_broker(ready, peer, broker, commander):
    """What a controller answers while the broker is away is told afterwards."""
    running, session = ready(allow=[r"mqtt main"])
    peer.reactions[wire.STATISTICS_REQUEST] = None
    before = len(session.of(wire.STATISTICS_REQUEST))
    commander.send("statistics", {"id": "late"})
    frame = session.wait_frame(wire.STATISTICS_REQUEST, before + 1)
    broker.stop()
    running.wait_line(r"warning mqtt main: connection to \S+ lost")
    session.send(wire.frame(wire.STATISTICS_RESPONSE, wire.status(),
                            transaction=frame.transaction))
    running.wait_line(r"info command: statistics .*: done")
    broker.start()
    broker.wait_line(r"Received PUBLISH from nmsp2mqtt-gw1-main \(d0, q1, r0, m\d+, "
                     r"'nmsp/gw1/response/statistics'", timeout=40)


def test_the_end_is_told(ready, peer, commander):
    """Who waits when the gateway stops gets a response too."""
    running, session = ready()
    peer.reactions[wire.AP_INFO_REQUEST] = None
    commander.send("ap_info", {})
    session.wait_frame(wire.AP_INFO_REQUEST)
    running.stop_in_order()
    (response,) = commander.wait_for(lambda one: one.topic == f"{ROOT}/response/ap_info")
    assert response.json["error"] == "the gateway is stopping"


def test_the_documented_access_list(brokers, gateways, peer, subscribers, tmp_path):
    """The operator is obeyed, the viewer is not heard."""
    page = (proc.ROOT / "docs/commands.md").read_text(encoding="utf-8")
    rules = tmp_path / "acl"
    rules.write_text(re.search(r"^```acl\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1],
                     encoding="ascii")
    # Subscribing to all is something else than reading it.
    broker = brokers(user="gateway", password="g", extra=[f"acl_file {rules}"])
    for user in ("operator", "viewer"):
        subprocess.run(["mosquitto_passwd", "-b", broker.config.parent / "passwords", user, "o"],
                       check=True, capture_output=True)
    broker.stop()
    broker.start()
    secret = tmp_path / "password"
    secret.write_text("g\n", encoding="ascii")
    secret.chmod(0o600)
    gateways({"hq": controller_options(peer)},
             {"main": mqtt_options(broker, username="gateway", password_file=str(secret), **ON)})
    broker.password = "o"
    broker.user = "viewer"
    viewer = subscribers(broker, Commander)
    viewer.state("hq", "subscribed")
    viewer.send("controller/disable", {"controller": "hq"})
    broker.wait_line(r"Denied PUBLISH from \S+ .*'nmsp/gw1/command/controller/disable'")
    broker.user = "operator"
    operator = subscribers(broker, Commander)
    assert state_of(operator.run("status")["status"], "hq") == "subscribed"


def test_the_broker_does_not_let_us_subscribe(brokers, gateways, peer, tmp_path):
    """Its refusal is told."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"defaultACLAccess": {
        "publishClientSend": True, "publishClientReceive": True, "subscribe": False,
        "unsubscribe": True}}), encoding="ascii")
    broker = brokers(extra=["per_listener_settings false", f"plugin {DYNAMIC_SECURITY}",
                            f"plugin_opt_config_file {rules}"])
    running = gateways({"hq": controller_options(peer)}, {"main": mqtt_options(broker, **ON)},
                       allow=[r"mqtt main: the broker does not let us"])
    running.wait_line(r"warning mqtt main: the broker does not let us subscribe to commands: "
                      r"not authorised")


@pytest.mark.parametrize("topic", [f"{ROOT}/state", f"{ROOT}/hq/state", f"{ROOT}/command/status"])
def test_responses_do_not_go_to_the_gateways_topics(ready, commander, topic):
    ready()
    number = commander.send("status", {}, response_topic=topic)
    commander.wait_for(lambda one: one.topic == f"{ROOT}/response/status")
    assert commander.run("log_level", {"level": "info"})["ok"]
    told = commander.matching(lambda one: getattr(one.properties, "CorrelationData", b"") == number)
    assert {one.topic for one in told} == {f"{ROOT}/command/status", f"{ROOT}/response/status"}


def test_responses_are_counted(ready, commander, peer):
    """In health, apart from records."""
    running, _session = ready(gateway={"health_interval": 1})
    commander.run("status")
    health = commander.wait_for(
        lambda one: one.topic == f"{ROOT}/health"
        and one.json["outputs"]["main"].get("responses", {}).get("published") == 2)[-1].json
    assert health["outputs"]["main"]["responses"] == {"published": 2, "queued": 0}
    assert running.running and len(peer.dials) == 1

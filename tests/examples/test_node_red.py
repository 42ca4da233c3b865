# SPDX-License-Identifier: ISC
"""test_node_red.py: docs/examples/node-red-flow.json: its functions in node, all in Node-RED."""
import json
import subprocess

import pytest

import npm
from conftest import EXAMPLES
from proc import Process, free_port

FLOW = EXAMPLES / "node-red-flow.json"
NEAR, FAR = "2c:57:41:58:ee:e0", "2c:57:41:58:ef:00"
SMALL = ("--allow-all", "--aps", 4, "--clients", 5, "--tags", 2, "--seed", 7)


def record(mac, *heard):
    return {"schema": "nmsp.rssi/1", "mac": mac, "received_at": "2026-11-22T17:00:00.000Z",
            "readings": [{"ap": ap, "rssi_dbm": rssi} for ap, rssi in heard]}


def played(*messages):
    """What the functions make of each message: [(topic, access point, the one before)]."""
    done = subprocess.run(["node", npm.HERE / "node-red/play.js", FLOW], text=True, check=True,
                          input="\n".join(map(json.dumps, messages)), capture_output=True,
                          timeout=60)
    return [[(one["topic"], one["payload"]["ap"], one["payload"].get("from")) for one in made]
            for made in map(json.loads, done.stdout.splitlines())]


def test_a_device_moves_when_it_is_clear():
    mac, topic = "a4:83:e7:12:34:56", "nearest/a483e7123456"
    assert played(
        record(mac, (NEAR, -60), (FAR, -70)), record(mac, (NEAR, -50), (FAR, -80)),
        record(mac, (FAR, -60), (NEAR, -63)), record(mac),
        record(mac, (FAR, -60), (NEAR, -66)), record(mac, (NEAR, -70)),
    ) == [[(topic, NEAR, None)], [], [], [], [(topic, FAR, NEAR)], [(topic, NEAR, FAR)]]


def test_batches_and_other_devices():
    first, second = (record(f"02:00:00:00:00:0{n}", (NEAR, -60)) for n in (1, 2))
    assert played({"schema": "nmsp.rssi/1", "records": [first, second]}) == [
        [("nearest/020000000001", NEAR, None), ("nearest/020000000002", NEAR, None)]]


@pytest.fixture
def node_red(tmp_path, broker):
    """Node-RED without a screen, with the flow but for the port of the broker."""
    nodes = json.loads(FLOW.read_text(encoding="utf-8"))
    for node in nodes:
        if node["type"] == "mqtt-broker":
            node["port"] = str(broker.port)
    (tmp_path / "flow.json").write_text(json.dumps(nodes), encoding="utf-8")
    (tmp_path / "settings.js").write_text(
        'module.exports = { uiHost: "127.0.0.1", telemetry: { enabled: false } };\n',
        encoding="ascii")
    program = npm.installed("node-red") / "node_modules/node-red/red.js"
    process = Process("node", program, "--userDir", tmp_path, "--port", free_port(),
                      "--settings", tmp_path / "settings.js", tmp_path / "flow.json")
    process.wait_line("Connected to broker", process.stdout, timeout=120)
    yield process
    process.stop()


def test_in_node_red(node_red, sims, gateway, subscriber):
    gateway(sims(*SMALL))
    told = subscriber.wait_for(lambda one: one.topic.startswith("nearest/"), 3)
    best = {(one["mac"], one["readings"][0]["ap"]) for one in subscriber.records(3, "rssi")
            if one["readings"]}
    assert best & {(one.json["mac"], one.json["ap"]) for one in told}
    assert node_red.running

# SPDX-License-Identifier: ISC
"""test_sim.py: the simulator as a controller: its list, its world, its faults, its tables."""
import json
import re
import signal

import pytest

import cases
import play
from certs import key_hashes
from gateway import EVERYTHING, HASTY, SEVEN, controller_options, mqtt_options
from proc import NMSP_SIM, Process

MAC = "02:00:5e:10:00:01"
TROUBLE = r"hq"
SMALL = ("--aps", 4, "--clients", 5, "--tags", 2, "--rogues", 2, "--seed", 7)
# In every world: what arrives within seconds, at the controller's default intervals.
SOON = ("rssi", "info", "statistics", "attachment", "ap")


def allow(identity, which):
    return "--allow", f"{MAC}={key_hashes(identity)[which]}"


@pytest.mark.parametrize("which", [0, 1], ids=["sha1", "sha2"])
def test_listed_gateway_gets_records(sims, gateway, subscriber, identity, which):
    gateway(sims(*allow(identity, which), *SMALL), controller={"services": EVERYTHING})
    subscriber.state("hq", "subscribed")
    for kind in SOON:
        assert subscriber.records(1, kind)
    entities = {record["entity"] for record in subscriber.records(12, "rssi", timeout=30)}
    assert {"client", "tag"} <= entities


@pytest.mark.parametrize("listed", [f"{MAC}={'0' * 64}", f"02:00:00:00:00:99={'0' * 40}"])
def test_unlisted_gateway_is_quarantined(sims, gateway, subscriber, listed):
    """A wrong hash, or a MAC that is not listed: refused after the controller's usual second."""
    gateway(sims("--allow", listed, *SMALL), controller=HASTY, allow=[TROUBLE])
    assert subscriber.state("hq", "quarantined", timeout=20)["reason"]
    assert not subscriber.matching(lambda one: one.kind == "rssi")


def test_truth(sims, gateway, subscriber, tmp_path):
    """Positions as JSON lines, of the stations that the records speak of."""
    truth = tmp_path / "truth.ndjson"
    sim = sims("--allow-all", "--truth", truth, *SMALL)
    gateway(sim, allow=[TROUBLE])
    heard = {record["mac"] for record in subscriber.records(5, "rssi")}
    sim.stop()
    lines = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert lines and heard <= {line["mac"] for line in lines if "mac" in line}


def test_a_seed_makes_the_same_world(sims, gateways, broker, subscriber):
    twins = [sims("--allow-all", *SMALL), sims("--allow-all", *SMALL)]
    gateways({f"sim{n}": controller_options(sim) for n, sim in enumerate(twins)},
             {"main": mqtt_options(broker)})
    worlds = []
    for n in range(2):
        messages = subscriber.wait_for(
            lambda one, n=n: one.kind == "rssi" and one.json["controller"] == f"sim{n}"
            and one.json["entity"] == "client", 5)
        worlds.append({message.json["mac"] for message in messages})
    assert worlds[0] & worlds[1]


def test_tables(sims, gateway, subscriber):
    """SIGUSR1 and the end print `show nmsp status` and `show nmsp subscription detail`."""
    sim = sims("--allow-all", *SMALL)
    gateway(sim, allow=[TROUBLE])
    subscriber.state("hq", "subscribed")
    subscriber.records(1, "rssi")
    sim.signal(signal.SIGUSR1)
    sim.wait_line(r"Rx Echo Req", sim.stdout)
    sim.wait_line(r"127\.0\.0\.1", sim.stdout[1:])
    for words in ("Mobile Station", "Subscription", "Statistics", "Attachment"):
        sim.wait_line(f"(?i){words}", sim.stdout)
    assert sim.stop() == 0
    assert sum("Rx Echo Req" in line for line in sim.stdout) >= 2


def test_script(sims, gateway, subscriber, tmp_path):
    """Hex frames from a file are played to whoever has subscribed."""
    case = cases.named("measurement", "tag with everything")
    script = tmp_path / "script.hex"
    script.write_text(f"# {case.name}\n{case.stream.hex(' ')}\n", encoding="ascii")
    gateway(sims("--allow-all", "--script", script, "--clients", 0, "--tags", 0, "--rogues", 0))
    (message,) = subscriber.wait_for(
        lambda one: one.kind == "rssi" and one.json["mac"] == case.records[0]["mac"])
    play.check_record(message.json, case, case.records[0])


@pytest.mark.parametrize("rate", [2000])
def test_rate(sims, gateway, subscriber, rate):
    """Load on request: that many records a second, none missing."""
    gateway(sims("--allow-all", "--rate", rate, *SMALL), controller={"services": ["rssi:client"]})
    records = subscriber.records(2 * rate, "rssi", timeout=20)
    numbers = [record["seq"] for record in records]
    assert numbers == list(range(1, len(numbers) + 1))


ENDING = ["cut=5", "length=5", "garbage=5"]


@pytest.mark.parametrize("fault", ENDING)
def test_fault_that_ends_the_session(sims, gateway, subscriber, fault):
    """Told, and dialled again. What is retained may skip a state that lasts a moment only."""
    running = gateway(sims("--allow-all", "--fault", fault, *SMALL), controller=HASTY,
                      allow=[TROUBLE])
    assert subscriber.state("hq", "backoff", timeout=30)["reason"]
    running.wait(lambda: sum("session hq: subscribed" in line for line in running.log) >= 2,
                 "second subscription", timeout=30)


def test_fault_no_echo(sims, gateway, subscriber):
    gateway(sims("--allow-all", "--fault", "no-echo", *SMALL),
            controller={"echo_interval": 1, "echo_timeout": 2, **HASTY}, allow=[TROUBLE])
    assert "echo" in subscriber.state("hq", "backoff", timeout=20)["reason"]


def test_fault_stall(sims, gateway, subscriber):
    """Subscribed but silent: told as stalled, the session stays up."""
    gateway(sims("--allow-all", "--fault", "stall", *SMALL), controller={"stall_timeout": 2},
            allow=[TROUBLE])
    subscriber.state("hq", "subscribed")
    assert subscriber.state("hq", "stalled", timeout=30)["reason"]


def test_fault_drip(sims, gateway, subscriber):
    """Single bytes, slowly: everything arrives all the same."""
    gateway(sims("--allow-all", "--fault", "drip", *SMALL))
    subscriber.state("hq", "subscribed", timeout=40)
    assert subscriber.records(3, "rssi", timeout=40)


def test_fault_late_capability(sims, gateway, subscriber):
    """Services that the controller offers only later are subscribed then."""
    gateway(sims("--allow-all", "--fault", "late-capability=2", *SMALL), allow=["offer|hq"])
    counts = (2, len(SEVEN))
    first, last = (subscriber.wait_for(
        lambda one, n=n: one.topic == "nmsp/gw1/hq/capability" and one.json
        and len(one.json.get("granted", [])) == n)[0] for n in counts)
    assert set(first.json["granted"]) < set(last.json["granted"]) == set(SEVEN)


def test_fault_changed_certificate(sims, gateway, subscriber):
    gateway(sims("--allow-all", "--fault", "changed-certificate", *SMALL), controller=HASTY,
            allow=[TROUBLE])
    subscriber.state("hq", "subscribed")
    reason = subscriber.state("hq", "quarantined", timeout=30)["reason"]
    assert re.search(r"certificate", reason)


@pytest.mark.parametrize("options", [
    ("--fault", "nonesuch"), ("--allow", "nonsense"), ("--aps", "many"), ("--nonesuch",)])
def test_wrong_usage(options):
    process = Process(NMSP_SIM, "--port", 0, *options)
    assert process.finish() > 0 and process.stderr

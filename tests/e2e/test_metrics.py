# SPDX-License-Identifier: ISC
"""test_metrics.py: the metrics are what Prometheus reads, they are right, and docs/metrics.md has
them all."""
import re
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

import daemon_http
import nmsp_wire as wire
import play
from http_client import ask, until
from proc import ROOT

PROMTOOL = shutil.which("promtool")


@pytest.fixture
def running(gateway, peer, subscriber, state_dir):
    return daemon_http.Running(gateway, peer, subscriber, state_dir)


def scrape(running):
    """{sample name: {labels as a frozenset of pairs: value}}, and the families."""
    text = ask(running.port, "/metrics").text
    samples = {}
    families = list(text_string_to_metric_families(text))
    for family in families:
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in samples.setdefault(sample.name, {}), sample
            samples[sample.name][labels] = sample.value
    return samples, families


def value(samples, name, **labels):
    return samples["nmsp2mqtt_" + name][frozenset(labels.items())]


def test_promtool_finds_nothing(running):
    if not PROMTOOL:
        pytest.skip("promtool is not installed")
    running.send(play.measurement(1), wire.frame(99))
    done = subprocess.run([PROMTOOL, "check", "metrics"], capture_output=True, text=True,
                          input=ask(running.port, "/metrics").text, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def documented():
    """{family: (type, labels)} of the tables in docs/metrics.md."""
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \|([^|]*)\|", text, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_documented_families(gateway, peer, subscriber, state_dir, tmp_path):
    """Type and labels too. With a spool and a clock, so that every family has samples."""
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  main={"spool": {"path": tmp_path / "spool.lmdb"}})
    running.send(play.measurement(1),
                 wire.frame(wire.MEASUREMENT, wire.controller_time(1795366800123)))
    found = {}
    for family in scrape(running)[1]:
        name = family.name + ("_total" if family.type == "counter" else "")
        assert family.documentation.endswith(".") and family.samples, name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels)
    assert found == documented()


def test_examples_use_documented_families():
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    used = {re.sub("_bucket$", "", name) for name in re.findall(r"nmsp2mqtt_\w+", text)}
    assert used <= set(documented())


def test_names_follow_the_conventions(running):
    for family in scrape(running)[1]:
        assert family.name.startswith(("nmsp2mqtt_", "process_"))
        assert not re.search(r"_(ms|kb|kib|minutes)(_|$)", family.name)


def test_records_are_accounted_for(running):
    running.send(play.measurement(1), play.measurement(2))
    running.subscriber.records(2, "rssi")
    labels = {"output": "main", "controller": "hq", "kind": "rssi"}
    samples = until(lambda: (read := scrape(running)[0]) and value(
        read, "records_published_total", **labels) == 2 and read, "acknowledgements")
    assert value(samples, "records_received_total", **labels) == 2
    for name in ("filtered_total", "conflated_total", "queued"):
        assert value(samples, "records_" + name, **labels) == 0
    dropped = {dict(key)["reason"]: count
               for key, count in samples["nmsp2mqtt_records_dropped_total"].items()}
    assert set(dropped.values()) == {0} and "queue_full" in dropped
    assert value(samples, "delivery_seconds_count", output="main") == 2
    assert value(samples, "delivery_seconds_bucket", output="main", le="+Inf") == 2
    assert 0 <= value(samples, "delivery_seconds_sum", output="main") < 10
    assert value(samples, "controller_records_total", controller="hq", kind="rssi") == 2


def test_latency_goes_through_the_spool(gateway, peer, subscriber, state_dir, tmp_path):
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  main={"spool": {"path": tmp_path / "spool.lmdb"}})
    running.send(play.measurement(1))
    subscriber.records(1, "rssi")
    samples = until(lambda: (read := scrape(running)[0]) and value(
        read, "delivery_seconds_count", output="main") == 1 and read, "acknowledgement")
    assert value(samples, "delivery_seconds_sum", output="main") < 10
    assert value(samples, "output_spool_active", output="main") == 1


def test_the_state_of_a_session(running):
    samples = scrape(running)[0]
    states = {dict(key)["state"]: on
              for key, on in samples["nmsp2mqtt_controller_state"].items()}
    assert len(states) == 8 and [state for state, on in states.items() if on] == ["subscribed"]
    assert value(samples, "controller_connections_total", controller="hq") == 1


def test_echo_round_trips(gateway, peer, subscriber, state_dir):
    running = daemon_http.Running(gateway, peer, subscriber, state_dir,
                                  controller={"echo_interval": 1})
    running.session.wait_frame(wire.ECHO_REQUEST)
    until(lambda: value(scrape(running)[0], "echo_round_trip_seconds_count", controller="hq") > 0,
          "round trip")


def test_the_process(running):
    samples = scrape(running)[0]
    for name in ("process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total",
                 "process_start_time_seconds", "process_max_fds"):
        assert samples[name][frozenset()] > 0
    assert samples["process_open_fds"][frozenset()] < 100

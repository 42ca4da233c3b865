# SPDX-License-Identifier: ISC
"""test_reload.py: another configuration for a daemon that runs touches what changed, nothing else."""
import re
import signal

import pytest

import gateway as daemon
import nmsp_wire as wire
from gateway import HASTY
from proc import ROOT

OPTIONS_C = (ROOT / "conf/options.c").read_text(encoding="utf-8")


class Running:
    """A daemon with one controller "hq", the outputs "main" (MQTT) and "feed" (file), and its
    configuration as values."""

    def __init__(self, start, state_dir, peer, broker, subscriber, folder):
        self.subscriber, self.state_dir = subscriber, state_dir
        self.base = {
            "gateway": {}, "log": {},
            "controller": {"hq": daemon.controller_options(peer, **HASTY)},
            "mqtt": {"main": daemon.mqtt_options(broker)},
            "file": {"feed": {"path": str(folder / "feed.jsonl")}},
        }
        self.daemon = start(self.base["controller"], self.base["mqtt"], files=self.base["file"],
                            allow=[r"warning session hq", r"another gateway", r"error reload"])
        subscriber.state("hq", "subscribed")

    def text(self, change):
        new = daemon.merged(self.base, change)
        return daemon.configuration(self.state_dir, new["controller"], new["mqtt"], new["file"],
                                    new["gateway"], new["log"])

    def reload(self, change=()):
        """SIGHUP with the base configuration and a change of it; what the daemon says of it."""
        return self.reload_text(self.text(dict(change)))

    def reload_text(self, text):
        self.daemon.config.write_text(text, encoding="utf-8")
        before = len(self.results())
        self.daemon.child.send_signal(signal.SIGHUP)
        self.subscriber.wait(lambda: len(self.results()) > before, "answer to a reload")
        return self.results()[-1]

    def results(self):
        """What came of each reload, in order, once each."""
        found = {}
        for message in self.subscriber.matching(
                lambda message: message.topic.endswith("/info") and message.json
                and "reload" in message.json and "schemas" in message.json):
            found[message.json["reload"]["ts"]] = message.json["reload"]
        return list(found.values())


@pytest.fixture
def running(gateways, state_dir, peer, broker, subscriber, tmp_path):
    return Running(gateways, state_dir, peer, broker, subscriber, tmp_path)


def changes(result):
    assert result["ok"], result
    return {(change["what"], change.get("name")): (change["done"], change.get("options"))
            for change in result["changes"]}


def option_rows():
    """(section, sub or None, name) of every option that the program has."""
    rows = []
    for section, body in re.findall(r"struct option (\w+)_options\[\] = \{(.*?)\n\};", OPTIONS_C,
                                    re.DOTALL):
        for sub, name in re.findall(r'^\t\{ (NULL|"\w+"), "(\w+)", OPTION_', body, re.MULTILINE):
            rows.append((section, None if sub == "NULL" else sub.strip('"'), name))
    return rows


CHANGES = {
    "gateway": {"health_interval": 30, "unknown.publish": False, "unknown.rate": 20},
    "log": {"level": "debug", "levels": ["mqtt=debug"], "trace": ["hq"], "format": "json",
            "facility": "local3"},
    "controller": {
        "host": "localhost", "services": ["rssi:client"], "intervals": ["rssi:client=5"],
        "tags": ["site=hq"], "dictionary": "./dictionary.conf", "echo_interval": 5,
        "echo_timeout": 60, "stall_timeout": 0, "backoff_min": 0.2, "backoff_max": 5,
        "quarantine": 60, "handshake_timeout": 5, "tls.verify": "none", "tls.min_version": "1.3",
        "tls.ciphers": "DEFAULT@SECLEVEL=0"},
    "mqtt": {
        "host": "localhost", "protocol": 3, "client_id": "another", "username": "somebody",
        "keepalive": 60, "qos": 0, "publish": "batch", "topic": "{prefix}/{gateway}/x/{kind}",
        "prefix": "other", "expiry": 60, "queue_size": "1M", "window": 10, "progress_timeout": 60,
        "full.rssi": "drop_newest", "full.statistics": "drop_newest",
        "full.others": "drop_newest", "spool.path": "spool.lmdb", "spool.max_size": "2G",
        "spool.sync": "none"},
    "file": {
        "path": "other.jsonl", "publish": "batch", "queue_size": "1M", "full.rssi": "drop_newest",
        "full.statistics": "drop_newest", "full.others": "drop_newest"},
}
# These are changed by tests of their own, since they need another peer, file or broker.
ELSEWHERE = {
    "gateway": {"name", "dictionary", "state_dir", "identity.mac", "identity.certificate",
                "identity.key"},
    "log": {"target", "path"},
    "controller": {"port", "tls.fingerprint", "tls.ca_file"},
    "mqtt": {"port", "password_file", "tls.ca_file", "tls.certificate", "tls.key", "tls.verify"},
    "file": set(),
}
NAMES = {"gateway": None, "log": None, "controller": "hq", "mqtt": "main", "file": "feed"}
LIVE = {"tags", "publish", "topic", "queue_size", "full.rssi", "full.statistics", "full.others"}


def done(section, option):
    if section in ("gateway", "log") or option in LIVE:
        return "updated"
    return "reopened" if section == "controller" else "restarted"


def test_every_option_is_changed_somewhere():
    for section, sub, name in option_rows():
        option = f"{sub}.{name}" if sub else name
        assert option in CHANGES[section] or option in ELSEWHERE[section], (section, option)


def nested(section, option, value):
    sub, _, name = option.rpartition(".")
    options = {sub: {name: value}} if sub else {name: value}
    return {section: {NAMES[section]: options} if NAMES[section] else options}


@pytest.mark.parametrize("section", CHANGES)
def test_every_option(running, section, peer, subscriber, tmp_path):
    """Each option changed, and back: what is said to be touched is touched, and nothing else."""
    baseline = (ROOT / "conf/dictionary/baseline.conf").read_text(encoding="utf-8")
    (tmp_path / "dictionary.conf").write_text(baseline + "\n", encoding="utf-8")
    for option, value in CHANGES[section].items():
        for change in (nested(section, option, value), {}):
            sessions, states = len(peer.connections), births(subscriber)
            touched = changes(running.reload(change))
            wanted = done(section, option)
            assert touched == {(section, NAMES[section]): (wanted, option)}, option
            if wanted == "reopened":
                peer.wait_session(sessions + 1)
                peer.ready(sessions + 1)
            if wanted == "restarted" and section == "mqtt":
                subscriber.wait(lambda: births(subscriber) > states, "birth")
            assert len(peer.connections) == sessions + (wanted == "reopened"), option


def births(subscriber):
    return len(subscriber.matching(
        lambda message: re.fullmatch(r"\w+/\w+/state", message.topic) and message.json
        and message.json.get("state") == "online"))

# SPDX-License-Identifier: ISC
"""test_reload.py: another configuration for a running daemon touches what changed, nothing else."""
import pathlib
import re
import signal
import urllib.error
import urllib.request

import pytest

import accounting
import gateway as daemon
import nmsp_wire as wire
import play
from gateway import HASTY
from proc import PATIENCE, ROOT, free_port

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
                                    new["gateway"], log=new["log"])

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
        shared = re.search(r"#define FILTER\(at\)(.*?)\n\n", OPTIONS_C, re.DOTALL)[1]
        body += shared if "FILTER(" in body else ""
        for sub, name in re.findall(r'^\t\{ (NULL|"\w+"), "(\w+)", OPTION_', body, re.MULTILINE):
            rows.append((section, None if sub == "NULL" else sub.strip('"'), name))
    return rows


# Of controllers and outputs alike.
FILTER = {"filter.allow": ["kind=rssi", "kind=info"], "filter.deny": "mac_type=local",
          "filter.rssi_floor": -80, "filter.interval": 10, "enrich.fields": ["ssid", "ap_name"]}


CHANGES = {
    "gateway": {"health_interval": 30, "control": "other.sock", "overdue": 60, "user": "nobody",
                "confine": False, "core_dumps": True,
                "unknown.publish": False, "unknown.rate": 20},
    "log": {"level": "debug", "levels": ["mqtt=debug"], "trace": ["hq"], "format": "json",
            "facility": "local3"},
    "controller": {
        "host": "localhost", "services": ["rssi:client"], "intervals": ["rssi:client=5"],
        "tags": ["site=hq"], "dictionary": "./dictionary.conf", "echo_interval": 5,
        "echo_timeout": 60, "stall_timeout": 0, "backoff_min": 0.2, "backoff_max": 5,
        "quarantine": 60, "handshake_timeout": 5, "tls.verify": "none", "tls.min_version": "1.3",
        "tls.ciphers": "DEFAULT@SECLEVEL=0", **FILTER, "enrich.ttl": 60, "enrich.max": 100},
    "mqtt": {
        "host": "localhost", "protocol": 3, "client_id": "another", "username": "somebody",
        "keepalive": 60, "qos": 0, "publish": "batch", "topic": "{prefix}/{gateway}/x/{kind}",
        "prefix": "other", "expiry": 60, "queue_size": "1M", "window": 10, "progress_timeout": 60,
        "session_expiry": 60, "backoff_min": 0.5, "backoff_max": 30,
        "commands": True,
        "full.rssi": "drop_newest", "full.statistics": "drop_newest",
        "full.others": "drop_newest", "spool.path": "spool.lmdb", "spool.max_size": "2G",
        "spool.sync": "none", **FILTER},
    "file": {
        "path": "other.jsonl", "publish": "batch", "queue_size": "1M", "full.rssi": "drop_newest",
        "full.statistics": "drop_newest", "full.others": "drop_newest", **FILTER},
}
# These are changed by tests of their own, since they need another peer, file or broker.
PACE = {"filter.rssi_change", "filter.ap_change"}  # not without filter.interval
ELSEWHERE = {
    "http": {"listen", "port"},
    "gateway": {"name", "dictionary", "state_dir", "identity.mac", "identity.certificate",
                "identity.key"},
    "log": {"target", "path"},
    "controller": {"port", "tls.fingerprint", "tls.ca_file", *PACE},
    "mqtt": {"port", "password_file", "tls.ca_file", "tls.certificate", "tls.key", "tls.verify",
             *PACE},
    "file": PACE,
}
NAMES = {"gateway": None, "log": None, "controller": "hq", "mqtt": "main", "file": "feed"}
LIVE = {"tags", "publish", "topic", "queue_size", "full.rssi", "full.statistics", "full.others",
        *FILTER, "enrich.ttl", "enrich.max"}


def done(section, option):
    if option in ("user", "confine", "core_dumps"):
        return "waits for the next start"
    if section in ("gateway", "log") or option in LIVE:
        return "updated"
    return "reopened" if section == "controller" else "restarted"


def test_every_option_is_changed_somewhere():
    for section, sub, name in option_rows():
        option = f"{sub}.{name}" if sub else name
        known = {*CHANGES.get(section, ()), *ELSEWHERE[section]}
        assert option in known, (section, option)


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


def test_filters_change_while_records_come(running, peer, subscriber):
    """What is known of stations stays; seq and the session go on."""
    session = peer.ready()

    def heard(dbm, count):
        """A station is heard; of its records, which are so many then, the last. The controller's
        new name comes out when the daemon has read what came before it."""
        name = f"wlc{dbm}-{len(subscriber.messages)}"
        session.send(wire.frame(wire.MEASUREMENT, wire.measurement(
            "00:11:22:33:44:55", wire.reading(play.AP, dbm))), wire.capability(name=name))
        subscriber.wait_for(lambda one: one.json and "device" in one.json
                            and one.json["device"]["name"] == name)
        return [(record["seq"], record["readings"][0]["rssi_dbm"])
                for record in subscriber.records(count, "rssi")][-1]

    slow = {"interval": 3600}
    assert heard(-60, 1) == (1, -60)
    running.reload({"controller": {"hq": {"filter": slow}}})
    assert heard(-61, 2) == (2, -61)
    heard(-67, 2)
    quick = {**slow, "rssi_change": 6, "ap_change": True}
    touched = running.reload({"controller": {"hq": {"filter": quick}}})
    assert changes(touched) == {
        ("controller", "hq"): ("updated", "filter.rssi_change, filter.ap_change")}
    heard(-66, 2)
    assert heard(-67, 3) == (5, -67)
    running.reload({"mqtt": {"main": {"filter": slow}}})
    assert heard(-67, 4) == (6, -67)
    running.reload({"mqtt": {"main": {"filter": quick}}})
    heard(-68, 4)
    assert heard(-73, 5) == (8, -73)
    running.reload({"mqtt": {"main": {"filter": {"deny": "kind=rssi"}}}})
    heard(-60, 5)
    running.reload()
    assert heard(-60, 6) == (10, -60)
    assert len(peer.connections) == 1


def births(subscriber):
    return len(subscriber.matching(
        lambda message: re.fullmatch(r"\w+/\w+/state", message.topic) and message.json
        and message.json.get("state") == "online"))


def test_a_bad_configuration_changes_nothing(running, peer, subscriber):
    bad = running.text({"controller": {"hq": {"tags": ["site=hq"]}}, "mqtt": {"main": {"qos": 3}}})
    result = running.reload_text(bad)
    line = 1 + next(n for n, text in enumerate(bad.splitlines()) if "qos" in text)
    assert result["ok"] is False and result["errors"] == [{
        "file": str(running.daemon.config), "line": line,
        "message": 'qos = "3": expected a whole number from 0 to 2'}]
    running.daemon.wait_line("everything stays as it was")
    peer.ready().send(play.measurement(1))
    assert "tags" not in subscriber.records(1, "rssi")[0]
    assert changes(running.reload()) == {}


def test_records_change_while_the_session_goes_on(running, peer, subscriber):
    session = peer.ready()
    session.send(play.measurement(1))
    first = subscriber.records(1, "rssi")[0]
    running.reload({"controller": {"hq": {"tags": ["site=hq"]}},
                    "mqtt": {"main": {"topic": "{prefix}/{gateway}/{tag.site}/{kind}"}}})
    session.send(play.measurement(2))
    second = subscriber.records(2, "rssi")[1]
    assert second["tags"] == {"site": "hq"} and second["session"] == first["session"]
    assert (first["seq"], second["seq"]) == (1, 2)
    assert subscriber.matching(lambda message: message.topic == "nmsp/gw1/hq/rssi")
    assert len(subscriber.matching(lambda message: message.topic == "nmsp/gw1/hq/rssi")) == 2


def test_a_controller_comes_and_goes(running, peers, subscriber):
    other = peers()
    lab = {"controller": {"lab": daemon.controller_options(other, **HASTY)}}
    assert changes(running.reload(lab)) == {("controller", "lab"): ("added", None)}
    subscriber.state("lab", "subscribed")
    other.ready().send(play.measurement(1))
    subscriber.records(1, "rssi")
    assert changes(running.reload()) == {("controller", "lab"): ("removed", None)}
    assert other.ready().wait_frame(wire.UNSUBSCRIBE_REQUEST)
    other.ready().wait_end()
    for topic in ("nmsp/gw1/lab/state", "nmsp/gw1/lab/capability"):
        subscriber.wait_for(lambda message, topic=topic: message.topic == topic
                            and message.payload == b"")
    assert subscriber.matching(lambda message: message.topic == "nmsp/gw1/lab/state")[-1] \
        .payload == b""
    assert running.reload(lab)["ok"]
    other.ready(2).send(play.measurement(2))
    subscriber.records(2, "rssi")


def test_an_output_comes_and_goes(running, peer, brokers, subscribers):
    second = brokers()
    reader = subscribers(second)
    more = {"mqtt": {"second": daemon.mqtt_options(second)}}
    assert changes(running.reload(more)) == {("mqtt", "second"): ("added", None)}
    reader.state("hq", "subscribed")
    reader.wait_for(lambda message: message.topic == "nmsp/gw1/hq/capability")
    peer.ready().send(play.measurement(1))
    reader.records(1, "rssi")
    assert changes(running.reload()) == {("mqtt", "second"): ("removed", None)}
    reader.wait_for(lambda message: message.topic == "nmsp/gw1/state" and message.json
                    and message.json["state"] == "offline")


def test_what_waits_goes_to_the_new_broker(running, peer, broker, brokers, subscribers,
                                           subscriber):
    """The broker is gone for good; the queue goes on to the next one, in order."""
    second = brokers()
    reader = subscribers(second)
    running.daemon.allowed.append(r"warning mqtt main")
    broker.stop()
    running.daemon.wait_line(r"mqtt main: (connection|cannot)")
    for number in range(1, 101):
        peer.ready().send(play.measurement(number))
    peer.ready().send(wire.frame(wire.AP_INFO, wire.access_point()))
    running.subscriber = reader
    moved = {"mqtt": {"main": daemon.mqtt_options(second)}}
    touched = changes(running.reload(moved))
    assert touched == {("mqtt", "main"): ("restarted", "port")}
    records = reader.records(100, "rssi")
    assert [record["seq"] for record in records] == list(range(1, 101))


def test_what_is_spooled_is_counted_once(running, peer, broker, brokers, subscribers, tmp_path):
    """The output that begins anew finds on disk what the one before wrote there."""
    second = brokers()
    reader = subscribers(second)
    spool = {"spool": {"path": str(tmp_path / "spool"), "sync": "none"}}
    running.reload({"mqtt": {"main": spool}})
    running.daemon.allowed.append(r"warning mqtt main")
    broker.stop()
    running.daemon.wait_line(r"mqtt main: (connection|cannot)")
    peer.ready().send(*(play.measurement(number) for number in range(1, 101)))
    running.subscriber = reader
    running.reload({"mqtt": {"main": {**spool, **daemon.mqtt_options(second)}}})
    assert [one["seq"] for one in reader.records(100, "rssi")] == list(range(1, 101))
    running.daemon.stop_in_order()
    account = accounting.check(running.daemon.log)["main", "hq", "rssi"]
    assert (account.received, account.published) == (100, 100)


def test_a_spool_that_is_taken_away(running, peer, broker, brokers, subscribers, tmp_path):
    """What it has stays on disk, and counts as lost."""
    spool = {"path": str(tmp_path / "spool"), "sync": "none"}
    running.reload({"mqtt": {"main": {"spool": spool}}})
    running.daemon.allowed.append(r"warning mqtt main")
    broker.stop()
    running.daemon.wait_line(r"mqtt main: (connection|cannot)")
    peer.ready().send(*(play.measurement(number) for number in range(1, 101)))
    second = brokers()
    running.subscriber = subscribers(second)
    running.reload({"mqtt": {"main": daemon.mqtt_options(second)}})
    running.daemon.stop_in_order()
    account = accounting.check(running.daemon.log)["main", "hq", "rssi"]
    assert account.received == 100 == account.published + account.dropped["spool_lost"]


def test_another_prefix_leaves_nothing_behind(running, broker, subscribers, subscriber):
    running.reload({"mqtt": {"main": {"prefix": "other"}}})
    subscriber.wait_for(lambda message: message.topic == "other/gw1/hq/state" and message.json)
    late = subscribers(broker)
    late.wait_for(lambda message: message.topic == "other/gw1/hq/capability")
    left = {message.topic for message in late.matching(lambda message: message.retain)
            if message.topic.startswith("nmsp/")}
    assert left == {"nmsp/gw1/state"}


def test_another_name(running, peer, subscriber):
    """Topics and records have it; the session goes on."""
    assert changes(running.reload({"gateway": {"name": "gw2"}})) == {
        ("gateway", None): ("updated", "name"), ("mqtt", "main"): ("restarted", None)}
    subscriber.wait_for(lambda message: message.topic == "nmsp/gw2/hq/state" and message.json
                        and message.json["state"] == "subscribed")
    peer.ready().send(play.measurement(1))
    assert subscriber.records(1, "rssi")[0]["gateway"] == "gw2"
    assert len(peer.sessions) == 1


def test_a_dictionary_that_was_edited(running, peer, tmp_path):
    path = tmp_path / "mine.conf"
    text = (ROOT / "conf/dictionary/baseline.conf").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    mine = {"gateway": {"dictionary": str(path)}}
    assert changes(running.reload(mine)) == {
        ("gateway", None): ("updated", "dictionary"), ("controller", "hq"): ("reopened", None)}
    peer.ready(2)
    assert changes(running.reload(mine)) == {}
    path.write_text(text + "# edited\n", encoding="utf-8")
    assert changes(running.reload(mine)) == {("controller", "hq"): ("reopened", None)}
    peer.ready(3)
    path.write_text("frame {", encoding="utf-8")
    assert running.reload(mine)["ok"] is False
    path.write_text(text, encoding="utf-8")


def test_an_identity_that_was_replaced(running, peer, state_dir):
    for name in ("identity.crt", "identity.key"):
        (state_dir / name).unlink()
    assert changes(running.reload()) == {("identity", None): ("replaced", None),
                                         ("controller", "hq"): ("reopened", None)}
    assert peer.ready(2).certificate != peer.ready(1).certificate


@pytest.mark.parametrize("option", ["certificate", "key", "mac"])
def test_options_of_the_identity(running, peer, state_dir, option):
    """Another place of the same identity is no reason to open anything; another one is."""
    if option == "mac":
        for name in ("identity.crt", "identity.key"):
            (state_dir / name).unlink()
    else:
        name = {"certificate": "identity.crt", "key": "identity.key"}[option]
        (state_dir / f"other.{option}").write_bytes((state_dir / name).read_bytes())
        (state_dir / f"other.{option}").chmod(0o600)
    value = "02:00:5e:10:00:02" if option == "mac" else f"other.{option}"
    touched = changes(running.reload({"gateway": {"identity": {option: value}}}))
    assert touched.pop(("gateway", None)) == ("updated", f"identity.{option}")
    assert set(touched) == ({("identity", None), ("controller", "hq")} if option == "mac"
                            else set())
    assert len(peer.wait(lambda: peer.sessions, "session")) >= 1


def test_another_state_dir(running, peer, tmp_path):
    """A gateway without its identity is a stranger: it makes another one there."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    running.state_dir = other
    touched = changes(running.reload())
    assert touched[("gateway", None)] == ("updated", "state_dir")
    assert touched[("controller", "hq")] == ("reopened", None)
    peer.ready(2)


def test_another_port(running, peers):
    other = peers()
    touched = changes(running.reload({"controller": {"hq": {"port": other.port}}}))
    assert touched == {("controller", "hq"): ("reopened", "port")}
    other.ready()


def test_whom_to_trust(running, peer, certificates):
    """Fingerprint, authorities, and an authority's file that was edited."""
    pinned = {"verify": "fingerprint", "fingerprint": certificates.first.fingerprint}
    touched = changes(running.reload({"controller": {"hq": {"tls": pinned}}}))
    assert touched == {("controller", "hq"): ("reopened", "tls.verify, tls.fingerprint")}
    peer.ready(2)
    running.daemon.allowed.append(r"controller hq|session hq")
    issued = {"verify": "ca", "ca_file": certificates.authority.certificate}
    touched = changes(running.reload({"controller": {"hq": {"tls": issued}}}))
    assert touched == {("controller", "hq"):
                       ("reopened", "tls.verify, tls.fingerprint, tls.ca_file")}


def test_a_password_file_that_was_edited(gateways, state_dir, brokers, peer, subscribers, tmp_path):
    guarded = brokers(user="gw", password="right")
    secret = tmp_path / "password"
    secret.write_text("wrong\n", encoding="utf-8")
    secret.chmod(0o600)
    main = daemon.mqtt_options(guarded, username="gw", password_file=str(secret))
    running = gateways({"hq": daemon.controller_options(peer)}, {"main": main},
                       allow=[r"warning mqtt main"])
    running.wait_line(r"mqtt main.*(uthori|refused|password)")
    secret.write_text("right\n", encoding="utf-8")
    running.child.send_signal(signal.SIGHUP)
    running.wait_line(r"reload mqtt main: password_file: restarted")
    running.wait_line(r"mqtt main: connected")


def test_files_of_tls(running, brokers, certificates, subscribers, tmp_path):
    """To a broker with TLS, and again when the file of its authority was written again."""
    secure = brokers(tls=certificates.broker, authority=certificates.authority)
    running.subscriber = subscribers(secure)
    authority = tmp_path / "authority.crt"
    authority.write_bytes(pathlib.Path(certificates.authority.certificate).read_bytes())
    tls = {"mqtt": {"main": {"port": secure.port, "tls": {"ca_file": str(authority)}}}}
    assert changes(running.reload(tls)) == {
        ("mqtt", "main"): ("restarted", "port, tls.ca_file, tls")}
    authority.write_bytes(authority.read_bytes() + b"\n")
    assert changes(running.reload(tls)) == {("mqtt", "main"): ("restarted", "tls.ca_file")}
    tls["mqtt"]["main"]["tls"].update(certificate=certificates.first.certificate,
                                      key=certificates.first.key, verify=False)
    assert changes(running.reload(tls)) == {
        ("mqtt", "main"): ("restarted", "tls.certificate, tls.key, tls.verify")}


def test_http_comes_and_goes(running):
    """Its listener moves at once, and what it was asked before it is told."""
    ports = free_port(), free_port()

    def http(port):
        return running.text({}) + f'http {{\n\tlisten = "127.0.0.1"\n\tport = {port}\n}}\n'
    for port in ports:
        touched = changes(running.reload_text(http(port)))
        assert touched[("http", None)][0] in ("added", "updated")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE) as reply:
            assert reply.status == 200
    assert changes(running.reload()) == {("http", None): ("removed", None)}
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}/healthz", timeout=PATIENCE)


def test_many_reloads_at_once(running, peer, subscriber, broker):
    """Signals while an output is handed over are not lost; the last configuration counts."""
    for window in range(1, 21):
        main = {"window": window, "topic": f"nmsp/w{window}/{{kind}}"}
        running.daemon.config.write_text(running.text({"mqtt": {"main": main}}), encoding="utf-8")
        running.daemon.child.send_signal(signal.SIGHUP)
    running.daemon.wait_line(r"reload: .* changes")
    peer.ready()

    def arrives():
        peer.ready().send(play.measurement(1))
        return subscriber.matching(lambda message: message.topic == "nmsp/w20/rssi")
    subscriber.wait(arrives, "record of the last configuration")
    assert len(peer.sessions) == 1

# SPDX-License-Identifier: ISC
"""test_check.py: `nmsp2mqtt check` names file, line and what is wrong with a configuration."""
import re

import pytest

from gateway import section
from proc import ROOT, nmsp2mqtt

GOOD = """\
gateway {
	name = "gw1"
	dictionary = "baseline"
	state_dir = "STATE"
}
controller "hq" {
	host = "10.0.0.5"
	port = 16113
	services = {"rssi:client", "attachment:station"}
	intervals = {"rssi:client=2"}
	tags = {"site=hq"}
	tls {
		verify = "tofu"
	}
}
mqtt "main" {
	host = "127.0.0.1"
	qos = 1
	protocol = 5
	publish = "record"
	topic = "{prefix}/{gateway}/{controller}/{kind}"
}
file "feed" {
	path = "-"
}
http {
	listen = "127.0.0.1"
	port = 9464
}
"""

# What is replaced, by what, and a word that the message on that line must have.
BAD_LINES = [
    ('name = "gw1"', 'name = "gw 1"', "name"),
    ('name = "gw1"', 'name = ""', "name"),
    ('name = "gw1"', 'nmae = "gw1"', "nmae"),
    ('name = "gw1"', 'name = "${E2E_NOT_SET}"', "E2E_NOT_SET"),
    ('dictionary = "baseline"', 'dictionary = "nonesuch"', "nonesuch"),
    ('dictionary = "baseline"', 'dictionary = "/nonexistent/d.conf"', "/nonexistent/d.conf"),
    ('dictionary = "baseline"', 'identity { mac = "not a mac" }', "mac"),
    ('dictionary = "baseline"', 'overdue = 0', "overdue"),
    ('listen = "127.0.0.1"', 'listen = "localhost"', "localhost"),
    ('listen = "127.0.0.1"', 'listen = "127.0.0.1:80"', "127.0.0.1:80"),
    ('listen = "127.0.0.1"', 'address = "127.0.0.1"', "address"),
    ("port = 9464", "port = 0", "port"),
    ('controller "hq"', 'controller "state"', "state"),
    ('controller "hq"', 'controller "command"', "command"),
    ('controller "hq"', 'controller "h/q"', "h/q"),
    ('controller "hq"', 'kontroller "hq"', "kontroller"),
    ('host = "10.0.0.5"', 'host = ""', "host"),
    ("port = 16113", "port = 70000", "port"),
    ("port = 16113", "port = -1", "port"),
    ("port = 16113", 'port = "many"', "port"),
    ('"attachment:station"', '"attachment:bogus"', "bogus"),
    ('"attachment:station"', '"rssi"', "rssi"),
    ('"attachment:station"', '"rssi:client"', "rssi:client"),
    ('"rssi:client=2"', '"rssi:client=0"', "rssi:client"),
    ('"rssi:client=2"', '"rssi:client=soon"', "soon"),
    ('"rssi:client=2"', '"rssi:client=10000"', "10000"),
    ('"site=hq"', '"site"', "site"),
    ('"site=hq"', '"site=hq", "site=b"', "site"),
    ('verify = "tofu"', 'verify = "maybe"', "tofu"),
    ('verify = "tofu"', 'fingerprint = "abc"', "fingerprint"),
    ('verify = "tofu"', 'min_version = "1.4"', "1.2"),
    ('verify = "tofu"', 'ciphers = "NO-SUCH-CIPHER"', "cipher"),
    ('verify = "tofu"', 'ca_file = "/nonexistent/ca.pem"', "ca.pem"),
    ('tags = {"site=hq"}', 'filter { allow = "kind=rsi" }', "rssi"),
    ('tags = {"site=hq"}', 'filter { deny = "ssdi=guest" }', "ssid"),
    ('tags = {"site=hq"}', 'filter { deny = "ssid" }', "ssid"),
    ('tags = {"site=hq"}', 'filter { deny = "entity=rouge_ap" }', "rogue_ap"),
    ('tags = {"site=hq"}', 'filter { deny = "mac=02:xx" }', "MAC"),
    ('tags = {"site=hq"}', 'filter { deny = "ap=cafe:babe:cafe:1" }', "MAC"),
    ('tags = {"site=hq"}', 'filter { deny = "mac_type=random" }', "universal"),
    ('tags = {"site=hq"}', 'filter { rssi_floor = 20 }', "rssi_floor"),
    ('tags = {"site=hq"}', 'filter { interval = "often" }', "interval"),
    ('tags = {"site=hq"}', 'filter { rssi_change = 5 }', "interval"),
    ('tags = {"site=hq"}', 'filter { ap_change = "true" }', "interval"),
    ('tags = {"site=hq"}', 'filter { ap_change = "sometimes" }', "ap_change"),
    ('tags = {"site=hq"}', 'enrich { fields = "password" }', "username"),
    ('tags = {"site=hq"}', 'enrich { ttl = 0 }', "ttl"),
    ('tags = {"site=hq"}', 'enrich { max = 0 }', "max"),
    ("qos = 1", 'filter { deny = "entity=clint" }', "client"),
    ("qos = 1", "filter { rssi_floor = 1 }", "rssi_floor"),
    ("qos = 1", "enrich { ttl = 5 }", "ttl"),
    ("qos = 1", "qos = 3", "qos"),
    ("qos = 1", "keepalive = -1", "keepalive"),
    ("qos = 1", 'commands = "some"', "commands"),
    ("qos = 1", 'password_file = "/nonexistent/secret"', "secret"),
    ("qos = 1", 'queue_size = "lots"', "lots"),
    ("protocol = 5", "protocol = 4", "protocol"),
    ("protocol = 5", "session_expiry = 60\n\tprotocol = 3", "protocol = 5"),
    ("qos = 1", "session_expiry = 60\n\tqos = 2", "session_expiry"),
    ("qos = 1", "backoff_max = 2\n\tbackoff_min = 5", "backoff_min"),
    ('publish = "record"', 'publish = "sometimes"', "batch"),
    ("/{kind}", "/{bogus}", "bogus"),
    ("/{kind}", "/{kind", "kind"),
    ("/{kind}", "/#", "#"),
    ("/{kind}", "/+", "+"),
    ('path = "-"', 'filter { interval = 86401 }', "interval"),
    ('path = "-"', 'filter { deny = "entity=nobody" }', "interferer"),
    ('path = "-"', 'path = "-"\n}\nfile "feed" {', "feed"),
    ('path = "-"', 'path = "-"\n}\nmqtt "main" {', "main"),
    ('path = "-"', 'path = "-"\n}\ncontroller "hq" {\n\thost = "10.0.0.6"', "hq"),
]


@pytest.fixture
def check(tmp_path, state_dir):
    """Checks a configuration with other files beside it: (exit status, standard error)."""
    def run(text, **files):
        for name, content in files.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        path = tmp_path / "bad.conf"
        path.write_text(text.replace("STATE", str(state_dir)), encoding="utf-8")
        done = nmsp2mqtt("check", "-c", path)
        return done.returncode, done.stderr.decode("utf-8")
    return run


def changed_lines(text, old, new):
    """Lines (from 1) that may be named for a change: of the key, and of its section's head."""
    before = text[:text.index(old)].count("\n")
    lines = text.replace(old, new).split("\n")
    last = before + new.count("\n")
    heads = [n for n in range(last + 1) if lines[n].rstrip().endswith("{")]
    outer = [n for n in heads if not lines[n].startswith("\t")]
    return {n + 1 for n in (before, heads[-1], outer[-1])}


def test_good(check):
    assert check(GOOD) == (0, "")


def test_shipped_example():
    """Nothing is wrong with it but that this machine has no identity for it."""
    (example,) = (ROOT / "conf").glob("nmsp2mqtt.conf.e*")
    done = nmsp2mqtt("check", "-c", example)
    lines = done.stderr.decode("utf-8").splitlines()
    assert [line for line in lines if "identity" not in line] == []


@pytest.mark.parametrize("old, new, word", BAD_LINES, ids=[row[1][:40] for row in BAD_LINES])
def test_bad_line(check, old, new, word):
    assert GOOD.count(old) == 1
    status, errors = check(GOOD.replace(old, new))
    assert status == 1
    told = re.findall(rf"bad\.conf:(\d+): .*{re.escape(word)}", errors)
    assert {int(line) for line in told} & changed_lines(GOOD, old, new), errors


@pytest.mark.parametrize("old, new", [('name = "gw1"', 'name = "gw1'), ("qos = 1", "qos 1")])
def test_syntax_error(check, old, new):
    status, errors = check(GOOD.replace(old, new))
    assert status == 1 and re.search(r"bad\.conf:\d+: ", errors), errors


@pytest.mark.parametrize("missing, word", [
    ('\thost = "10.0.0.5"\n', "host"),
    ('\tname = "gw1"\n', "name"),
])
def test_missing_option_is_told_with_its_section(check, missing, word):
    status, errors = check(GOOD.replace(missing, ""))
    assert status == 1
    assert re.search(rf"bad\.conf:\d+: .*{word}", errors), errors


@pytest.mark.parametrize("verify, word", [("fingerprint", "fingerprint"), ("ca", "ca_file")])
def test_verify_needs_something_to_compare_with(check, verify, word):
    status, errors = check(GOOD.replace('"tofu"', f'"{verify}"'))
    assert status == 1
    assert re.search(rf"bad\.conf:\d+: .*{word}", errors), errors


@pytest.mark.parametrize("old, new, line", [
    ('{"rssi:client", ', '{\n"rssi:client",\n"rssi:tga",\n', 11),
    ('dictionary = "baseline"', 'dictionary = "nonesuch"', 3),
    ("port = 16113", 'dictionary = "nonesuch"', 8),
    ('verify = "tofu"', 'ciphers = "NO-SUCH-CIPHER"', 13),
    ('verify = "tofu"', 'verify = "ca"\nca_file = "more.pem"', 14),
])
def test_what_is_named_is_checked(check, tmp_path, old, new, line):
    """Errors found outside of the file have the option's own line, with `run` as with `check`."""
    status, errors = check(GOOD.replace(old, new), **{"more.pem": "no certificate\n"})
    assert status == 1
    assert f"bad.conf:{line}: " in errors.splitlines()[-1], errors
    done = nmsp2mqtt("run", "-c", tmp_path / "bad.conf")
    assert done.returncode == 1 and done.stderr.decode("utf-8").endswith(errors)


def test_every_error_is_told(check):
    text = GOOD.replace("qos = 1", "qos = 9").replace("port = 16113", "port = 0")
    status, errors = check(text.replace("/{kind}", "/{bogus}"))
    assert status == 1
    for line in (8, 18, 21):
        assert f"bad.conf:{line}:" in errors, errors


def test_missing_file(tmp_path):
    done = nmsp2mqtt("check", "-c", tmp_path / "nonexistent.conf")
    assert done.returncode == 1 and b"nonexistent.conf" in done.stderr


def test_include_and_environment(check, monkeypatch):
    """An error in an included file is told with that file's name and line."""
    monkeypatch.setenv("E2E_NAME", "gw1")
    text = 'include("more.conf")\n' + GOOD.replace('"gw1"', '"${E2E_NAME}"')
    more = section("controller", "branch", {"host": "10.0.0.7", "port": 16113})
    assert check(text, **{"more.conf": more + "\n"}) == (0, "")
    more = more.replace("16113", "0")
    status, errors = check(text, **{"more.conf": more + "\n"})
    assert status == 1 and re.search(r"more\.conf:3: .*port", errors), errors


def test_dictionary_errors_name_the_dictionary(check, tmp_path):
    broken = 'message "echo_request" {\n\tid = 70000000\n}\n'
    text = GOOD.replace('"baseline"', f'"{tmp_path}/broken.conf"')
    status, errors = check(text, **{"broken.conf": broken})
    assert status == 1 and re.search(r"broken\.conf:\d+: ", errors), errors

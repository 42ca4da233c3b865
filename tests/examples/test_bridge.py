# SPDX-License-Identifier: ISC
"""test_bridge.py: docs/examples/bridge, two brokers, who may do what, and what they must refuse."""
import subprocess

import pytest

from conftest import EXAMPLES
from gateway import controller_options, mqtt_options
from proc import Process, free_port

SMALL = ("--allow-all", "--aps", 4, "--clients", 5, "--seed", 7)
PASSWORD = "change-me"
FOLDER = EXAMPLES / "bridge"


class Site:
    """One of the two brokers, with the example's files but for places and ports."""

    user = authority = None
    host = "127.0.0.1"

    def __init__(self, name, folder, ports):
        self.port = ports[name]
        store = folder / name
        store.mkdir()
        passwords = store / "passwords"
        for user in ("gw1", "site1", "reader"):
            new = [] if passwords.exists() else ["-c"]
            subprocess.run(["mosquitto_passwd", "-b", *new, passwords, user, PASSWORD], check=True,
                           capture_output=True)
        (store / "acl").write_text((FOLDER / f"{name}.acl").read_text(), encoding="ascii")
        text = (FOLDER / f"{name}.conf").read_text()
        for shown, real in (("1883 127", f"{ports['site']} 127"),
                            ("1884 127", f"{ports['central']} 127"),
                            ("127.0.0.1:1884", f"127.0.0.1:{ports['central']}"),
                            ("/etc/mosquitto/passwords", passwords),
                            (f"/etc/mosquitto/{name}.acl", store / "acl"),
                            ("/var/lib/mosquitto/", f"{store}/")):
            text = text.replace(shown, str(real))
        config = store / "mosquitto.conf"
        config.write_text(f"{text}\nuser root\nlog_dest stderr\nlog_type all\n", encoding="ascii")
        self.process = Process("mosquitto", "-c", config)
        self.process.wait_line(r"mosquitto version \S+ running")

    def as_user(self, name):
        """The broker as a subscriber of that name sees it."""
        seen = type("Login", (), dict(host=self.host, port=self.port, authority=None))()
        seen.user, seen.password = name, PASSWORD
        return seen


@pytest.fixture
def sites(tmp_path):
    ports = {"site": free_port(), "central": free_port()}
    made = {}
    for name in ("central", "site"):
        made[name] = Site(name, tmp_path, ports)
    yield made
    for one in made.values():
        one.process.stop()


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "gw1.password"
    path.write_text(PASSWORD + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


def test_records_reach_the_centre(sites, sims, subscribers, gateways, password_file):
    reader = subscribers(sites["central"].as_user("reader"))
    output = mqtt_options(sites["site"], username="gw1", password_file=password_file)
    gateways({"hq": controller_options(sims(*SMALL))}, {"main": output})
    assert reader.records(5, "rssi")
    assert reader.state("hq", "subscribed")
    late = subscribers(sites["central"].as_user("reader"))
    kept = late.wait_for(lambda one: one.retain and one.topic == "nmsp/gw1/state")
    assert kept[0].json["state"] == "online"


DENIED = [
    ("site", "gw1", "nmsp/gw2/hq/rssi"),
    ("site", "gw1", "other/gw1"),
    ("site", "reader", "nmsp/gw1/hq/rssi"),
    ("site", "reader", "nmsp/gw1/command/measure"),
    ("central", "site1", "nmsp/gw2/hq/rssi"),
    ("central", "reader", "nmsp/gw1/hq/rssi"),
]


@pytest.mark.parametrize("where, user, topic", DENIED)
def test_writing_is_denied(sites, subscribers, where, user, topic):
    """The broker says so; who may read everything gets only what is written after."""
    reader = subscribers(sites[where].as_user("reader"))
    writer = {"site": "gw1", "central": "site1"}[where]
    subscribers(sites[where].as_user(user)).publish(topic, "no")
    sites[where].process.wait_line(rf"Denied PUBLISH .*'{topic}'")
    subscribers(sites[where].as_user(writer)).publish("nmsp/gw1/hq/ap", "yes")
    reader.wait_for(lambda one: one.payload == b"yes")
    assert not reader.matching(lambda one: one.payload == b"no")


@pytest.mark.parametrize("where, user, other", [
    ("site", "gw1", "reader"), ("central", "site1", "reader")])
def test_reading_is_denied(sites, subscribers, where, user, other):
    """Who writes reads nothing of it."""
    writer = subscribers(sites[where].as_user(user), topic="nmsp/#")
    reader = subscribers(sites[where].as_user(other), topic="nmsp/#")
    writer.publish("nmsp/gw1/hq/ap", "one")
    writer.publish("nmsp/gw1/hq/ap", "two")
    reader.wait_for(lambda one: one.payload == b"two")
    assert not writer.messages


@pytest.mark.parametrize("where", ["site", "central"])
@pytest.mark.parametrize("login", [[], ["-u", "reader", "-P", "wrong"]])
def test_strangers_are_refused(sites, where, login):
    done = subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(sites[where].port), *login,
                           "-t", "nmsp/gw1/state", "-m", "x"], capture_output=True, text=True,
                          timeout=15, check=False)
    assert done.returncode != 0 and "not authorised" in done.stderr

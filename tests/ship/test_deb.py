# SPDX-License-Identifier: ISC
"""test_deb.py: the packages of `make deb` in the life of a Debian machine with systemd

One machine lives through it all, so the tests stand in their order.
"""
import pathlib
import re
import shutil
import time

import pytest

import engine
from broker import Broker, Subscriber
from proc import BUILD, PATIENCE, free_port

DEBS = pathlib.Path(BUILD).resolve() / "deb"
CONFIG = "/etc/nmsp2mqtt/nmsp2mqtt.conf"
STATE = "/var/lib/nmsp2mqtt"
UNIT = "/lib/systemd/system/nmsp2mqtt.service"
EXPOSURE = 2.5
OURS = """\
gateway {{ name = "box" }}
controller "hq" {{ host = "127.0.0.1" port = {controller} }}
mqtt "main" {{
	host = "127.0.0.1"
	port = {broker}
	username = "gateway"
	password_file = "${{CREDENTIALS_DIRECTORY:-/etc/credstore}}/nmsp2mqtt.password"
}}
"""


class Machine(engine.Container):
    """A machine that has booted; commands run as root."""

    def __init__(self, image, debs):
        super().__init__(image, options=["--systemd=always", "--privileged", "--cgroupns=private",
                                         "--pids-limit=-1", f"--volume={debs}:/deb:ro"])
        # systemd makes its socket a moment after it was started.
        end = time.monotonic() + PATIENCE
        while self.ask("test", "-S", "/run/systemd/private").returncode != 0:
            assert time.monotonic() < end, "systemd does not start"
            time.sleep(0.05)
        # As on a machine; else what systemd mounts for a service stays hidden from it.
        self.exec("mount", "--make-rshared", "/")
        self.exec("systemctl", "is-system-running", "--wait", check=False)

    def ask(self, *command):
        return self.exec(*command, check=False)

    def __call__(self, *command):
        return self.exec(*command).stdout.strip()

    def apt(self, *arguments):
        """apt-get; a conffile that was changed stays, as dpkg proposes."""
        return self.exec("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q",
                         "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold",
                         *arguments)

    def show(self, what):
        return self("systemctl", "show", "--value", "--property", what, "nmsp2mqtt")

    def stat(self, path):
        return self("stat", "--format", "%U:%G %a", path)

    def exists(self, path):
        return self.ask("test", "-e", path).returncode == 0

    def write(self, path, text, mode="644"):
        self.exec("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text)


def built(package):
    """The file of a package."""
    (path,) = DEBS.glob(f"{package}_*.deb")
    return path


def newer(package, folder):
    """A package as the next version, and its conffile with a line more."""
    tree = folder / package
    engine.run("dpkg-deb", "--raw-extract", built(package), tree)
    control = tree / "DEBIAN/control"
    text = control.read_text(encoding="utf-8")
    version = re.search(r"(?m)^Version: (.*)$", text)[1]
    control.write_text(text.replace(version, f"{version}+next"), encoding="utf-8")
    if (tree / CONFIG[1:]).exists():
        with open(tree / CONFIG[1:], "a", encoding="utf-8") as shipped:
            shipped.write("\n# Said by the next version.\n")
    engine.run("dpkg-deb", "--root-owner-group", "--build", tree, folder / f"{package}-next.deb")
    shutil.rmtree(tree)


@pytest.fixture(scope="module")
def machine(base, tmp_path_factory):
    del base
    debs = tmp_path_factory.mktemp("debs")
    for package in ("nmsp2mqtt", "nmsp-sim"):
        shutil.copy(built(package), debs / f"{package}.deb")
        newer(package, debs)
    engine.build("nmsp2mqtt-systemd", context=pathlib.Path(__file__).parent / "systemd",
                 file="Dockerfile")
    made = Machine("localhost/nmsp2mqtt-systemd", debs)
    yield made
    print(made.ask("journalctl", "--no-pager", "-u", "nmsp2mqtt").stdout)
    made.remove()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Broker(tmp_path_factory.mktemp("broker"), user="gateway", password="correct horse")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def subscriber(broker):
    made = Subscriber(broker)
    yield made
    made.stop()


def test_lintian_is_content():
    done = engine.run("lintian", "--allow-root", "--pedantic",
                      "--fail-on", "error,warning,pedantic",
                      *DEBS.glob("*.changes"), check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_install(machine):
    """Everything is there and nothing runs; no identity is made."""
    machine.apt("install", "/deb/nmsp2mqtt.deb", "/deb/nmsp-sim.deb")
    assert machine.stat(CONFIG) == "root:root 644"
    assert machine.stat(STATE) == "nmsp2mqtt:nmsp2mqtt 750"
    assert machine("ls", "-A", STATE) == ""
    assert machine.ask("systemctl", "is-enabled", "nmsp2mqtt").stdout.strip() == "disabled"
    assert machine.show("ActiveState") == "inactive"
    assert machine("nmsp2mqtt", "--version").startswith("nmsp2mqtt")
    files = machine("dpkg", "--listfiles", "nmsp2mqtt").splitlines()
    for path in ("/usr/share/man/man1/nmsp2mqtt.1.gz", "/usr/share/man/man5/nmsp2mqtt.conf.5.gz",
                 "/usr/share/man/man5/nmsp2mqtt-dictionary.5.gz", UNIT,
                 "/usr/share/nmsp2mqtt/dictionary/baseline.conf",
                 "/usr/share/doc/nmsp2mqtt/examples/nmsp2mqtt.conf.example",
                 "/usr/share/doc/nmsp2mqtt/examples/bridge/site.conf",
                 "/usr/share/doc/nmsp2mqtt/examples/to_sqlite.py"):
        assert path in files, path


def test_unit(machine):
    assert not machine.exec("systemd-analyze", "verify", "--man=no", UNIT).stderr
    said = machine("systemd-analyze", "security", "--no-pager", "--offline=true", UNIT)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    print(f"exposure {exposure}")
    assert exposure < EXPOSURE


def test_shipped_configuration_lacks_only_the_controller(machine):
    done = machine.ask("nmsp2mqtt", "check", "-c", CONFIG)
    assert done.returncode == 1
    assert re.fullmatch(rf'{CONFIG}:\d+: host "": expected a name or an address\n', done.stderr)


def test_service(machine, broker, subscriber):
    """As docs/install.md says: configure, make the identity as root, enable."""
    controller = free_port()
    machine.write("/etc/systemd/system/sim.service",
                  "[Service]\nExecStart=/usr/bin/nmsp-sim --address 127.0.0.1 --speed 5 "
                  f"--allow-all --port {controller}\n")
    machine("systemctl", "start", "sim")
    machine.write(CONFIG, OURS.format(controller=controller, broker=broker.port))
    machine.write("/etc/credstore/nmsp2mqtt.password", broker.password + "\n", "600")
    assert "SHA2 Key Hash" in machine("nmsp2mqtt", "identity", "-c", CONFIG)
    assert machine.stat(f"{STATE}/identity.key") == "nmsp2mqtt:nmsp2mqtt 600"
    machine("systemctl", "enable", "--now", "nmsp2mqtt")
    assert machine.show("ActiveState") == "active"
    assert subscriber.records(5, "rssi", timeout=30)[0]["gateway"] == "box"


def test_confinement(machine):
    pid = machine.show("MainPID")
    text = machine("cat", f"/proc/{pid}/status")
    status = dict(line.split(":\t", 1) for line in text.splitlines())
    user = machine("id", "-u", "nmsp2mqtt")
    assert status["Uid"].split() == [user] * 4
    assert int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    mounts = machine("cat", f"/proc/{pid}/mounts").splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"] and "rw" in options[STATE]


def test_reload(machine):
    pid = machine.show("MainPID")
    machine("systemctl", "reload", "nmsp2mqtt")
    assert machine.show("MainPID") == pid and machine.show("ActiveState") == "active"


def test_upgrade(machine, subscriber):
    """The running service is restarted, and a changed configuration stays."""
    pid, before = machine.show("MainPID"), machine("cat", CONFIG)
    hashes = machine("nmsp2mqtt", "identity", "-c", CONFIG)
    births = len(subscriber.matching(online))
    machine.apt("install", "/deb/nmsp2mqtt-next.deb", "/deb/nmsp-sim-next.deb")
    assert machine("dpkg-query", "-W", "-f", "${Version}", "nmsp2mqtt").endswith("+next")
    subscriber.wait_for(online, births + 1, what="birth")
    assert machine.show("MainPID") != pid and machine.show("ActiveState") == "active"
    assert machine("cat", CONFIG) == before
    assert "Said by the next version" in machine("cat", CONFIG + ".dpkg-dist")
    assert machine("nmsp2mqtt", "identity", "-c", CONFIG) == hashes


def online(message):
    return message.topic == "nmsp/box/state" and message.json["state"] == "online"


def test_remove(machine, subscriber):
    """The service says goodbye; configuration and state stay."""
    machine.apt("remove", "nmsp2mqtt")
    subscriber.wait_for(lambda one: one.topic == "nmsp/box/state"
                        and one.json.get("reason") == "stopped", 2, what="goodbye")
    assert not machine.exists("/usr/bin/nmsp2mqtt") and not machine.exists(UNIT)
    assert machine.exists(CONFIG) and machine.exists(f"{STATE}/identity.key")


def test_purge(machine):
    machine.apt("purge", "nmsp2mqtt")
    for path in (CONFIG, STATE, "/var/log/nmsp2mqtt", "/etc/credstore/nmsp2mqtt.password",
                 "/etc/systemd/system/multi-user.target.wants/nmsp2mqtt.service"):
        assert not machine.exists(path), path
    left = machine("find", "/etc", "/usr", "/var/lib", "-xdev", "-name", "*nmsp*", "-not", "-path",
                   "/var/lib/systemd/*").splitlines()
    assert not left, left

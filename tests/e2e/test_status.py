# SPDX-License-Identifier: ISC
"""test_status.py: the commands that ask the running daemon: status, tail, healthcheck, reload."""
import json
import os
import pty
import re
import signal
import subprocess

import pytest

import daemon_http
import gateway as daemon
import nmsp_wire as wire
import play
import schemas
from gateway import HASTY, SEVEN
from http_client import ask, until
from proc import NMSP2MQTT, Process, free_port, nmsp2mqtt

COMMANDS = ("status", "tail", "healthcheck", "reload")


@pytest.fixture
def running(gateway, peer, subscriber, state_dir):
    return daemon_http.Running(gateway, peer, subscriber, state_dir)


def run(running, *arguments):
    """A command that must go well; its output as text."""
    done = nmsp2mqtt(*arguments, "-c", running.daemon.config)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8")


def table(text, title):
    """{first cell: {heading: cell}} of the table under a title."""
    lines = text.split(f"{title}\n", 1)[1].split("\n\n")[0].splitlines()
    starts = [found.start() for found in re.finditer(r"\S+( \S+)*", lines[0])]
    names = re.findall(r"\S+(?: \S+)*", lines[0])
    rows = []
    for line in lines[1:]:
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) == len(names):
            rows.append(dict(zip(names, cells)))
    assert starts and rows
    return rows


# status

def test_summary(running):
    running.send(play.measurement(1))
    text = run(running, "status")
    assert text.startswith("Gateway gw1, nmsp2mqtt ") and f"process {running.pid}\n" in text
    (row,) = table(text, "Controllers")
    assert (row["CONTROLLER"], row["IP ADDRESS"], row["STATE"]) == ("hq", "127.0.0.1",
                                                                   "subscribed")
    assert int(row["RX DATA"]) >= 3 and row["TX ECHO REQ"] == "0"
    (row,) = table(text, "Outputs")
    assert (row["OUTPUT"], row["TYPE"], row["CONNECTED"], row["DROPPED"]) == ("main", "mqtt", "yes",
                                                                             "0")


def test_everything_of_a_controller(running):
    """What the status page of a Mobility Services Engine shows."""
    running.send(play.measurement(1), play.measurement(2))
    text = run(running, "status", "hq")
    summary = dict(re.findall(r"^  (\S+(?: \S+)*) {2,}(.*)$", text.split("\n\n")[0], re.MULTILINE))
    assert summary["NMSP status"] == "subscribed"
    assert summary["IP address"] == f"127.0.0.1 port {running.peer.port}"
    assert summary["Target type"] == "controller, C9800-L-F-K9 17.12.4"
    assert summary["Echo requests"] == "0, last -" and "Last activity" in summary
    assert "\nCapable NMSP services\n  rssi: client, tag" in text
    services = table(text, "Subscribed services and sub-services")
    assert [f"{row['SERVICE']}:{row['SUB-SERVICE']}" for row in services] == SEVEN
    assert services[0]["DELIVERING"] == "yes" and services[1]["DELIVERING"] == "no"
    messages = {(row["MESSAGE TYPE"], row["IN/OUT"]): row for row in table(text, "Messages")}
    assert messages["service_subscribe_request", "OUT"]["BYTES"] == "77"
    assert messages["measurement_notification", "IN"]["COUNT"] == "2"
    (rssi,) = [row for row in table(text, "Records") if row["KIND"] == "rssi"]
    assert rssi["COUNT"] == "2"
    (account,) = [row for row in table(text, "Where its records went") if row["KIND"] == "rssi"]
    assert account["RECEIVED"] == "2"


def test_columns_are_aligned(running):
    lines = run(running, "status", "hq").split("Messages\n")[1].split("\n\n")[0].splitlines()
    end = lines[0].index("COUNT") + len("COUNT")
    assert len({line[:end].rstrip()[-1].isalnum() and line[end] == " " for line in lines}) == 1
    assert all(line[end - 1].isdigit() for line in lines[1:])


def test_json(running):
    status = json.loads(run(running, "status", "--json"))
    schemas.strict("status").validate(status)
    assert json.loads(run(running, "status", "--json", "hq"))["controllers"][0]["name"] == "hq"


def test_reasons_are_shown(gateways, broker, subscriber):
    one = gateways({"hq": {"host": "127.0.0.1", "port": free_port(), **HASTY}},
                   {"main": daemon.mqtt_options(broker)}, allow=["hq"])
    subscriber.state("hq", "backoff")
    done = nmsp2mqtt("status", "-c", one.config)
    assert "  hq: nothing listens at 127.0.0.1" in done.stdout.decode()


def coloured(running, **environment):
    """The summary as a terminal gets it."""
    main, end = pty.openpty()
    child = subprocess.Popen([NMSP2MQTT, "status", "-c", running.daemon.config], stdout=end,
                             env={**os.environ, "TERM": "xterm", **environment})
    os.close(end)
    text = b""
    try:
        while chunk := os.read(main, 65536):
            text += chunk
    except OSError:
        pass  # the other end of a terminal ends so
    os.close(main)
    assert child.wait() == 0
    return text


def test_colours_are_for_terminals(running):
    assert b"\033[32msubscribed\033[0m" in coloured(running, NO_COLOR="")
    assert b"\033" not in coloured(running, NO_COLOR="1")
    assert b"\033" not in coloured(running, TERM="dumb", NO_COLOR="")
    assert "\033" not in run(running, "status")


def test_no_such_controller(running):
    for name, said in (("other", "no controller of this name"), ("a b", "is no name"),
                       ("x&y", "is no name")):
        done = nmsp2mqtt("status", "-c", running.daemon.config, name)
        assert done.returncode == 1 and said in done.stderr.decode()


# tail

def test_tail(running):
    tail = Process(NMSP2MQTT, "tail", "-c", running.daemon.config, "-n", 3, "--kind", "rssi",
                   "--mac", "00:11:22", "--controller", "hq")
    until(lambda: running.session.send(play.measurement(1)) or len(tail.stdout) >= 3, "records")
    assert tail.finish() == 0 and len(tail.stdout) == 3
    assert all(json.loads(line)["mac"] == "00:11:22:00:00:01" for line in tail.stdout)


def test_tail_until_interrupted(running):
    tail = Process(NMSP2MQTT, "tail", "--socket", running.control)
    until(lambda: running.session.send(play.measurement(1)) or tail.stdout, "records")
    tail.signal(signal.SIGINT)
    assert tail.finish() == -signal.SIGINT


def test_tail_ends_with_the_daemon(running):
    tail = Process(NMSP2MQTT, "tail", "--socket", running.control)
    until(lambda: running.session.send(play.measurement(1)) or tail.stdout, "records")
    running.daemon.stop_in_order()
    assert tail.finish() == 0


def test_what_tail_does_not_take(running):
    for wrong in (("--kind", "none"), ("--mac", "xx"), ("-n", "0"), ("--controller", "a b"),
                  ("--controller", "other"), ("superfluous",)):
        done = nmsp2mqtt("tail", "-c", running.daemon.config, *wrong)
        assert done.returncode == 1 and done.stderr and not done.stdout


# healthcheck

def test_healthcheck(running):
    assert run(running, "healthcheck") == "ok\n"
    assert json.loads(run(running, "healthcheck", "--ready")) == {"ready": True}


def test_healthcheck_of_one_that_is_not_ready(gateways, peer):
    one = gateways({"hq": daemon.controller_options(peer)},
                   {"main": {"host": "127.0.0.1", "port": free_port()}}, allow=["mqtt main"])
    peer.ready()
    assert nmsp2mqtt("healthcheck", "-c", one.config).returncode == 0
    done = nmsp2mqtt("healthcheck", "--ready", "-c", one.config)
    assert done.returncode == 1 and b'"not_connected":[{"name":"main"' in done.stderr


# reload

def test_reload(running):
    assert run(running, "reload") == "nothing changed\n"
    text = running.daemon.config.read_text(encoding="utf-8")
    running.daemon.config.write_text(text.replace("gateway {", "gateway {\n\toverdue = 7", 1),
                                     encoding="utf-8")
    assert run(running, "reload") == "gateway: overdue: updated\n"


def test_a_reload_that_fails(running):
    running.daemon.allowed.append("reload")
    text = running.daemon.config.read_text(encoding="utf-8")
    running.daemon.config.write_text(text + "nonsense = 1\n", encoding="utf-8")
    done = nmsp2mqtt("reload", "--socket", running.control)
    assert done.returncode == 1 and not done.stdout
    lines = done.stderr.decode().splitlines()
    assert re.match(rf"{re.escape(str(running.daemon.config))}:\d+: .*nonsense", lines[0])
    assert lines[-1] == "nothing was changed"
    assert ask(running.control, "/healthz").status == 200


# Nobody to ask.

@pytest.mark.parametrize("command", COMMANDS)
def test_no_daemon(command, tmp_path):
    done = nmsp2mqtt(command, "--socket", tmp_path / "none.sock")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.decode() == (
        f"{tmp_path}/none.sock: no gateway: there is no such socket; is nmsp2mqtt running, and "
        "with this configuration?\n")


def test_a_daemon_that_was_killed(running):
    running.daemon.kill()
    done = nmsp2mqtt("status", "--socket", running.control)
    assert done.returncode == 1 and b"nobody listens there any more" in done.stderr


def test_a_configuration_that_is_wrong_now(gateway, peer, subscriber, state_dir):
    """Whoever asks is told, and a reload says what is wrong, as long as the file can be parsed."""
    running = daemon_http.Running(gateway, peer, subscriber, state_dir, allow=["reload"])
    path = running.daemon.config
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\nfile all {{ fluhs = 1 }}\n", encoding="utf-8")
    assert b"hq" in nmsp2mqtt("status", "-c", path).stdout
    assert nmsp2mqtt("healthcheck", "-c", path).returncode == 0
    done = nmsp2mqtt("reload", "-c", path)
    assert done.returncode == 1 and b"fluhs" in done.stderr + done.stdout
    path.write_text("gateway {", encoding="utf-8")
    done = nmsp2mqtt("status", "-c", path)
    assert done.returncode == 1 and done.stderr.startswith(f"{path}:".encode())


def test_a_socket_that_is_off(state_dir, tmp_path):
    path = tmp_path / "off.conf"
    path.write_text(daemon.smallest(state_dir, {"control": ""}), encoding="utf-8")
    done = nmsp2mqtt("status", "-c", path)
    assert done.returncode == 1 and b"the control socket is off" in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_somebody_who_may_not(running):
    try:
        done = subprocess.run([NMSP2MQTT, "status", "--socket", running.control], user="nobody",
                              capture_output=True, check=False)
    except PermissionError:
        pytest.skip("nobody may not run programs from here")
    assert done.returncode == 1 and b": permission denied; " in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_usage(command):
    done = nmsp2mqtt(command, "--bogus")
    assert done.returncode == 1 and f"nmsp2mqtt {command}".encode() in done.stderr
    done = nmsp2mqtt(command, "--help")
    assert done.returncode == 0 and b"--socket PATH" in done.stdout


def test_names_from_a_controller_command_no_terminal(gateway, peers, subscriber, state_dir):
    peer = peers(greeting=wire.capability(name="wlc\033[2J\x07"))
    running = daemon_http.Running(gateway, peer, subscriber, state_dir)
    text = run(running, "status", "hq")
    assert "\033" not in text and "wlc?[2J?" in text

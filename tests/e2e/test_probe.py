# SPDX-License-Identifier: ISC
"""test_probe.py: the command probe against controllers that have every kind of trouble."""
import json
import os
import pty
import signal
import socket
import ssl
import time

import pytest

import gateway as daemon
import nmsp_wire as wire
import play
from certs import key_hashes
from peer import answer
from proc import NMSP2MQTT, Process, free_port, nmsp2mqtt
from server_tls import EXPIRED

STEPS = ["name", "tcp", "tls", "certificate", "clocks", "authorisation", "capability",
         "subscription", "notification"]
EXIT = {step: 10 + place for place, step in enumerate(STEPS)}
V = ssl.TLSVersion
PLAIN = {"LC_ALL": "C", "TERM": "xterm"}
MAC = "02:00:5e:10:00:01"
# A name that the resolver turns down without asking anyone.
NO_NAME = "x" * 64 + ".example"
# Patience of a probe for what will not come.
SHORT = ("--timeout", 0.5, "--wait", 0.3)


class Result:
    """What a probe with --json said."""

    def __init__(self, done):
        self.exit = done.returncode
        self.stderr = done.stderr.decode()
        self.document = json.loads(done.stdout)
        self.steps = {step["name"]: step for step in self.document["steps"]}

    def failed(self, step, *words):
        """That this step failed with its exit code, and what is said has the words."""
        assert self.exit == self.document["exit"] == EXIT[step], self.document
        assert list(self.steps) == STEPS and self.steps[step]["ok"] is False
        said = self.steps[step]["text"] + "\n" + self.steps[step]["hint"]
        assert not [word for word in words if word not in said], said
        before, after = STEPS[:STEPS.index(step)], STEPS[STEPS.index(step) + 1:]
        assert all(self.steps[name]["ok"] for name in before if name != "clocks")
        assert all(self.steps[name]["ok"] is None for name in after if name != "clocks")
        assert "warning" not in self.steps[step]
        return said


@pytest.fixture
def config(tmp_path, state_dir):
    """Writes a configuration with the controller "hq"."""
    def write(**options):
        path = tmp_path / "probe.conf"
        text = daemon.configuration(state_dir, {"hq": options}, {}, {"feed": {"path": "-"}})
        path.write_text(text, encoding="utf-8")
        return path
    return write


@pytest.fixture
def probe(config):
    """Probes the controller "hq", which is a peer or a simulator."""
    def run(peer, *arguments, **options):
        path = config(**daemon.controller_options(peer, **options))
        return Result(nmsp2mqtt("probe", "hq", "-c", path, "--json", *arguments))
    return run


@pytest.fixture
def talking(peers):
    """A controller that sends these elements as soon as it is subscribed to."""
    def make(*elements, **options):
        peer = peers(**options)

        def react(_connection, frame):
            granted = wire.frame(wire.SUBSCRIBE_RESPONSE, wire.status(),
                                 transaction=frame.transaction)
            return granted + wire.frame(wire.MEASUREMENT, *elements)
        peer.reactions[wire.SUBSCRIBE_REQUEST] = react
        return peer
    return make


def reading(number=1):
    return wire.measurement(f"00:11:22:33:44:{number:02x}", wire.reading(play.AP, -60))


def now_ms(ahead_s=0):
    return wire.controller_time(int((time.time() + ahead_s) * 1000))


# All is well.

def test_all_is_well(talking, probe):
    peer = talking(now_ms(), reading(1), reading(2))
    result = probe(peer)
    assert result.exit == 0 and all(step["ok"] for step in result.steps.values())
    said = {name: step["text"] for name, step in result.steps.items()}
    assert said["name"] == "127.0.0.1 is an address"
    assert said["tcp"].startswith(f"127.0.0.1 port {peer.port}, ")
    assert said["tls"].startswith("TLSv1.3 TLS_AES_")
    assert said["certificate"].startswith(f"CN=wlc-first, SHA-256 {peer.pair.fingerprint}, ")
    assert said["certificate"].endswith("new, none is remembered yet")
    assert "good against both clocks" in said["clocks"]
    assert said["authorisation"] == f"the controller admitted {MAC}"
    assert said["capability"].startswith('C9800-L-F-K9 17.12.4 "wlc-hq"; offers rssi:client, ')
    assert said["subscription"] == "rssi:client granted"
    assert said["notification"].startswith("rssi, 2 records, after ")
    assert all(isinstance(step["ms"], int) for step in result.steps.values())


def test_asks_for_no_more_than_it_needs(talking, probe, state_dir):
    """One connection, one sub-service, no current state; ended in order; nothing remembered."""
    peer = talking(reading())
    assert probe(peer).exit == 0
    session = peer.wait_session()
    assert session.wait_end() == "closed"
    assert [frame.id for frame in session.frames] == [
        wire.CAPABILITY, wire.SUBSCRIBE_REQUEST, wire.UNSUBSCRIBE_REQUEST]
    assert [frame.services() for frame in session.frames[1:]] == [{1: {1: 0}}] * 2
    assert len(peer.dials) == 1 and not (state_dir / "controllers").exists()


def test_takes_the_first_service_that_is_offered(talking, probe):
    peer = talking(reading(), greeting=wire.capability({1: (2,), 3: (1,)}))
    result = probe(peer, services=["rssi:client", "information:client", "rssi:tag"])
    assert result.steps["subscription"]["text"] == "information:client granted"
    assert peer.wait_session().frames[1].services() == {3: {1: 0}}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_simulator(sims, probe, identity, version):
    sim = sims("--allow", f"{MAC}={key_hashes(identity)[1]}", "--max-tls", version,
               "--no-auth-delay", "--speed", 20, "--clients", 3)
    result = probe(sim)
    assert result.exit == 0, result.document
    assert result.steps["tls"]["text"].startswith(f"TLSv{version} ")


def test_lines_for_people(talking, config):
    peer = talking(now_ms(), reading())
    path = config(**daemon.controller_options(peer))
    lines = nmsp2mqtt("probe", "-c", path, "hq", env=PLAIN).stdout.decode().splitlines()
    assert sorted(line.split()[1] for line in lines) == sorted(STEPS)
    assert all(line.startswith("ok      ") for line in lines)


def test_a_host_without_a_configuration(talking, state_dir):
    peer = talking(reading())
    done = nmsp2mqtt("probe", "localhost", "--port", peer.port, "--state-dir", state_dir, "--json")
    result = Result(done)
    assert result.exit == 0 and result.document["controller"] == "localhost"
    assert result.steps["name"]["text"] == "localhost is 127.0.0.1"


def test_a_host_that_no_section_describes(talking, config):
    peer = talking(reading())
    path = config(host="127.0.0.2")
    result = Result(nmsp2mqtt("probe", "127.0.0.1", "--port", peer.port, "-c", path, "--json"))
    assert result.exit == 0 and 'no controller "127.0.0.1"' in result.stderr


def test_the_second_host(talking, probe):
    """What failed at the first one does not count."""
    peer = talking(reading())
    result = probe(peer, host=["127.0.0.9", "127.0.0.1"])
    assert result.exit == 0 and result.steps["name"]["text"] == "127.0.0.1 is an address"


# Every step fails once.

def test_unknown_name(config):
    path = config(host=NO_NAME)
    result = Result(nmsp2mqtt("probe", "hq", "-c", path, "--json"))
    result.failed("name", f"no address for controller hq, host {NO_NAME}", "getent hosts")


def test_a_typo_is_taken_for_a_host(config):
    done = nmsp2mqtt("probe", NO_NAME, "-c", config(host="127.0.0.1"))
    assert done.returncode == EXIT["name"] and b"Taking it for a host" in done.stderr
    done = nmsp2mqtt("probe", "hq/", "-c", config(host="127.0.0.1"))
    assert done.returncode == 1 and b'did you mean "hq"?' in done.stderr


def test_nothing_listens(config):
    port = free_port()
    result = Result(nmsp2mqtt("probe", "hq", "-c", config(host="127.0.0.1", port=port), "--json"))
    result.failed("tcp", f"nothing listens at 127.0.0.1 port {port}", "nmsp enable")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls(peers, probe):
    peer = peers(lowest=V.TLSv1, highest=V.TLSv1, ciphers="ALL:@SECLEVEL=0")
    probe(peer).failed("tls", "no TLS version and cipher in common", 'min_version = "1.0"')


def test_no_tls(peers, probe):
    probe(peers(plain=b"SSH-2.0-OpenSSH_9.2\r\n")).failed("tls", "speaks no TLS", "port")


def test_a_handshake_that_hangs(config):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = config(host="127.0.0.1", port=listener.getsockname()[1])
        result = Result(nmsp2mqtt("probe", "hq", "-c", path, "--json", *SHORT))
    result.failed("tls", "did not finish the TLS handshake in 500 ms", "--timeout")


def test_another_certificate_than_remembered(peer, probe, certificates, state_dir):
    pin = state_dir / "controllers" / "hq.pin"
    pin.parent.mkdir()
    pin.write_text(certificates.second.fingerprint + "\n", encoding="ascii")
    said = probe(peer).failed("certificate", certificates.first.fingerprint, f"rm {pin}")
    assert certificates.second.fingerprint in said
    assert pin.read_text(encoding="ascii").strip() == certificates.second.fingerprint


def test_the_certificate_that_is_remembered(talking, probe, certificates, state_dir):
    pin = state_dir / "controllers" / "hq.pin"
    pin.parent.mkdir()
    pin.write_text(certificates.first.fingerprint + "\n", encoding="ascii")
    assert probe(talking(reading())).steps["certificate"]["text"].endswith("; as remembered")


def test_wrong_fingerprint(peer, probe, certificates):
    tls = {"verify": "fingerprint", "fingerprint": certificates.second.fingerprint}
    probe(peer, tls=tls).failed("certificate", "the configuration expects",
                                f'fingerprint = "{certificates.first.fingerprint}"')


def test_no_authority(peer, probe, certificates):
    tls = {"verify": "ca", "ca_file": certificates.authority.certificate}
    probe(peer, tls=tls).failed("certificate", "self-signed certificate", "ca_file")


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def test_expired_by_the_controllers_clock(peers, probe, version):
    peer = peers(lowest=version, highest=version, refuse=EXPIRED)
    probe(peer).failed("clocks", "expired or not yet valid", "NTP")


def test_clocks_apart(talking, probe):
    """A warning: the walk goes on."""
    result = probe(talking(now_ms(-7200), reading()))
    assert result.exit == EXIT["clocks"] and result.steps["clocks"]["warning"]
    assert "2 hours behind" in result.steps["clocks"]["text"]
    assert "NTP" in result.steps["clocks"]["hint"] and result.steps["notification"]["ok"]


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def test_not_authorised(peers, probe, identity, version):
    peer = peers(lowest=version, highest=version, refuse=True)
    sha1, sha256 = key_hashes(identity)
    plain = MAC.replace(":", "")
    probe(peer).failed(
        "authorisation", "TLS alert 46, certificate unknown",
        f"attribute type password {sha256}", f"username {plain} mac aaa attribute list NMSP",
        f"config auth-list add lbs-ssc {MAC} {sha1}", "clock must not be before")


@pytest.mark.parametrize("kind, other", [("ios-xe", "AireOS"), ("aireos", "IOS-XE")])
def test_lines_for_one_kind(peers, probe, kind, other):
    said = probe(peers(refuse=True), "--type", kind).failed("authorisation")
    assert other not in said and "show nmsp status" in said


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_not_in_the_list_of_the_simulator(sims, probe, version):
    sim = sims("--allow", f"{MAC}={'0' * 64}", "--max-tls", version, "--no-auth-delay")
    probe(sim).failed("authorisation", "TLS alert 46")


def test_closed_without_a_word(peers, probe):
    peer = peers(greeting=b"")
    peer.reactions[wire.CAPABILITY] = lambda connection, _frame: connection.close()
    probe(peer).failed("authorisation", "closed the connection", "auth-list")


def test_no_capability(peers, probe):
    result = probe(peers(greeting=b""), *SHORT)
    result.failed("capability", "no capability notification within 0.5 s", "assumption")


def test_messages_that_are_not_understood(peers, probe):
    peer = peers(greeting=wire.frame(999) + wire.frame(998))
    probe(peer, *SHORT).failed("capability", "but 2 messages that the dictionary does not")


def test_frames_that_cannot_be_read(peers, probe):
    peer = peers(greeting=b"\x01\x00\x00\x07\xff\xff\xff\xff" + bytes(20))
    probe(peer).failed("capability", "a frame that cannot be read: ", "dictionary")


def test_subscription_refused(peer, probe):
    peer.reactions[wire.SUBSCRIBE_REQUEST] = lambda _connection, frame: wire.frame(
        wire.SUBSCRIBE_RESPONSE, wire.status(1), transaction=frame.transaction)
    probe(peer).failed("subscription", "rssi:client not granted", "Another client")


def test_subscription_without_an_answer(peer, probe):
    peer.reactions[wire.SUBSCRIBE_REQUEST] = None
    probe(peer, *SHORT).failed("subscription", "no answer to the subscription")


def test_nothing_wanted_is_offered(peers, probe):
    peer = peers(greeting=wire.capability({9: (1,)}))
    probe(peer, *SHORT).failed("subscription", "offers none of what is wanted: rssi:client, ")


def silent(result):
    assert result.exit == EXIT["notification"] and result.steps["notification"]["warning"]
    assert result.steps["notification"]["text"] == "nothing came within 0.3 s"
    assert "--wait" in result.steps["notification"]["hint"]
    assert all(step["ok"] for name, step in result.steps.items() if name != "notification")


def test_silence(peer, probe):
    """A warning; what was subscribed to is given back."""
    silent(probe(peer, "--wait", 0.3))
    peer.wait_session().wait_frame(wire.UNSUBSCRIBE_REQUEST)


def test_silence_of_the_simulator(sims, probe):
    silent(probe(sims("--allow-all", "--no-auth-delay", "--fault", "stall"), "--wait", 0.3))


def test_records_that_are_not_understood(talking, probe):
    result = probe(talking(reading(), wire.tlv(0x7fff, b"?")))
    assert result.exit == EXIT["notification"]
    assert "rssi, 2 records, 1 of them not understood" in result.steps["notification"]["text"]


def test_lost_while_waiting(peer, probe):
    def grant_and_go(connection, frame):
        connection.send(answer(wire.SUBSCRIBE_RESPONSE)(connection, frame))
        connection.close()
    peer.reactions[wire.SUBSCRIBE_REQUEST] = grant_and_go
    probe(peer).failed("notification", "closed the connection")


# The end, looks and usage.

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_in_order(peer, config, number):
    path = config(**daemon.controller_options(peer))
    process = Process(NMSP2MQTT, "probe", "hq", "-c", path, "--wait", 60, env=PLAIN)
    process.wait_line("^ok +subscription", process.stdout)
    process.signal(number)
    assert process.finish() == 128 + number
    assert process.stdout[-1].split() == ["-", "notification"]
    session = peer.wait_session()
    assert session.wait_end() == "closed" and session.of(wire.UNSUBSCRIBE_REQUEST)


def test_signal_while_nobody_answers(config):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = config(host="127.0.0.1", port=listener.getsockname()[1])
        process = Process(NMSP2MQTT, "probe", "hq", "-c", path, env=PLAIN)
        process.wait_line("^ok +tcp", process.stdout)
        process.signal(signal.SIGINT)
        assert process.finish() == 130


def on_a_terminal(arguments, environment):
    """What the program prints to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(NMSP2MQTT, [NMSP2MQTT, *map(str, arguments)], {**os.environ, **environment})
    said = b""
    try:
        while data := os.read(terminal, 4096):
            said += data
    except OSError:
        pass  # a terminal that nobody has open any more
    os.close(terminal)
    os.waitpid(child, 0)
    return said.decode()


def test_colours_on_a_terminal_only(config):
    arguments = ["probe", "hq", "-c", config(host="127.0.0.1", port=free_port())]
    colourful = on_a_terminal(arguments, {"LC_ALL": "C.UTF-8", "TERM": "xterm"})
    assert "\033[32m\u2713\033[0m name" in colourful and "\033[31m\u2717\033[0m tcp" in colourful
    for environment in ({"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}):
        assert "\033" not in on_a_terminal(arguments, environment)
    piped = nmsp2mqtt(*arguments, env={"LC_ALL": "C.UTF-8", "TERM": "xterm"}).stdout.decode()
    assert "\033" not in piped and "\u2713 name" in piped
    assert nmsp2mqtt(*arguments, env=PLAIN).stdout.startswith(b"ok      name ")


@pytest.mark.parametrize("arguments", [
    [], ["one", "two"], ["hq", "--port", "0"], ["hq", "--port", "70000"], ["hq", "--wait", "soon"],
    ["hq", "--timeout", "0"], ["hq", "--type", "ios"], ["hq", "--nonesuch"],
    ["hq", "-c", "file", "--state-dir", "."], ["hq", "-c", "/nonexistent"], ["a b"]])
def test_wrong_usage(arguments, tmp_path):
    if "-c" not in arguments:
        arguments = [*arguments, "--state-dir", tmp_path]
    done = nmsp2mqtt("probe", *arguments)
    assert done.returncode == 1 and done.stderr and not done.stdout


def test_no_identity(tmp_path):
    done = nmsp2mqtt("probe", "127.0.0.1", "--state-dir", tmp_path)
    assert done.returncode == 1 and b"make one with nmsp2mqtt identity" in done.stderr
    path = tmp_path / "probe.conf"
    path.write_text(daemon.smallest(tmp_path / "state"), encoding="utf-8")
    done = nmsp2mqtt("probe", "hq", "-c", path)
    assert done.returncode == 1 and f"identity -c {path}".encode() in done.stderr
    assert not (tmp_path / "state").exists()

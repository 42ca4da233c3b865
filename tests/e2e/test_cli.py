# SPDX-License-Identifier: ISC
"""test_cli.py: help, identity and what else is done without a controller."""
import datetime
import hashlib
import pathlib
import re
import stat

import pytest

import cases
from certs import openssl
from gateway import smallest
from proc import nmsp2mqtt

COMMANDS = ("run", "check", "identity", "probe", "decode", "schema")
MAC = "02:00:5e:10:00:01"


def text_of(done):
    return done.stdout.decode("utf-8")


def test_help_and_version():
    for option in ("--help", "-h"):
        done = nmsp2mqtt(option)
        assert done.returncode == 0 and all(word in text_of(done) for word in COMMANDS)
    done = nmsp2mqtt("--version")
    assert done.returncode == 0 and re.search(r"nmsp2mqtt \d+\.\d+", text_of(done))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command):
    done = nmsp2mqtt(command, "--help")
    assert done.returncode == 0 and command in text_of(done)


@pytest.mark.parametrize("arguments", [
    [], ["fly"], ["run", "--nonesuch"], ["run", "-c"], ["schema", "nonesuch"],
    ["decode", "/nonexistent/file"], ["decode", "-d", "/nonexistent/dictionary"],
    ["decode", "--received-at", "yesterday", "-"]])
def test_wrong_usage(arguments):
    done = nmsp2mqtt(*arguments)
    assert done.returncode not in (0, 2) or arguments[:1] != ["decode"]
    assert done.returncode > 0 and done.stderr and not done.stdout


def test_run_with_a_bad_configuration_does_not_start(tmp_path):
    path = tmp_path / "bad.conf"
    path.write_text("gateway { nmae = 1 }\n", encoding="ascii")
    done = nmsp2mqtt("run", "-c", path)
    assert done.returncode == 1 and b"bad.conf:1:" in done.stderr


# identity

@pytest.fixture
def config(tmp_path):
    path = tmp_path / "gateway.conf"
    path.write_text(smallest(tmp_path / "state"), encoding="utf-8")
    return path


def field(done, name):
    return re.search(rf"^\s*{name}\s*:\s*(.+)$", text_of(done), re.MULTILINE)[1].strip()


def test_identity_is_made_once(config, tmp_path):
    first = nmsp2mqtt("identity", "-c", config)
    assert first.returncode == 0, first.stderr.decode()
    key, certificate = tmp_path / "state/identity.key", tmp_path / "state/identity.crt"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes(), certificate.read_bytes()
    second = nmsp2mqtt("identity", "-c", config)
    assert second.returncode == 0
    assert field(second, "SHA2 Key Hash") == field(first, "SHA2 Key Hash")
    assert (key.read_bytes(), certificate.read_bytes()) == kept


def test_identity_prints_what_a_controller_wants(config, tmp_path):
    done = nmsp2mqtt("identity", "-c", config)
    public = tmp_path / "public.der"
    openssl("pkey", "-in", tmp_path / "state/identity.key", "-pubout", "-outform", "DER",
            "-out", public)
    sha1 = hashlib.sha1(public.read_bytes()).hexdigest()
    sha256 = hashlib.sha256(public.read_bytes()).hexdigest()
    assert field(done, "MAC Address").lower() == MAC
    assert field(done, "SHA1 Key Hash").lower() == sha1
    assert field(done, "SHA2 Key Hash").lower() == sha256
    assert field(done, "Certificate Type") == "SSC"
    printed = text_of(done)
    plain = MAC.replace(":", "")
    for line in ("aaa new-model", "aaa attribute list", f"attribute type password {sha256}",
                 f"username {plain} mac aaa attribute list",
                 "aaa authorization credential-download wcm_loc_serv_cert local", "nmsp enable"):
        assert line in printed
    assert re.search(rf"config auth-list add \S*lbs-ssc {MAC} {sha1}", printed)


def test_certificate(config, tmp_path):
    """Self-signed RSA 2048 with the MAC in its subject, dated back a day, for ten years."""
    nmsp2mqtt("identity", "-c", config)
    certificate = tmp_path / "state/identity.crt"
    shown = openssl("x509", "-in", certificate, "-noout", "-subject", "-issuer", "-dates", "-text")
    assert "2048 bit" in shown and "sha256WithRSAEncryption" in shown
    names = re.findall(r"^(?:subject|issuer)=(.*)$", shown, re.MULTILINE)
    assert names[0] == names[1] and "02005e100001" in names[0].replace(":", "").lower()
    dates = [datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")
             for text in re.findall(r"^not\w+=(.*)$", shown, re.MULTILINE)]
    now, day = datetime.datetime.utcnow(), datetime.timedelta(days=1)
    assert day * 0.9 < now - dates[0] < day * 1.1
    assert day * 3640 < dates[1] - now < day * 3660


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_key_that_others_can_read_is_refused(config, tmp_path, mode):
    nmsp2mqtt("identity", "-c", config)
    (tmp_path / "state/identity.key").chmod(mode)
    for command in ("identity", "check", "run"):
        done = nmsp2mqtt(command, "-c", config)
        assert done.returncode == 1 and b"identity.key" in done.stderr


def test_key_and_certificate_that_differ_are_refused(config, tmp_path):
    state = tmp_path / "state"
    nmsp2mqtt("identity", "-c", config)
    certificate = (state / "identity.crt").read_bytes()
    (state / "identity.crt").unlink()
    (state / "identity.key").unlink()
    nmsp2mqtt("identity", "-c", config)
    (state / "identity.crt").write_bytes(certificate)
    done = nmsp2mqtt("identity", "-c", config)
    assert done.returncode == 1 and done.stderr


def test_mac_without_configuration_is_an_interface_or_local(tmp_path):
    """The first real interface's, or a random one with the local bit; in both cases no group."""
    path = tmp_path / "gateway.conf"
    text = smallest(tmp_path / "state", {"identity": {"mac": ""}})
    path.write_text(text, encoding="utf-8")
    mac = field(nmsp2mqtt("identity", "-c", path), "MAC Address").lower()
    assert re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac)
    first = int(mac[:2], 16)
    real = [one.read_text(encoding="ascii").strip()
            for one in pathlib.Path("/sys/class/net").glob("*/address")]
    assert first & 1 == 0 and (mac in real or first & 2)


def test_spki(tmp_path):
    """The hashes of Cisco's own example key."""
    known = cases.key_hash()
    path = tmp_path / "key.der"
    path.write_bytes(bytes.fromhex(known["spki"]))
    done = nmsp2mqtt("identity", "--spki", path)
    assert done.returncode == 0
    assert known["sha1"] in text_of(done) and known["sha256"] in text_of(done)
    path.write_bytes(path.read_bytes() + b"\0")
    assert nmsp2mqtt("identity", "--spki", path).returncode == 1

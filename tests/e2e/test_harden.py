# SPDX-License-Identifier: ISC
"""test_harden.py: the running daemon can do as little as it needs, and keeps secrets."""
import os
import pathlib
import pwd
import shutil
import signal

import pytest

import gateway as daemon
import play
from gateway import controller_options, mqtt_options

SECRET = "correct horse battery staple"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def proc(running, name):
    with open(f"/proc/{running.child.pid}/{name}", "rb") as file:
        return file.read().decode("utf-8", "replace")


def give_away(folder, user):
    """Lets a user own a folder and get there."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        if pathlib.Path("/tmp") in parent.parents:
            parent.chmod(0o711)


@needs_root
def test_goes_on_as_another_user(gateway, peer, state_dir, tmp_path):
    nobody = pwd.getpwnam("nobody")
    give_away(tmp_path, nobody)
    running = gateway(peer, gateway={"user": "nobody"})
    peer.ready()
    status = proc(running, "status")
    assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in status
    assert f"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}" in status
    for capabilities in ("CapEff", "CapPrm"):
        assert f"{capabilities}:\t0000000000000000" in status
    assert (state_dir / "controllers").exists()


@needs_root
def test_nobody_to_become_is_told(gateway, peer):
    running = gateway(peer, gateway={"user": ""}, allow=["runs as root"])
    peer.ready()
    told = [line for line in running.log if "runs as root" in line]
    assert len(told) == ("nmsp2mqtt" not in {entry.pw_name for entry in pwd.getpwall()})


def test_no_core_dump_no_new_rights(gateway, peer):
    running = gateway(peer)
    peer.ready()
    limits = [line.split() for line in proc(running, "limits").splitlines()]
    assert ["0", "0"] == next(line[4:6] for line in limits if line[1:3] == ["core", "file"])
    assert "NoNewPrivs:\t1" in proc(running, "status")


def test_writes_nowhere_but_where_it_was_told(gateways, peer, broker, subscriber, tmp_path):
    """What a reload wants elsewhere is refused before anything is touched."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    parts = ({"hq": controller_options(peer)}, {"main": mqtt_options(broker)})
    running = gateways(*parts, files={"feed": {"path": str(inside / "feed.jsonl")}},
                       allow=["reload"])
    peer.ready().send(play.measurement(1))
    subscriber.records(1, "rssi")
    running.wait(lambda: (inside / "feed.jsonl").read_text(encoding="utf-8"), "line in the file")
    assert (inside / "feed.jsonl").stat().st_mode & 0o777 == 0o640
    text = running.config.read_text(encoding="utf-8")
    more = daemon.section("file", "other", {"path": str(outside / "other.jsonl")})
    spool = daemon.section("spool", None, {"path": str(outside / "all.spool")})
    moved = text.replace('mqtt "main" {', f'mqtt "main" {{\n{spool}', 1)
    assert moved != text
    for changed, option in ((f"{text}\n{more}\n", "path"), (moved, "spool")):
        running.config.write_text(changed, encoding="utf-8")
        running.child.send_signal(signal.SIGHUP)
        running.wait_line(rf"error reload: \S+:\d+: {option}: cannot write {outside}/\S+: "
                          r"Permission denied; .*\(gateway: confine\)")
    peer.ready().send(play.measurement(2))
    subscriber.records(2, "rssi")
    assert not list(outside.iterdir())
    # Beside what it writes already it may.
    near = daemon.section("file", "near", {"path": str(inside / "near.jsonl")})
    running.config.write_text(f"{text}\n{near}\n", encoding="utf-8")
    running.child.send_signal(signal.SIGHUP)
    running.wait_line("reload file near: added")


def test_secrets_stay_secret(gateways, peer, brokers, tmp_path):
    """From a file as systemd gives credentials; in no log, command line or environment."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    path = credentials / "mqtt"
    path.write_text(SECRET + "\n", encoding="ascii")
    path.chmod(0o400)
    broker = brokers(user="gw", password=SECRET)
    main = mqtt_options(broker, username="gw", password_file="${CREDENTIALS_DIRECTORY}/mqtt")
    os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    try:
        running = gateways({"hq": controller_options(peer)}, {"main": main},
                           log={"level": "debug"})
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]
    running.wait_line(r"mqtt main: connected")
    shown = "\n".join(running.log) + proc(running, "cmdline") + proc(running, "environ")
    assert SECRET not in shown


def test_a_key_that_others_can_read_is_refused(gateways, peer, broker, state_dir):
    (state_dir / "identity.key").chmod(0o644)
    running = gateways({"hq": controller_options(peer)}, {"main": mqtt_options(broker)})
    assert running.child.wait(10) == 1
    assert any("identity.key" in line and "0644" in line for line in running.stderr)
    shutil.rmtree(state_dir)

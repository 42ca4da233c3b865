# SPDX-License-Identifier: ISC
"""test_image.py: the image of docker/Dockerfile, built and run as a cautious operator would"""
import json
import os
import pathlib
import re

import pytest

import engine

USER = 10001
MEGABYTES = 100
SECRET = "/run/secrets/mqtt.password"
# No root, nothing to write to but the volume, and neither of the shells that Debian has.
CAREFUL = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all",
           "--security-opt", "no-new-privileges", "--cgroups", "disabled",
           *(f"--volume=/dev/null:/usr/bin/{shell}:ro" for shell in ("dash", "bash"))]


@pytest.fixture
def broker(brokers):
    return brokers(user="gateway", password="correct horse")


@pytest.fixture
def volume(tmp_path):
    """The name of one; it goes after the containers that have it."""
    yield tmp_path.name
    engine.podman("volume", "rm", tmp_path.name, check=False)


@pytest.fixture
def start(tmp_path, image, broker, volume, containers, controller):
    """Starts the image with the configuration that is in it."""
    secret = tmp_path / "mqtt.password"
    secret.write_text(broker.password + "\n", encoding="ascii")
    secret.chmod(0o400)
    os.chown(secret, USER, USER)
    environment = {"NMSP_GATEWAY": "box", "NMSP_CONTROLLER_HOST": "127.0.0.1",
                   "NMSP_CONTROLLER_PORT": controller, "MQTT_HOST": broker.host,
                   "MQTT_PORT": broker.port, "MQTT_USERNAME": broker.user,
                   "MQTT_PASSWORD_FILE": SECRET}

    def run(*command):
        return containers(image, *command, options=[
            *CAREFUL, f"--volume={secret}:{SECRET}:ro",
            f"--volume={volume}:/var/lib/nmsp2mqtt",
            *(f"--env={name}={value}" for name, value in environment.items())])
    return run


def test_it_runs(start, broker, subscribers):
    """Records arrive, it is healthy, and SIGTERM ends it in order."""
    subscriber = subscribers(broker)
    box = start()
    assert subscriber.records(5, "rssi", timeout=30)[0]["gateway"] == "box"
    status = box.status()
    assert status["Name"] == "nmsp2mqtt" and status["NSpid"].split()[-1] == "1"
    assert set(status["Uid"].split() + status["Gid"].split()) == {str(USER)}
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    engine.podman("healthcheck", "run", box.name)
    assert box.stop() == 0, box.log()
    last = subscriber.matching(lambda one: one.topic == "nmsp/box/state")[-1].json
    assert (last["state"], last["reason"]) == ("offline", "stopped")
    assert "account main hq rssi: received" in box.log()


def test_identity_stays_in_the_volume(start):
    """A new container has the identity of the one before it."""
    def hashes():
        box = start("identity")
        assert box.wait() == 0, box.log()
        return re.findall(r"^SHA\d Key Hash: (\S+)$", box.log(), re.MULTILINE)
    first = hashes()
    assert len(first) == 2 and hashes() == first


def test_what_is_missing_is_said(image, containers):
    box = containers(image, options=CAREFUL)
    assert box.wait() == 1
    for name in ("NMSP_CONTROLLER_HOST", "MQTT_HOST"):
        assert re.search(rf"^/etc/nmsp2mqtt/nmsp2mqtt.conf:\d+: {name} is not set", box.log(),
                         re.MULTILINE), box.log()


def test_what_is_in_it(image):
    """Metadata in exec form, and a tree without compilers, sources and lists of packages."""
    about = json.loads(engine.podman("image", "inspect", image).stdout)[0]
    config = about["Config"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["/usr/bin/nmsp2mqtt"] and config["Cmd"][0] == "run"
    assert about["Healthcheck"]["Test"] == ["CMD", "/usr/bin/nmsp2mqtt", "healthcheck"]
    assert list(config["Volumes"]) == ["/var/lib/nmsp2mqtt"]
    assert config["Labels"]["org.opencontainers.image.title"] == "nmsp2mqtt"
    tree = pathlib.Path(engine.podman("image", "mount", image).stdout.strip())
    try:
        look_around(tree)
    finally:
        engine.podman("image", "unmount", image)
    megabytes = about["Size"] / 1e6
    print(f"image: {megabytes:.1f} MB")
    assert megabytes < MEGABYTES


def look_around(tree):
    state = (tree / "var/lib/nmsp2mqtt").stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (USER, USER, 0o750)
    for name in ("cc", "gcc", "make", "python3", "nmsp-sim"):
        assert not (tree / "usr/bin" / name).exists(), name
    assert not list((tree / "var/lib/apt/lists").iterdir())
    assert not list((tree / "var/cache/apt").iterdir())
    assert not (tree / "src").exists() and not list((tree / "tmp").iterdir())
    assert not list((tree / "usr/include").iterdir())

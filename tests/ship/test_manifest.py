# SPDX-License-Identifier: ISC
"""test_manifest.py: compose.yml and the manifests for Kubernetes, against what reads them

Kubernetes' models drop what they do not know, and refuse what lacks a field: so a manifest is right
when it comes out of them as it went in.
"""
import json
import re
from types import SimpleNamespace

import pytest
import yaml
from kubernetes.client import ApiClient, models

import engine
from proc import ROOT, nmsp2mqtt

DOCKER = ROOT / "docker"
KUBERNETES = DOCKER / "kubernetes"
LISTED = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))
SECRETS = LISTED["secretGenerator"][0]["files"]


def manifest(name):
    return yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LISTED["resources"])
def test_schema(name):
    there = manifest(name)
    version = there["apiVersion"].rpartition("/")[2]
    model = version.capitalize() + there["kind"]
    assert hasattr(models, model)
    client = ApiClient()
    read = client.deserialize(SimpleNamespace(data=json.dumps(there)), model)
    assert client.sanitize_for_serialization(read) == there


def test_everything_is_listed():
    names = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert names == set(LISTED["resources"])
    for name in LISTED["configMapGenerator"][0]["files"]:
        assert (KUBERNETES / name).exists()


def test_names_meet():
    """What the pod mounts is what the other files make."""
    pod = manifest("deployment.yaml")["spec"]["template"]
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert volumes["configuration"]["configMap"]["name"] == LISTED["configMapGenerator"][0]["name"]
    assert volumes["secret"]["secret"]["secretName"] == LISTED["secretGenerator"][0]["name"]
    claim = volumes["state"]["persistentVolumeClaim"]["claimName"]
    assert claim == manifest("state.yaml")["metadata"]["name"]
    labels = pod["metadata"]["labels"]
    for selector in (manifest("deployment.yaml")["spec"]["selector"],
                     manifest("networkpolicy.yaml")["spec"]["podSelector"]):
        assert selector["matchLabels"].items() <= labels.items()
    assert LISTED["namespace"] == manifest("namespace.yaml")["metadata"]["name"]


def test_restricted():
    """What the pod security standard "restricted" asks for, and a file system that stays."""
    spec = manifest("deployment.yaml")["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}}
    assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
    kinds = {"configMap", "secret", "persistentVolumeClaim"}
    assert all(set(volume) - {"name"} <= kinds for volume in spec["volumes"])


def test_user_is_that_of_the_image():
    user = manifest("deployment.yaml")["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    image = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert f"USER {user}:{user}" in image
    assert f"chown {user}:{user}" in (DOCKER / "make-secrets").read_text(encoding="utf-8")


def test_no_secret_is_in_the_tree():
    assert all(name.startswith("secret/") for name in SECRETS)
    assert "/docker/kubernetes/secret/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "secret" not in (ROOT / ".dockerignore").read_text(encoding="utf-8")


def filled_in(path, tmp_path):
    """A copy of a configuration with files in the places of the pod's."""
    text = path.read_text(encoding="utf-8")
    text = text.replace("/run/secrets/nmsp2mqtt/", f"{tmp_path}/")
    copy = tmp_path / path.name
    copy.write_text(text.replace("gateway {", f'gateway {{\n\tstate_dir = "{tmp_path}"', 1),
                    encoding="utf-8")
    password = tmp_path / "mqtt.password"
    password.write_text("secret\n", encoding="ascii")
    password.chmod(0o440)
    return copy


@pytest.mark.parametrize("path", [KUBERNETES / "nmsp2mqtt.conf", DOCKER / "nmsp2mqtt.conf"],
                         ids=["kubernetes", "image"])
def test_configuration(path, tmp_path):
    environment = {"NMSP2MQTT_DATA": str(ROOT / "conf"), "NMSP_CONTROLLER_HOST": "10.0.0.5",
                   "MQTT_HOST": "127.0.0.1"}
    copy = filled_in(path, tmp_path)
    for command in ("identity", "check"):
        done = nmsp2mqtt(command, "-c", copy, env=environment)
        assert done.returncode == 0, done.stderr.decode()


def test_compose(tmp_path):
    """The Compose of Debian reads it; it is older than the key "name"."""
    path = tmp_path / "compose.yml"
    text = (DOCKER / "compose.yml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^name: .*$", "", text), encoding="utf-8")
    done = engine.run("docker-compose", "-f", path, "--profile", "demo", "config")
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {"secrets", "mosquitto", "gateway", "controller", "subscriber"}
    for name in ("mosquitto", "gateway", "controller"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]


def test_compose_mounts_what_there_is():
    services = yaml.safe_load((DOCKER / "compose.yml").read_text(encoding="utf-8"))["services"]
    mounts = [one for service in services.values() for one in service.get("volumes", [])]
    paths = [one.split(":")[0] for one in mounts if one.startswith(".")]
    assert paths and all((DOCKER / path).is_file() for path in paths)


def test_secrets_are_made_once(tmp_path):
    """Passwords that mosquitto accepts; a second run changes nothing."""
    engine.run(DOCKER / "make-secrets", tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"passwords", "gateway.password", "reader.password"}
    assert re.fullmatch(rb"gateway:\$7\$\S+\nreader:\$7\$\S+\n", first["passwords"])
    assert first["gateway.password"].strip() not in first["passwords"]
    assert not any(path.stat().st_mode & 0o077 for path in tmp_path.iterdir())
    engine.run(DOCKER / "make-secrets", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_yaml_is_tidy():
    rules = "{extends: default, rules: {document-start: disable, line-length: {max: 100}}}"
    engine.run("yamllint", "--strict", "-d", rules, DOCKER)

# SPDX-License-Identifier: ISC
"""test_install.py: what `make install` puts where, and that `make uninstall` takes it away again"""
import os
import re

import engine
from proc import BUILD, ROOT

EXAMPLES = "usr/local/share/doc/nmsp2mqtt/examples"
CONSUMERS = {str(path.relative_to(ROOT / "docs/examples"))
             for path in (ROOT / "docs/examples").rglob("*") if path.is_file()}
PROGRAMS = {"usr/local/bin/nmsp2mqtt", "usr/local/bin/nmsp-sim",
            *(f"{EXAMPLES}/{name}" for name in CONSUMERS if name.endswith(".py"))}
OTHERS = {
    "usr/local/lib/systemd/system/nmsp2mqtt.service",
    "usr/local/lib/sysusers.d/nmsp2mqtt.conf",
    "usr/local/lib/tmpfiles.d/nmsp2mqtt.conf",
    "usr/local/share/nmsp2mqtt/dictionary/baseline.conf",
    f"{EXAMPLES}/nmsp2mqtt.conf", f"{EXAMPLES}/nmsp2mqtt.conf.example",
    *(f"{EXAMPLES}/{name}" for name in CONSUMERS if not name.endswith(".py")),
    "usr/local/share/man/man1/nmsp2mqtt.1", "usr/local/share/man/man1/nmsp-sim.1",
    "usr/local/share/man/man5/nmsp2mqtt.conf.5",
    "usr/local/share/man/man5/nmsp2mqtt-dictionary.5",
}


def make(target, destination):
    engine.run("make", "-C", ROOT, f"BUILD={BUILD}", f"DESTDIR={destination}", target)


def files(root):
    return {str(path.relative_to(root)): path.stat().st_mode & 0o777
            for path in root.rglob("*") if path.is_file()}


def test_there_and_back(tmp_path):
    make("install", tmp_path)
    assert files(tmp_path) == dict.fromkeys(PROGRAMS, 0o755) | dict.fromkeys(OTHERS, 0o644)
    unit = (tmp_path / "usr/local/lib/systemd/system/nmsp2mqtt.service").read_text("utf-8")
    assert "ExecStart=/usr/local/bin/nmsp2mqtt run -c /etc/nmsp2mqtt/nmsp2mqtt.conf\n" in unit
    assert "@" not in re.sub(r"@[a-z-]+\b", "", unit)
    state = tmp_path / "var/lib/nmsp2mqtt/identity.key"
    state.parent.mkdir(parents=True)
    state.touch()
    make("uninstall", tmp_path)
    assert set(files(tmp_path)) == {"var/lib/nmsp2mqtt/identity.key"}
    assert not os.path.exists(tmp_path / "usr/local/share/nmsp2mqtt")
    assert not os.path.exists(tmp_path / "usr/local/share/doc/nmsp2mqtt")


def test_lists_of_packages_agree():
    """What the Makefile, the image and the package say it is built with."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    wanted = set(re.search(r"^BUILD_PACKAGES := (.*)$", makefile, re.MULTILINE)[1].split())
    image = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (line, _runtime) = re.findall(r"--no-install-recommends(.*)$", image, re.MULTILINE)
    assert wanted <= set(line.split())
    control = (ROOT / "debian/control").read_text(encoding="utf-8")
    depends = re.search(r"^Build-Depends:(.*?)^\S", control, re.MULTILINE | re.DOTALL)[1]
    names = {one.split()[0] for one in depends.split(",") if one.strip()}
    assert wanted - {"gcc", "libc6-dev", "make"} <= names


def test_versions_agree():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    version = re.search(r"^VERSION\s*\?= (\S+)$", makefile, re.MULTILINE)[1]
    changelog = (ROOT / "debian/changelog").read_text(encoding="utf-8")
    assert changelog.startswith(f"nmsp2mqtt ({version})")
    assert f"ARG VERSION={version}\n" in (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
    deployment = (ROOT / "docker/kubernetes/deployment.yaml").read_text(encoding="utf-8")
    assert f"image: nmsp2mqtt:{version}\n" in deployment

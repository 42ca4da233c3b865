# SPDX-License-Identifier: ISC
"""engine.py: podman with a storage of its own, and a Debian base image made from packages.

No registry is asked: the base is what mmdebstrap makes of the archive that this machine's apt uses,
under the name that docker/Dockerfile knows it by.
"""
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import time

from proc import BUILD, ROOT

FOLDER = pathlib.Path(BUILD).resolve() / "ship"
BASE = "docker.io/library/debian:bookworm-slim"
BASE_LASTS = 86400
CLONE_NEWNS = 0x20000
# Less than what this machine allows, which a container could not be given without a capability.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


def why_not():
    """Why no container can run here, or ""."""
    if os.geteuid() != 0:
        return "containers are made as root"
    needed = ("podman", "crun", "mmdebstrap", "unshare")
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        return f"no {' and no '.join(missing)} on this machine"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork",
                            "mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"],
                           capture_output=True, text=True, check=False)
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


def enter():
    """Moves this process where only the unified cgroups are seen, as crun wants it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "--make-rprivate", "/")
    if os.statvfs("/sys/fs/cgroup").f_blocks or os.path.isdir("/sys/fs/cgroup/unified"):
        run("umount", "-R", "/sys/fs/cgroup")
        run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")


def run(*command, check=True, stdin=""):
    """Runs a command to its end; the result has its output as text."""
    command = [str(part) for part in command]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, \
        f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def podman(*arguments, **options):
    return run("podman", "--root", FOLDER / "storage", "--runroot", FOLDER / "run",
               "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs",
               "--events-backend", "none", *arguments, **options)


def mirrors():
    """What mmdebstrap is told of the archive: the sources and the proxy of this machine."""
    arguments = []
    proxy = run("apt-config", "dump", "--format", "%v", "Acquire::http::Proxy").stdout.strip()
    if proxy:
        arguments.append(f'--aptopt=Acquire::http::Proxy "{proxy}"')
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    sources = [path for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
               if os.path.exists(path) and os.path.getsize(path)]
    return arguments, sources[:1] if "VERSION_CODENAME=bookworm" in release else []


def make_base():
    """The base image, made anew when it is older than a day."""
    made = podman("image", "inspect", "--format", "{{.Created.Unix}}", BASE, check=False)
    if made.returncode == 0 and time.time() - int(made.stdout) < BASE_LASTS:
        return
    options, sources = mirrors()
    tarball = FOLDER / "base.tar"
    # Merged from the start, or a package with all of Perl merges it; and like Debian's slim image
    # without manuals and translations.
    run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io",
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--include=usr-is-merged",
        '--aptopt=Acquire::Languages "none"', *options,
        '--customize-hook=rm -rf "$1"/usr/share/man "$1"/usr/share/locale "$1"/usr/share/info',
        '--customize-hook=find "$1"/usr/share/doc -type f ! -name copyright -delete',
        "bookworm", tarball, *sources)
    podman("import", "--quiet", tarball, BASE)
    tarball.unlink()


def build(tag, *options, context=ROOT, file="docker/Dockerfile"):
    """Builds an image. The format is Docker's, since OCI's knows no HEALTHCHECK."""
    podman("build", "--quiet", "--format", "docker", "--isolation", "chroot", "--pull=never",
           "--file", pathlib.Path(context) / file, "--tag", tag, *options, context)


class Container:
    """A container on this machine's loopback."""

    def __init__(self, image, *command, options=()):
        self.name = podman("run", "--detach", "--network", "host", *LIMITS, *options, image,
                           *command).stdout.strip()

    def inspect(self):
        return json.loads(podman("container", "inspect", self.name).stdout)[0]

    def status(self):
        """/proc/PID/status of its first process."""
        pid = self.inspect()["State"]["Pid"]
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return dict(line.split(":\t", 1) for line in text.splitlines())

    def exec(self, *command, **options):
        return podman("exec", "--interactive", self.name, *command, **options)

    def log(self):
        done = podman("logs", self.name, check=False)
        return done.stdout + done.stderr

    def wait(self):
        """Its exit status, when it has ended by itself."""
        return int(podman("wait", self.name).stdout)

    def stop(self, seconds=15):
        """SIGTERM, after so many seconds SIGKILL; the exit status."""
        podman("stop", "--time", seconds, self.name)
        return self.inspect()["State"]["ExitCode"]

    def remove(self):
        podman("rm", "--force", "--time", 1, "--volumes", self.name, check=False)

# SPDX-License-Identifier: ISC
"""npm.py: packages from npm beside the build, at the versions of a lock file; scripts on them."""
import shutil
import subprocess

from proc import BUILD, ROOT

HERE = ROOT / "tests/examples"


def installed(name):
    """The folder in which the packages of tests/examples/<name> are; installs what is not there."""
    folder = BUILD / "npm" / name
    lock = HERE / name / "package-lock.json"
    stamp = folder / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / name / "package.json", folder)
    shutil.copy(lock, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                   check=True, timeout=600)
    shutil.copy(lock, stamp)
    return folder


def run(folder, *command, timeout=120):
    """Runs node; the result has returncode, stdout and stderr as text."""
    return subprocess.run(["node", *map(str, command)], cwd=folder, capture_output=True, text=True,
                          timeout=timeout, check=False)

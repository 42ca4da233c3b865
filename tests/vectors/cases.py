# SPDX-License-Identifier: ISC
"""cases.py: the vector files as Python objects, and how a published record is compared with one."""
import json
import pathlib
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
ENVELOPE = ("gateway", "controller", "session", "seq", "received_at", "tags")


class Case(NamedTuple):
    """One vector: frames as bytes, and the records they must become (None: not said)."""

    file: str
    name: str
    received_at: str
    frames: list
    records: list
    direction: str
    note: str
    faults: dict

    @property
    def stream(self):
        return b"".join(self.frames)

    @property
    def clean(self):
        """Whole frames without a fault. What no dictionary knows is none."""
        return not (self.faults or "cut off" in self.name)


def _case(path, document, case):
    return Case(
        file=path.stem,
        name=case["name"],
        received_at=document["received_at"],
        frames=[bytes.fromhex(text) for text in case["hex"]],
        records=case.get("records", []),
        direction=case.get("direction", "in"),
        note=case.get("note", ""),
        faults=case.get("faults", {}),
    )


def load(*names):
    """All cases of the named files; without names, of every file."""
    found = []
    for path in sorted(HERE.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if not names or path.stem in names:
            found += [_case(path, document, case) for case in document["cases"]]
    return found


def named(file, name):
    """The one case of this file whose name starts so."""
    (case,) = [case for case in load(file) if case.name.startswith(name)]
    return case


def ident(case):
    """A test id: file and the first words of the name."""
    return f"{case.file}-{'-'.join(case.name.replace(',', '').split()[:5])}"


def bare(record):
    """A published record without what differs from run to run and without free text."""
    dropped = ENVELOPE + (("detail",) if record.get("schema") == "nmsp.unknown/1" else ())
    return {key: value for key, value in record.items() if key not in dropped}


def typed(value):
    """The value with its booleans told apart from 0 and 1, for comparing."""
    if isinstance(value, dict):
        return {key: typed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [typed(one) for one in value]
    return ("boolean", value) if isinstance(value, bool) else value


def key_hash():
    """The name → hex lines of key-hash.txt."""
    lines = (HERE / "key-hash.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))

# SPDX-License-Identifier: ISC
"""test_vectors.py: every vector through `nmsp2mqtt decode`: whole, in hex, cut short, spoilt."""
import concurrent.futures
import json
import os

import pytest

import cases
from proc import nmsp2mqtt

CASES = cases.load()
FIRST_KEYS = ["schema", "gateway", "controller", "session", "seq", "received_at"]
# Each mutation is a process; the unit tests take every single byte.
STRIDE = int(os.environ.get("VECTOR_STRIDE", "13"))


def decode(case, *options, data=None):
    """(exit status, records, standard error) of decoding the case's bytes, or these."""
    done = nmsp2mqtt("decode", "--received-at", case.received_at, *options, "-",
                     stdin=case.stream if data is None else data)
    records = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    return done.returncode, records, done.stderr.decode("utf-8", "replace")


def bare(records):
    return cases.typed([cases.bare(record) for record in records])


def check_envelopes(case, records, controller="decode"):
    counts = {}
    for record in records:
        assert list(record)[:len(FIRST_KEYS)] == FIRST_KEYS
        counts[record["schema"]] = counts.get(record["schema"], 0) + 1
        assert record["seq"] == counts[record["schema"]]
        assert record["received_at"] == case.received_at
        assert (record["gateway"], record["session"]) == ("decode", "00000000")
        assert record["controller"] == controller


@pytest.mark.parametrize("case", CASES, ids=cases.ident)
def test_raw(case):
    status, records, errors = decode(case)
    assert bare(records) == cases.typed(case.records)
    check_envelopes(case, records)
    assert status == (0 if case.clean else 2), errors
    assert case.clean or any(word.strip(":,").isdigit() for word in errors.split())


@pytest.mark.parametrize("case", CASES, ids=cases.ident)
def test_hex_with_comments(case):
    lines = [f"# {case.name}"]
    for frame in case.frames:
        lines.append(f"{frame[:7].hex(' ')}  # the first half of a header, with spaces")
        lines.append(f"\t{frame[7:14].hex()}")
        lines += [frame[at:at + 16].hex().upper() for at in range(14, len(frame), 16)] + [""]
    text = "\n".join(lines).encode("ascii")
    status, records, errors = decode(case, "--hex", "--controller", "hq", data=text)
    assert bare(records) == cases.typed(case.records)
    check_envelopes(case, records, "hq")
    assert status == (0 if case.clean else 2), errors


def test_file_argument_and_all_files_in_one(tmp_path):
    """The clean cases behind one another in a file: one stream, one count per kind."""
    clean = [case for case in CASES if case.clean]
    path = tmp_path / "capture.bin"
    path.write_bytes(b"".join(case.stream for case in clean))
    done = nmsp2mqtt("decode", "--received-at", clean[0].received_at, path)
    records = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert done.returncode == 0, done.stderr.decode()
    assert bare(records) == cases.typed([record for case in clean for record in case.records])
    check_envelopes(clean[0], records)


def mutations(case, change):
    data = case.stream
    offset = len(case.name) % STRIDE
    return [change(data, at) for at in range(offset, len(data), STRIDE)]


def decode_all(case, variants):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda data: decode(case, data=data), variants))


@pytest.mark.parametrize("case", CASES, ids=cases.ident)
def test_cut_short(case):
    """What comes before the cut is decoded as ever; the cut is told."""
    variants = mutations(case, lambda data, at: data[:at])
    for data, (status, records, errors) in zip(variants, decode_all(case, variants)):
        assert status in (0, 2), errors
        assert bare(records) == cases.typed(case.records[:len(records)])
        whole, at = set(), 0
        for frame in case.frames:
            whole.add(at)
            at += len(frame)
        if len(data) not in whole:
            assert status == 2


@pytest.mark.parametrize("case", CASES, ids=cases.ident)
def test_flipped(case):
    """Any byte turned over: still JSON or nothing, and an orderly end."""
    def flip(data, at):
        return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:]
    for status, _records, errors in decode_all(case, mutations(case, flip)):
        assert status in (0, 2), errors


def test_nothing_is_understood_from_nothing():
    status, records, errors = decode(CASES[0], data=b"")
    assert (status, records, errors) == (0, [], "")


def test_bad_hex_is_told():
    status, records, errors = decode(CASES[0], "--hex", data=b"0100 00xf")
    assert status != 0 and records == [] and errors

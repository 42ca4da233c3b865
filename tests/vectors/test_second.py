# SPDX-License-Identifier: ISC
"""test_second.py: the vectors in a profile with other bytes and other numbers.

Nothing of the baseline's layout may be in the program: the same records must come out.
"""
import copy

import pytest

import cases
import transcode
from proc import ROOT
from test_vectors import bare, check_envelopes, decode

SECOND = ROOT / "tests/dictionary/second.conf"
CASES = cases.load()


def translated_unknown(record):
    """Numbers and bytes of an `unknown` record, as the second profile has them."""
    data = bytes.fromhex(record["bytes"])
    record["message_id"] = transcode.message_id(record["message_id"])
    if "element" in record:
        data = transcode.value(record["element"], data)
        record["element"] = transcode.TOP[record["element"]]
    else:
        data = transcode.elements(data, transcode.TOP)
    record["bytes"] = data.hex()


def translated(record):
    """The record that the second profile's frame must become."""
    record = copy.deepcopy(record)
    if record["schema"] == "nmsp.unknown/1":
        translated_unknown(record)
    if record.get("entity", "").isdigit():
        record["entity"] = str(transcode.entity(int(record["entity"])))
    for one in record.get("unrecognized", []):
        one["element"] = transcode.CHILDREN[0x0200][one["element"]]
    return record


@pytest.mark.parametrize("case", CASES, ids=cases.ident)
def test_same_records(case):
    stream = b"".join(transcode.frame(frame) for frame in case.frames)
    status, records, errors = decode(case, "-d", SECOND, data=stream)
    assert bare(records) == cases.typed([translated(record) for record in case.records])
    check_envelopes(case, records)
    assert status == (0 if case.clean else 2), errors


def test_the_other_direction():
    """What the translation makes of the baseline's frames, it also turns back."""
    clean = [case for case in CASES if case.clean]
    for case in clean:
        assert transcode.back(transcode.stream(case.stream)) == (case.stream, b"")


def test_the_bytes_are_others():
    """The baseline dictionary makes nothing of them."""
    case = cases.named("measurement", "one client")
    status, records, _errors = decode(case, data=transcode.frame(case.frames[0]))
    assert status == 2 and not [one for one in records if one["schema"] == "nmsp.rssi/1"]

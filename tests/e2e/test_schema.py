# SPDX-License-Identifier: ISC
"""test_schema.py: the shipped schemas are those of the dictionary, and they are strict."""
import json

import pytest
from jsonschema import Draft202012Validator

import cases
import schemas
from broker import RECORD_KINDS
from proc import ROOT, nmsp2mqtt

ENVELOPE = {"gateway": "gw1", "controller": "hq", "session": "6f2c91ab", "seq": 1,
            "received_at": "2026-11-22T17:00:00.123Z"}


def vector_records(kind):
    for case in cases.load():
        for record in case.records:
            if record["schema"] == f"nmsp.{kind}/1":
                yield {**record, **ENVELOPE}


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_shipped_schema_is_not_stale(kind):
    done = nmsp2mqtt("schema", kind)
    assert done.returncode == 0
    assert done.stdout == schemas.path(kind).read_bytes()


def test_all_schemas_into_a_directory(tmp_path):
    done = nmsp2mqtt("schema", "--output", tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"nmsp.{kind}.1.json" for kind in RECORD_KINDS}
    by_hand = {schemas.path("status").name}
    assert names | by_hand == {path.name for path in schemas.SHIPPED.iterdir()}


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_schema_is_a_schema_and_takes_the_vectors(kind):
    schema = schemas.shipped(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    validator = schemas.strict(kind)
    records = list(vector_records(kind))
    assert records
    for record in records:
        validator.validate(record)


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_schema_takes_nothing_else(kind):
    """Keys that the schema does not name, missing envelopes and wrong types are refused."""
    validator = schemas.strict(kind)
    for record in vector_records(kind):
        assert not validator.is_valid({**record, "no_such_key": 1})
        assert not validator.is_valid({**record, "seq": "1"})
        assert not validator.is_valid({**record, "schema": "nmsp.other/1"})
        for key in ("gateway", "controller", "session", "seq", "received_at", "schema"):
            assert not validator.is_valid({k: v for k, v in record.items() if k != key})


def test_another_dictionary_has_the_same_schemas():
    """A dictionary that changes only numbers changes no schema."""
    second = ROOT / "tests/dictionary/second.conf"
    done = nmsp2mqtt("schema", "-d", second, "rssi")
    assert done.returncode == 0 and json.loads(done.stdout) == schemas.shipped("rssi")

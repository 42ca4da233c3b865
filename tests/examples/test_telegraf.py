# SPDX-License-Identifier: ISC
"""test_telegraf.py: docs/examples/telegraf.conf, as far as it can be checked without Telegraf.

Debian does not have it. That the file is TOML, and that every path in it is one of the schema of
the kind that it subscribes to and of the type that it says, is what would break first.
"""
import tomllib

import pytest

import schemas
from conftest import EXAMPLES

INPUTS = tomllib.loads((EXAMPLES / "telegraf.conf").read_text(encoding="utf-8"))["inputs"]
CONSUMERS = [(one["topics"][0].rpartition("/")[2], one) for one in INPUTS["mqtt_consumer"]]
TYPES = {"int": "integer", "uint": "integer", "float": "number", "string": "string"}


def record(kind):
    """The schema of one record of the kind."""
    schema = schemas.shipped(kind)
    return schema.get("else", schema)


def test_there_are_consumers():
    assert [kind for kind, _one in CONSUMERS] == ["rssi", "statistics", "air_quality"]


@pytest.mark.parametrize("kind, consumer", CONSUMERS, ids=[kind for kind, _one in CONSUMERS])
def test_paths_are_in_the_schema(kind, consumer):
    (parser,) = consumer["json_v2"]
    schema = record(kind)
    assert parser["timestamp_path"] in schema["properties"]
    for tag in parser["tag"]:
        assert tag["path"] in schema["required"], "a tag must always be there"
    for field in parser.get("field", []):
        assert schema["properties"][field["path"]]["type"] == TYPES[field["type"]]
        assert field.get("optional") or field["path"] in schema["required"]
    for part in parser.get("object", []):
        inner = schema["properties"][part["path"]]["items"]
        assert set(part["included_keys"]) <= set(inner["properties"])
        assert set(part["tags"]) <= set(part["included_keys"]) & set(inner["required"])


def test_sessions_that_last_have_names_of_their_own():
    names = [one["client_id"] for _kind, one in CONSUMERS if one["persistent_session"]]
    assert len(set(names)) == len(CONSUMERS)

# SPDX-License-Identifier: ISC
"""schemas.py: the shipped schemas, and a stricter reading of them.

To subscribers the schemas allow keys that a later version may add. What this version publishes
must have no key that its schema does not name.
"""
import json

from jsonschema import Draft202012Validator

from proc import ROOT

SHIPPED = ROOT / "docs/schema"


def path(kind):
    return SHIPPED / f"nmsp.{kind}.1.json"


def shipped(kind):
    return json.loads(path(kind).read_text(encoding="utf-8"))


def closed(schema):
    """The schema with every object that names its properties closed to others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(one) for key, one in schema.items()}
    if isinstance(out.get("properties"), dict) and out.get("type") == "object":
        out.setdefault("additionalProperties", False)
    return out


def strict(kind):
    """A validator of what this version publishes of a kind."""
    return Draft202012Validator(closed(shipped(kind)))

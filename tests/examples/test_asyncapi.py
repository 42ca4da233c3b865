# SPDX-License-Identifier: ISC
"""test_asyncapi.py: docs/asyncapi.yaml is valid, says what json.md says, and what comes fits it."""
import json
import re

import pytest
from jsonschema import Draft202012Validator

import npm
import schemas
from broker import RECORD_KINDS
from proc import ROOT

DOCUMENT = ROOT / "docs/asyncapi.yaml"
CONTRACT = (ROOT / "docs/json.md").read_text(encoding="utf-8")
SMALL = ("--allow-all", "--aps", 4, "--clients", 5, "--tags", 2, "--seed", 7)
RETAINED = ("nmsp/{gateway}/state", "nmsp/{gateway}/info", "nmsp/{gateway}/health",
            "nmsp/{gateway}/{controller}/state", "nmsp/{gateway}/{controller}/capability")


def validate(path):
    folder = npm.installed("asyncapi")
    return npm.run(folder, npm.HERE / "asyncapi/validate.js", path)


@pytest.fixture(scope="module")
def channels():
    """{address: {messages: {name: schema}, bindings}} as AsyncAPI's parser reads the document."""
    done = validate(DOCUMENT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stated():
    """{topic: (retained, qos)} of the table in json.md."""
    cells = re.findall(r"^\| `(nmsp/[^`]+)` \| (yes|no) \|([^|]*)\|", CONTRACT, re.MULTILINE)
    return {topic: (retained == "yes", qos.strip()) for topic, retained, qos in cells}


def plain(schema):
    """A schema without what the parser added."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: plain(one) for key, one in schema.items() if not key.startswith("x-parser")}


@pytest.mark.parametrize("good, bad", [
    ("action: send", "action: shout"),
    ("'#/components/messages/health'", "'#/components/messages/wealth'"),
    ("schema/nmsp.wips.1.json", "schema/nmsp.wisp.1.json"),
])
def test_faults_are_found(tmp_path, good, bad):
    text = DOCUMENT.read_text(encoding="utf-8")
    assert good in text
    broken = tmp_path / "asyncapi.yaml"
    broken.write_text(text.replace(good, bad, 1), encoding="utf-8")
    (tmp_path / "schema").symlink_to(schemas.SHIPPED)
    assert validate(broken).returncode == 1


def test_topics_are_those_of_the_contract(channels):
    topics = stated()
    assert set(channels) == set(topics)
    for topic, (retained, qos) in topics.items():
        (binding,) = channels[topic]["bindings"]
        assert binding["retain"] == retained
        assert qos in ("`qos`", "") or binding["qos"] == int(qos)


def test_records_are_those_of_the_schemas(channels):
    messages = channels["nmsp/{gateway}/{controller}/{kind}"]["messages"]
    assert set(messages) == set(RECORD_KINDS)
    for kind, schema in messages.items():
        assert plain(schema) == plain(schemas.shipped(kind))


@pytest.mark.parametrize("topic", RETAINED)
def test_documents_have_the_fields_of_the_contract(channels, topic):
    """A table of fields in json.md, where the document has one, names all and no others."""
    text = re.search(rf"^`{re.escape(topic)}`.*?\n(.*?)(?=^## |\Z)", CONTRACT,
                     re.MULTILINE | re.DOTALL)
    table = text and re.search(r"^\| field \|.*\n\|[-|]+\n((?:\|.*\n)+)", text[1], re.MULTILINE)
    (schema,) = channels[topic]["messages"].values()
    if table:
        assert set(re.findall(r"^\| `(\w+)`", table[1], re.MULTILINE)) == set(schema["properties"])


def test_examples_of_the_contract_fit(channels):
    """Its documents, each to exactly the one schema that it belongs to."""
    validators = {topic: Draft202012Validator(schemas.closed(plain(schema)))
                  for topic in RETAINED for schema in channels[topic]["messages"].values()}
    fitting = set()
    for block in re.findall(r"^```json\n(.*?)^```$", CONTRACT, re.MULTILINE | re.DOTALL):
        example = json.loads(block)
        if "schema" in example or "ok" in example:
            continue
        fits = [topic for topic, one in validators.items() if one.is_valid(example)]
        assert len(fits) == 1, f"{fits}: {example}"
        fitting |= set(fits)
    assert fitting == set(RETAINED)


def test_what_comes_fits(channels, sims, gateway, subscriber):
    running = gateway(sims(*SMALL), gateway={"health_interval": 1}, main={"commands": True})
    subscriber.records(5, "rssi")
    subscriber.publish("nmsp/gw1/command/measure", '{"controller":"hq"}')
    subscriber.wait_for(lambda one: one.topic == "nmsp/gw1/response/measure")
    subscriber.records(1, "info")
    subscriber.wait_for(lambda one: one.topic.endswith("/health") and b"rssi" in one.payload)
    running.stop_in_order()
    seen = set()
    for message in subscriber.messages:
        if not message.json:
            continue
        address, schema = channel_of(channels, message)
        faults = list(Draft202012Validator(schemas.closed(plain(schema))).iter_errors(message.json))
        assert not faults, f"{message.topic}: {faults[0].message}"
        assert message.topic.count("/") == address.count("/")
        seen.add(address)
    assert seen == set(channels)


def channel_of(channels, message):
    """(address, schema) of the most literal channel that the topic fits."""
    fitting = [address for address in channels
               if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", address), message.topic)]
    address = min(fitting, key=lambda one: one.count("{"))
    messages = channels[address]["messages"]
    return address, messages[message.kind] if message.kind else next(iter(messages.values()))

# SPDX-License-Identifier: ISC
"""test_home_assistant.py: docs/examples/home_assistant.py, by what Home Assistant documents.

The fields are those of https://www.home-assistant.io/integrations/device_tracker.mqtt/.
"""
import json

import pytest
from jsonschema import Draft202012Validator

TEXT = {"type": "string", "minLength": 1}
DISCOVERY = {
    "type": "object",
    "required": ["name", "unique_id", "state_topic"],
    "properties": {
        **dict.fromkeys((
            "availability_template", "availability_topic", "icon", "json_attributes_template",
            "json_attributes_topic", "name", "object_id", "payload_available", "payload_home",
            "payload_not_available", "payload_not_home", "payload_reset", "state_topic",
            "unique_id", "value_template"), TEXT),
        "availability_mode": {"enum": ["all", "any", "latest"]},
        "qos": {"enum": [0, 1, 2]},
        "source_type": {"enum": ["gps", "router", "bluetooth", "bluetooth_le"]},
        "device": {
            "type": "object",
            "anyOf": [{"required": ["identifiers"]}, {"required": ["connections"]}],
            "properties": {
                **dict.fromkeys(("configuration_url", "hw_version", "manufacturer", "model", "name",
                                 "suggested_area", "sw_version", "via_device"), TEXT),
                "identifiers": {"type": ["array", "string"]},
                "connections": {"type": "array", "items": {
                    "type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}}},
            "additionalProperties": False}},
    "additionalProperties": False,
}
SMALL = ("--allow-all", "--aps", 4, "--clients", 3, "--tags", 1, "--seed", 7)
STRANGER = "02:00:00:00:00:99"


@pytest.fixture
def devices(tmp_path):
    def write(**settings):
        path = tmp_path / "devices.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        return path
    return write


def told(subscriber, mac, part, satisfied=lambda _one: True):
    topic = f"nmsp-home/{mac.replace(':', '')}/{part}"
    return subscriber.wait_for(lambda one: one.topic == topic and satisfied(one))[0]


def test_devices_of_the_gateway(programs, sims, gateway, broker, subscriber, subscribers, devices):
    running = gateway(sims(*SMALL))
    record = next(one for one in subscriber.records(10, "rssi") if one["readings"])
    mac = record["mac"]
    places = {reading["ap"]: "Kitchen" for one in subscriber.records(10, "rssi")
              for reading in one["readings"]}
    programs("home_assistant.py", "--port", broker.port,
             devices(devices={mac: "A phone", STRANGER: "Another"}, places=places))
    assert told(subscriber, mac, "state").payload == b"Kitchen"
    assert told(subscriber, mac, "attributes").json["ap"] in places

    late = subscribers(broker)
    configs = late.wait_for(lambda one: one.topic.startswith("homeassistant/"), 2)
    for config in configs:
        assert config.retain and config.topic.endswith("/config")
        assert not list(Draft202012Validator(DISCOVERY).iter_errors(config.json))
    mine = next(one.json for one in configs if one.json["device"]["connections"] == [["mac", mac]])
    kept = late.wait_for(lambda one: one.topic == mine["state_topic"] and one.retain)
    assert kept[0].payload == b"Kitchen"

    # What availability_template takes from the topic is one of the two payloads, at either end.
    states = lambda: late.matching(lambda one: one.topic == mine["availability_topic"])
    assert states()[0].json["state"] == mine["payload_available"]
    running.stop_in_order()
    late.wait(lambda: states()[-1].json["state"] == mine["payload_not_available"], "goodbye")
    assert mine["availability_template"] == "{{ value_json.state }}"


def test_home_and_away(programs, broker, subscriber, devices):
    """An access point without a place is "home"; silence is "not_home"; a return is told again."""
    mac = "a4:83:e7:12:34:56"
    program = programs("home_assistant.py", "--port", broker.port, "--timeout", 0.5,
                       devices(devices={mac: "A phone"}))
    told(subscriber, mac, "state", lambda one: one.payload == b"not_home")
    heard = json.dumps({
        "schema": "nmsp.rssi/1", "gateway": "gw1", "controller": "hq", "session": "0000000a",
        "seq": 1, "received_at": "2026-11-22T17:00:00.000Z", "mac": mac, "mac_type": "universal",
        "entity": "client", "associated": True, "readings": [
            {"ap": "2c:57:41:58:ee:e0", "slot": 0, "band": "5", "source": "probe",
             "rssi_dbm": -62, "age_ms": 300}]})
    is_state = lambda one: one.topic == "nmsp-home/a483e7123456/state"
    for count in (1, 2):
        subscriber.publish("nmsp/gw1/hq/rssi", heard)
        states = subscriber.wait_for(is_state, 1 + 2 * count)
        assert [one.payload for one in states[-2:]] == [b"home", b"not_home"]
    assert program.running

#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""home_assistant.py: chosen devices as device trackers of Home Assistant, by MQTT discovery.

The devices and the names of places are in a JSON file:

    {"devices": {"a4:83:e7:12:34:56": "Alice's phone"},
     "places": {"2c:57:41:58:ee:e0": "Kitchen"}}

A device is where the access point is that hears it best: at the place of that name, else "home".
One that nobody hears for --timeout seconds is "not_home". While the gateway is offline all are
unavailable. Randomised addresses change, so turn them off on the devices for this network.
"""
import argparse
import json
import sys
import time

import paho.mqtt.client as mqtt


class Trackers:
    """What Home Assistant was told of each device."""

    def __init__(self, client, settings, options):
        self.client, self.options = client, options
        self.devices, self.places = settings["devices"], settings.get("places", {})
        self.states, self.heard = {}, {}
        self.began = time.monotonic()

    def base(self, mac):
        return f"{self.options.prefix}-home/{mac.replace(':', '')}"

    def discovery(self, mac, name):
        """The fields of https://www.home-assistant.io/integrations/device_tracker.mqtt/."""
        identifier = f"nmsp_{mac.replace(':', '')}"
        return {
            "name": name, "unique_id": identifier, "object_id": identifier,
            "state_topic": f"{self.base(mac)}/state",
            "json_attributes_topic": f"{self.base(mac)}/attributes",
            "payload_home": "home", "payload_not_home": "not_home", "source_type": "router",
            "availability_topic": f"{self.options.prefix}/{self.options.gateway}/state",
            "availability_template": "{{ value_json.state }}",
            "payload_available": "online", "payload_not_available": "offline",
            "device": {"connections": [["mac", mac]], "name": name}}

    def announce(self):
        for mac, name in self.devices.items():
            topic = f"{self.options.discovery}/device_tracker/nmsp_{mac.replace(':', '')}/config"
            self.client.publish(topic, json.dumps(self.discovery(mac, name)), qos=1, retain=True)

    def tell(self, mac, state):
        if self.states.get(mac) != state:
            self.states[mac] = state
            self.client.publish(f"{self.base(mac)}/state", state, qos=1, retain=True)

    def take(self, record):
        mac, readings = record.get("mac"), record.get("readings")
        if mac not in self.devices or not readings:
            return
        best = readings[0]
        self.heard[mac] = time.monotonic()
        self.tell(mac, self.places.get(best["ap"], "home"))
        attributes = {"ap": best["ap"], "rssi_dbm": best.get("rssi_dbm"),
                      "heard_at": record["received_at"]}
        self.client.publish(f"{self.base(mac)}/attributes", json.dumps(attributes), retain=True)

    def expire(self):
        limit = time.monotonic() - self.options.timeout
        for mac in self.devices:
            if self.heard.get(mac, self.began) < limit:
                self.tell(mac, "not_home")


def records(document):
    """The records of a message: itself, or what a batch carries with its envelope."""
    return [{**document, **record} for record in document.get("records", [{}])]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--prefix", default="nmsp", help="of the gateway's topics")
    parser.add_argument("--gateway", default="gw1", help="its name")
    parser.add_argument("--discovery", default="homeassistant", help="prefix of discovery topics")
    parser.add_argument("--timeout", type=float, default=180, help="s, until a device is away")
    parser.add_argument("devices", help="the JSON file")
    return parser.parse_args()


def reconnect(client):
    time.sleep(1)
    try:
        client.reconnect()
    except OSError as error:
        print(f"cannot connect: {error}", file=sys.stderr)


def main():
    options = arguments()
    with open(options.devices, encoding="utf-8") as file:
        settings = json.load(file)
    client = mqtt.Client()
    trackers = Trackers(client, settings, options)

    def connected(*_):
        client.subscribe(f"{options.prefix}/{options.gateway}/+/rssi", qos=1)
        trackers.announce()

    def came(_client, _data, got):
        for record in records(json.loads(got.payload)):
            trackers.take(record)

    client.on_connect, client.on_message = connected, came
    client.connect(options.host, options.port)
    while True:
        if client.loop(timeout=0.5) != mqtt.MQTT_ERR_SUCCESS:
            reconnect(client)
        trackers.expire()


if __name__ == "__main__":
    main()

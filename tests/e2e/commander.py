# SPDX-License-Identifier: ISC
"""commander.py: somebody who sends commands through the broker and reads the responses."""
import itertools
import json

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker import Subscriber

ROOT = "nmsp/gw1"
MINE = "operators/responses"


class Commander(Subscriber):
    """Subscribed to everything; with MQTT 5 it asks for responses on a topic of its own."""

    def __init__(self, broker, protocol=5, **options):
        super().__init__(broker, protocol=protocol, **options)
        self.numbers = itertools.count(1)

    def send(self, name, payload, **options):
        """Publishes a request, as JSON unless it is bytes; returns its correlation data."""
        number = b"c%d" % next(self.numbers)
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        if self.protocol == 5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic = options.pop("response_topic", MINE)
            properties.CorrelationData = number
            options["properties"] = properties
        self.client.publish(f"{ROOT}/command{name and '/'}{name}", payload, qos=1, **options)
        return number

    def responses(self, topic):
        return self.matching(lambda one: one.topic == topic)

    def run(self, name, payload=None, timeout=15, **options):
        """Sends a request and waits for its response, which is returned as a dict."""
        topic = f"{ROOT}/response{name and '/'}{name}"
        before = len(self.responses(topic))
        number = self.send(name, {} if payload is None else payload, **options)
        usual = self.wait_for(lambda one: one.topic == topic, before + 1, timeout,
                              f"response to {name}")[-1]
        assert usual.qos == 1 and not usual.retain and usual.json["command"] == name
        assert usual.json["ok"] == ("error" not in usual.json)
        if self.protocol == 5:
            assert usual.properties.CorrelationData == number
            assert usual.properties.ContentType == "application/json"
            self.wait_for(lambda one: one.topic == MINE and one.payload == usual.payload
                          and one.properties.CorrelationData == number)
        return usual.json

    def refused(self, name, payload=None, **options):
        """The sentence by which a request is refused."""
        response = self.run(name, payload, **options)
        assert not response["ok"]
        return response["error"]

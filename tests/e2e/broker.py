# SPDX-License-Identifier: ISC
"""broker.py: a real mosquitto, and subscribers that are not ours: paho-mqtt, mosquitto_sub."""
import collections
import json
import random
import signal
import ssl
import subprocess
import time
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.subscribeoptions import SubscribeOptions

from proc import PATIENCE, Process, Waiter, free_port

RECORD_KINDS = ("rssi", "info", "statistics", "attachment", "location", "ap", "interferer",
                "air_quality", "wips", "unknown")
# What subscribers saw in this run, {kind: documents}, for the check against the schemas at its end:
# all of the first thousands, then a sample, so that a flood does not take minutes.
SEEN = collections.defaultdict(list)

QUIET = ["log_type notice", "log_type information"]


class Broker:
    """mosquitto on a port of its own; the port outlives stop and start."""

    def __init__(self, folder, *, user=None, password=None, tls=None, authority=None, port=None,
                 lasting=False, extra=()):
        """lasting: a store on disk; extra: further lines of its configuration."""
        self.host, self.port = "127.0.0.1", port or free_port()
        self.user, self.password, self.authority = user, password, authority
        self.config = folder / "mosquitto.conf"
        self.store = folder / "mosquitto.db"
        lines = ["user root", f"listener {self.port} 127.0.0.1", "log_dest stderr",
                 # Not 0 for no limit: mosquitto 2.0.11 then hangs up where it refuses a message.
                 "max_queued_messages 1000000", f"allow_anonymous {'false' if user else 'true'}",
                 f"persistence {'true' if lasting else 'false'}", f"persistence_location {folder}/",
                 *(QUIET if lasting else ["log_type all"]),
                 *extra]
        if user:
            path = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", path, user, password], check=True,
                           capture_output=True)
            lines.append(f"password_file {path}")
        if tls:
            lines += [f"certfile {tls.certificate}", f"keyfile {tls.key}",
                      f"cafile {authority.certificate}"]
        self.config.write_text("\n".join(lines) + "\n", encoding="ascii")
        self.process = None
        self.start()

    def start(self):
        self.process = Process("mosquitto", "-c", self.config)
        self.process.wait_line(r"mosquitto version \S+ running")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None

    def save(self):
        """Has it write its store now."""
        before = self.store.stat().st_mtime_ns if self.store.exists() else 0
        self.process.signal(signal.SIGUSR1)
        self.process.wait_line("Saving in-memory database")
        end = time.monotonic() + PATIENCE
        while not self.store.exists() or self.store.stat().st_mtime_ns == before:
            assert time.monotonic() < end, "the broker does not write its store"
            time.sleep(0.005)

    def stop_in_order(self):
        # It forgets a signal that comes between its last line of the start and its loop.
        while self.process.running:
            self.process.signal(signal.SIGTERM)
            try:
                self.process.finish(1)
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def wait_line(self, pattern, timeout=PATIENCE):
        return self.process.wait_line(pattern, timeout=timeout)


class Message(NamedTuple):
    """One message as a subscriber got it; `json` is None for an empty or a foreign payload."""

    topic: str
    payload: bytes
    retain: bool
    qos: int
    properties: object
    json: object

    @property
    def kind(self):
        schema = self.json.get("schema", "") if isinstance(self.json, dict) else ""
        return schema.partition("/")[0].rpartition(".")[2]

    @property
    def records(self):
        """The records of the message: itself, or what its batch carries with its envelope."""
        if "records" not in self.json:
            return [self.json]
        envelope = {key: value for key, value in self.json.items() if key != "records"}
        found, seq = [], envelope["seq"]
        for record in self.json["records"]:
            found.append({**envelope, "seq": seq, **record})
            seq = found[-1]["seq"] + 1
        return found


def message(topic, payload, retain=False, qos=0, properties=None):
    """A Message; a record is also kept for the check against the schemas."""
    try:
        document = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        document = None
    made = Message(topic, payload, retain, qos, properties, document)
    if made.kind in RECORD_KINDS:
        seen = SEEN[made.kind]
        if len(seen) < 3000 or random.random() < 0.01:
            seen.append(document)
    return made


class Inbox(Waiter):
    """Messages in the order of arrival, and ways to wait for some of them."""

    def __init__(self):
        super().__init__()
        self.messages = []
        self._records, self._flattened = collections.defaultdict(list), 0

    def matching(self, predicate):
        return [one for one in self.messages if predicate(one)]

    def wait_for(self, predicate, count=1, timeout=PATIENCE, what="matching message"):
        """The first `count` messages that satisfy the predicate."""
        found = self.wait(lambda: (hits := self.matching(predicate))[count - 1:] and hits,
                          f"{count} {what}", timeout)
        return found[:count]

    def records(self, count, kind, timeout=PATIENCE):
        """The first `count` records of a kind, taken out of batches too."""
        def enough():
            for one in self.messages[self._flattened:]:
                self._flattened += 1
                if one.kind in RECORD_KINDS:
                    self._records[one.kind] += one.records
            return len(self._records[kind]) >= count
        self.wait(enough, f"{count} records of kind {kind}", timeout)
        return self._records[kind][:count]

    def state(self, controller, state, count=1, timeout=PATIENCE):
        """The document by which the controller gets into this state for the count-th time."""
        topic = f"/{controller}/state"

        def entered():
            states = [one.json for one in self.messages if one.topic.endswith(topic) and one.json]
            hits = [now for before, now in zip([{}] + states, states)
                    if now["state"] == state != before.get("state")]
            return hits[count - 1:] and hits[count - 1]
        return self.wait(entered, f"state {state} ({count}) of {controller}", timeout)


class Subscriber(Inbox):
    """paho-mqtt on everything; usable once made (its SUBACK has come).

    With a name (and protocol 3) its session at the broker outlives its connections.
    """

    def __init__(self, broker, topic="#", protocol=5, qos=1, name=""):
        super().__init__()
        self.client = paho.Client(name, protocol=paho.MQTTv5 if protocol == 5 else paho.MQTTv311,
                                  **({"clean_session": False} if name else {}))
        if broker.user:
            self.client.username_pw_set(broker.user, broker.password)
        if broker.authority:
            self.client.tls_set(ca_certs=broker.authority.certificate,
                                tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.protocol, self.topic, self.qos = protocol, topic, qos
        self.subscribed = 0
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(broker.host, broker.port, keepalive=30)
        self.client.loop_start()
        self.wait(lambda: self.subscribed, "SUBACK for paho")

    def _on_connect(self, client, *_):
        if self.protocol == 5:
            client.subscribe(self.topic, options=SubscribeOptions(qos=self.qos))
        else:
            client.subscribe(self.topic, self.qos)

    def _on_subscribe(self, *_):
        self.notify(lambda: setattr(self, "subscribed", self.subscribed + 1))

    def _on_message(self, _client, _userdata, got):
        properties = getattr(got, "properties", None)
        made = message(got.topic, got.payload, bool(got.retain), got.qos, properties)
        self.notify(lambda: self.messages.append(made))

    def publish(self, topic, payload):
        self.client.publish(topic, payload, qos=1)

    def stop(self):
        """Ends for good: paho keeps sockets of its own open for as long as its client lives."""
        if self.client:
            self.client.disconnect()
            self.client.loop_stop()
        self.client = None


class MosquittoSub(Inbox):
    """mosquitto_sub as the second opinion: its lines are messages too."""

    def __init__(self, broker, topic="#"):
        super().__init__()
        command = ["stdbuf", "-oL", "mosquitto_sub", "-h", broker.host, "-p", broker.port, "-d",
                   "-V", "mqttv311", "-q", "1", "-t", topic, "-F", "=%r %q %t %p"]
        if broker.user:
            command += ["-u", broker.user, "-P", broker.password]
        if broker.authority:
            command += ["--cafile", broker.authority.certificate]
        self.process = Process(*command)
        self.process.wait_line(r"^Subscribed", self.process.stdout)
        self.parsed = 0
        # The lines are the truth; they become messages when somebody looks.
        self.changed = self.process.changed

    def matching(self, predicate):
        self._parse()
        return super().matching(predicate)

    def wait(self, satisfied, what, timeout=PATIENCE):
        return super().wait(lambda: (self._parse(), satisfied())[1], what, timeout)

    def _parse(self):
        lines = self.process.stdout
        for line in lines[self.parsed:]:
            self.parsed += 1
            if line.startswith("="):
                retain, qos, topic, *payload = line[1:].split(" ", 3)
                text = "".join(payload).encode("utf-8")
                self.messages.append(message(topic, text, retain == "1", int(qos)))

    def stop(self):
        self.process.stop()

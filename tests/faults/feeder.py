# SPDX-License-Identifier: ISC
"""feeder.py: numbered records for a controller to send, and books of those that arrived."""
import collections
import json
import time

import nmsp_wire as wire
import play

STATIONS = 50


def station(number, stations=STATIONS):
    return f"00:11:22:33:{number % stations >> 8:02x}:{number % stations & 255:02x}"


def _rssi(number, stations, readings=1):
    heard = (wire.reading(play.AP, -60, age_ms=number) for _ in range(readings))
    return wire.frame(wire.MEASUREMENT, wire.measurement(station(number, stations), *heard))


def _statistics(number, stations):
    return wire.frame(wire.STATISTICS, wire.statistics(station(number, stations), uptime=number))


FRAMES = {"rssi": _rssi, "statistics": _statistics}
NUMBERS = {
    "rssi": lambda record: record["readings"][0]["age_ms"],
    "statistics": lambda record: record["uptime_s"],
}


class Feeder:
    """What the peer sent: `sent[kind]` is {connection: [number]}."""

    def __init__(self, peer):
        self.peer = peer
        self.number = 0
        self.sent = collections.defaultdict(lambda: collections.defaultdict(list))

    def frames(self, count, kind="rssi", session=None, stations=STATIONS, **options):
        """The bytes of `count` new records, which are taken for sent in this session."""
        session = session or self.peer.sessions[-1]
        numbers = range(self.number + 1, self.number + 1 + count)
        self.number += count
        self.sent[kind][self.peer.sessions.index(session)] += numbers
        return b"".join(FRAMES[kind](number, stations, **options) for number in numbers)

    def send(self, count, kind="rssi", session=None, **options):
        session = session or self.peer.sessions[-1]
        session.send(self.frames(count, kind, session, **options))

    def total(self, kind):
        return sum(map(len, self.sent[kind].values()))


class Book:
    """Records that arrived somewhere, in their order: `got[kind]` is [(number, record)]."""

    def __init__(self):
        self.got = collections.defaultdict(list)
        self.unique = collections.defaultdict(set)

    def enter(self, record):
        kind = record["schema"].partition("/")[0].rpartition(".")[2]
        number = NUMBERS.get(kind, lambda record: record["seq"])(record)
        self.got[kind].append((number, record))
        self.unique[kind].add(number)


class FileBook(Book):
    """What a file output has written."""

    def __init__(self, path):
        super().__init__()
        self.path, self.offset = path, 0

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            self.enter(json.loads(line))

    def wait(self, kind, count, timeout):
        end = time.monotonic() + timeout
        while self.read() or len(self.unique[kind]) < count:
            assert time.monotonic() < end, f"{len(self.unique[kind])} of {count} {kind} in the file"
            time.sleep(0.02)

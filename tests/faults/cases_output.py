# SPDX-License-Identifier: ISC
"""cases_output.py: queues that overflow, and outputs that fail beside one that works."""
import fcntl
import os

from cases_broker import some
from proc import free_port

SMALL = "64k"


def _overflow(scene, kind, **main):
    """2,000 records while the broker is away, for a queue of about a hundred."""
    scene.start(main={"queue_size": SMALL, **main})
    scene.link.refuse()
    scene.link.cut()
    scene.wait_broken()
    scene.send(2000, kind)
    scene.wait_read(kind)
    scene.link.heal()
    scene.wait_got(kind, 20)  # there is room again
    scene.send(1, kind)
    last = scene.feeder.number
    scene.ledger.wait(lambda: last in scene.read_ledger().unique[kind], "the last record", 60)


def conflated(scene):
    """The newest of each station comes through."""
    _overflow(scene, "rssi")

    def after():
        assert set(range(1952, 2002)) <= scene.book.unique["rssi"]
    return after


def dropped_oldest(scene):
    """The newest records come through, in one piece."""
    _overflow(scene, "statistics")
    numbers = sorted(scene.book.unique["statistics"])
    assert numbers == list(range(numbers[0], 2002)) and 20 < len(numbers) < 1000


def dropped_newest(scene):
    """The oldest records come through, in one piece; what comes after the outage too."""
    _overflow(scene, "statistics", full={"statistics": "drop_newest"})
    numbers = sorted(scene.book.unique["statistics"])[:-1]
    assert numbers == list(range(1, len(numbers) + 1)) and 20 < len(numbers) < 1000


def rare_before_frequent(scene):
    """After an outage statistics come before what was measured earlier."""
    scene.start()
    scene.link.refuse()
    scene.link.cut()
    scene.wait_broken()
    scene.send(200, "rssi")
    scene.send(50, "statistics")
    scene.wait_read("statistics")
    scene.wait_read("rssi")
    scene.link.heal()
    scene.wait_got("rssi")
    scene.wait_got("statistics")
    kinds = [one.kind for one in scene.ledger.messages if one.kind in ("rssi", "statistics")]
    assert kinds[-250:] == ["statistics"] * 50 + ["rssi"] * 200


def one_of_two_dead(scene):
    scene.start(mqtts={"dead": {"host": "127.0.0.1", "port": free_port(), "queue_size": SMALL}})
    some(scene, 1000)

    def after():
        dead = scene.account("dead", "rssi")
        assert (dead.received, dead.published) == (1000, 0)
        assert dead.conflated and dead.dropped["shutdown"]
    return after


def disk_full(scene):
    scene.start(files={"feed": {"path": "/dev/full"}})
    some(scene, 200)
    scene.gateway.wait_line("cannot write")

    def after():
        feed = scene.account("feed", "rssi")
        assert feed.received == 200 and set(feed.dropped) <= {"write_failed", "shutdown"}
        assert feed.published == 0 < feed.dropped["write_failed"]
    return after


def reader_stops(scene):
    """A pipe that nobody empties: its output fills its queue, the other goes on."""
    path = scene.folder / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)  # less than a line for each station
    # More than what is taken at once to be written, which nothing can take the place of.
    scene.start(files={"feed": {"path": path, "queue_size": "256k"}})
    some(scene, 2000)

    def after():
        lines = b""
        while chunk := os.read(reader, 65536):
            lines += chunk
        os.close(reader)
        feed = scene.account("feed", "rssi")
        assert feed.received == 2000 and feed.published == lines.count(b"\n")
        assert feed.conflated and feed.dropped["shutdown"]
    return after

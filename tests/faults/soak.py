# SPDX-License-Identifier: ISC
"""soak.py: faults at random for a while; MINUTES says how long, SEED repeats a run.

Nothing that happens here may cost a record that the daemon has read.
"""
import os
import random
import signal
import time

import pytest

from cases_broker import wait_echoes
from compare import Allowed

MINUTES = float(os.environ.get("MINUTES", "1"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
KINDS = ("rssi", "statistics")
MOST_WAITING = 20_000  # records between daemon and subscriber before the feed rests


def feed(scene, dice):
    """Records of both kinds, unless many are on their way."""
    scene.read_ledger()
    if sum(read(scene)) - sum(len(scene.book.unique[kind]) for kind in KINDS) < MOST_WAITING:
        scene.send(dice.randrange(1, 1000), "rssi")
        scene.send(dice.randrange(1, 50), "statistics")


def broker_killed(scene, dice):
    """Once the subscriber has it all, as a broker that dies takes what it has in memory along."""
    settle(scene)
    scene.kill_broker()
    feed(scene, dice)
    pause(dice, 2)
    scene.broker.start()


def broker_stopped_in_order(scene, dice):
    scene.broker.stop_in_order()
    pause(dice, 2)
    scene.broker.start()


def broker_frozen(scene, dice):
    scene.broker.process.signal(signal.SIGSTOP)
    pause(dice, 5)
    scene.broker.process.signal(signal.SIGCONT)


def link_cut(scene, dice):
    scene.link.cut()
    pause(dice, 0.5)


def link_cut_in_a_message(scene, dice):
    scene.link.cut_after(dice.choice((scene.link.up, scene.link.down)), dice.randrange(1, 5000))
    feed(scene, dice)


def link_held(scene, dice):
    scene.link.hold()
    pause(dice, 5)
    scene.link.heal()


def link_slow(scene, dice):
    scene.link.up.rate = dice.randrange(20_000, 200_000)
    pause(dice, 3)
    scene.link.up.rate = 0


def link_refused(scene, dice):
    scene.link.refuse()
    scene.link.cut()
    pause(dice, 3)
    scene.link.heal()


def controller_cut(scene, dice):
    """In mid-frame, mostly."""
    count = len(scene.peer.sessions)
    scene.wire.cut_after(scene.wire.down, dice.randrange(1, 3000))
    scene.send(dice.randrange(100, 1000))
    scene.ready(count + 1)


def controller_slow(scene, dice):
    scene.wire.down.rate = dice.randrange(50_000, 200_000)
    pause(dice, 3)
    scene.wire.down.rate = 0


def calm(_scene, dice):
    pause(dice, 2)


FAULTS = [broker_killed, broker_stopped_in_order, broker_frozen, link_cut, link_cut_in_a_message,
          link_held, link_slow, link_refused, controller_cut, controller_slow, calm, calm]


def pause(dice, most):
    time.sleep(dice.uniform(0, most))


def settle(scene):
    """Until the subscriber has what the daemon has read, as the file shows, and no more comes."""
    before = None
    while (now := read(scene)) != before:
        before = now
        for kind, count in zip(KINDS, before):
            scene.wait_got(kind, count, timeout=120)
        wait_echoes(scene, 2)


def read(scene):
    scene.feed.read()
    return [len(scene.feed.unique[kind]) for kind in KINDS]


@pytest.mark.slow
def test_soak(scene):
    print(f"\nSEED={SEED} MINUTES={MINUTES:g}")
    dice, end = random.Random(SEED), time.monotonic() + 60 * MINUTES
    scene.start(controller={"quarantine": 1})
    while time.monotonic() < end:
        happens = dice.choice(FAULTS)
        left = end - time.monotonic()
        print(f"{left:7.1f} s left, {scene.feeder.number:9} records: {happens.__name__}",
              flush=True)
        feed(scene, dice)
        happens(scene, dice)
    settle(scene)
    scene.finish(KINDS, Allowed(again=True, unread=True), echoes=False)

# SPDX-License-Identifier: ISC
"""test_many.py: 500 controllers that all restart at once are dialled politely.

The simulator plays all of them on one port. Its log tells when connections and handshakes were;
which controller dialled is told by the gateway's retained states.
"""
import collections
import re

import pytest

import accounting
import play
from broker import Subscriber
from gateway import controller_options, mqtt_options

COUNT = 500
BACKOFF = {"backoff_min": 1, "backoff_max": 8}
MOST_AT_ONCE = 32  # handshakes, MOST_DIALS of the gateway
HANDSHAKE_OVER = "NMSP connection success|connection freed|session closed|connection lost"
SLACK = 0.1  # s between the daemon's clock and its documents
STAMP = re.compile(r"^(\S+Z) ")


def moments(sim, pattern):
    """When the simulator logged lines that fit, in s."""
    found = (STAMP.match(line) for line in list(sim.stderr) if re.search(pattern, line))
    return [play.moment(match[1]).timestamp() for match in found if match]


def at_once(begun, ended):
    """The most that were under way at the same time."""
    steps = sorted([(when, 1) for when in begun] + [(when, -1) for when in ended],
                   key=lambda step: (step[0], -step[1]))
    level = most = 0
    for _, step in steps:
        level += step
        most = max(most, level)
    return most


def print_histogram(what, times, width=1):
    buckets = collections.Counter(int((when - times[0]) / width) for when in times)
    print(f"{what}: {len(times)} in {times[-1] - times[0]:.1f} s")
    for bucket in range(max(buckets) + 1):
        print(f"{bucket * width:6.1f} s {buckets[bucket]:4} {'#' * (buckets[bucket] // 5)}")


def states(subscriber):
    """{controller: its state documents in order}"""
    found = collections.defaultdict(list)
    for message in list(subscriber.messages):
        level = message.topic.split("/")
        if len(level) == 4 and level[3] == "state" and message.json:
            found[level[2]].append(message.json)
    return found


def wait_subscribed(subscriber, since=0):
    """Until the last state of every controller is "subscribed", in a message behind `since`."""
    def all_there():
        last = {}
        for message in subscriber.messages[since:]:
            if message.topic.endswith("/state") and message.topic.count("/") == 3 and message.json:
                last[message.topic] = message.json["state"]
        return len(last) == COUNT and set(last.values()) == {"subscribed"}
    subscriber.wait(all_there, f"{COUNT} controllers subscribed", 90)


def check_policy(documents):
    """No dial before its time, and no pause below the policy's."""
    for before, after in zip(documents, documents[1:]):
        if before["state"] != "backoff":
            continue
        pause = play.moment(before["retry_at"]) - play.moment(before["since"])
        assert pause.total_seconds() >= BACKOFF["backoff_min"] - SLACK, before
        early = play.moment(before["retry_at"]) - play.moment(after["since"])
        assert after["state"] != "connecting" or early.total_seconds() <= SLACK, (before, after)


@pytest.mark.slow
def test_500_controllers_restart_at_once(gateways, sims, broker, certificates):
    pair = certificates.first
    options = ("--allow-all", "--no-auth-delay", "--aps", 2, "--clients", 2, "--tags", 0,
               "--rogues", 0, "--certificate", pair.certificate, "--key", pair.key)
    sim = sims(*options)
    subscriber = Subscriber(broker)
    one = controller_options(sim, services=["rssi:client"], **BACKOFF)
    running = gateways({f"c{n:03}": one for n in range(COUNT)}, {"main": mqtt_options(broker)},
                       allow=["session c", "tls c"])
    wait_subscribed(subscriber)
    first, seen = moments(sim, "connection accepted"), len(subscriber.messages)
    sim.kill()
    subscriber.state("c000", "backoff", 3)
    again = sims(*options, "--port", sim.port)
    wait_subscribed(subscriber, seen)

    for what, part in (("start", sim), ("restart", again)):
        accepted = moments(part, "connection accepted")
        print_histogram(f"dials at the {what}", accepted)
        most = at_once(accepted, moments(part, HANDSHAKE_OVER))
        print(f"at most {most} handshakes at once")
        assert most <= MOST_AT_ONCE
    assert len(first) == COUNT
    told = states(subscriber)
    print_histogram("dials by their states", sorted(
        play.moment(one["since"]).timestamp() for documents in told.values()
        for one in documents if one["state"] == "connecting"))
    for documents in told.values():
        check_policy(documents)
    running.stop_in_order()
    accounting.check(running.log)
    subscriber.stop()

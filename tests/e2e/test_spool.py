# SPDX-License-Identifier: ISC
"""test_spool.py: what an output with a spool has to send survives kill -9 and absent brokers."""
import json
import random
import time

import pytest

import play
from gateway import controller_options, mqtt_options
from proc import BUILD, Process

FEEDER = BUILD / "tests" / "e2e" / "feeder"
TOPIC = "nmsp/gw1/hq/rssi"


class Feeder(Process):
    """Publishes numbers through an MQTT output with a spool."""

    def __init__(self, broker, path, first, count, rate):
        super().__init__(FEEDER, broker.port, path, first, count, rate)

    @property
    def handed_over(self):
        """The last number that is known to have been handed to the output."""
        return max((int(line) for line in self.stdout if line.isdigit()), default=0)

    def account(self):
        """The account at its end, which must come."""
        assert self.finish(60) == 0, self.stderr
        return json.loads(self.stdout[-1])


@pytest.fixture
def feeders(tmp_path):
    made = []

    def make(broker, first, count, rate=5000):
        made.append(Feeder(broker, tmp_path / "spool", first, count, rate))
        return made[-1]
    yield make
    for one in made:
        one.kill()


def numbers(inbox):
    return [one.json["n"] for one in inbox.messages if one.topic == TOPIC]


def assert_all_but_the_last(got, first, last):
    """All of a run that was killed, but for its end: at most what one batch had not written."""
    missing = sorted(set(range(first, last + 1)) - set(got))
    assert missing == list(range(last + 1 - len(missing), last + 1)), "a hole"
    assert len(missing) <= 2000


def test_kill_at_random_moments(feeders, broker, subscribers):
    inbox = subscribers(broker, topic=TOPIC)
    moment = random.Random(2)
    runs, first = [], 1
    for _ in range(8):
        feeder = feeders(broker, first, 100_000)
        enough = first + moment.randrange(200, 3000)
        feeder.wait(lambda: feeder.handed_over >= enough, "numbers")
        feeder.kill()
        runs.append((first, feeder.handed_over))
        first = feeder.handed_over + 100_000
    account = feeders(broker, first, 1000).account()
    assert account["queued"] == 0 and account["received"] == account["published"] >= 1000
    inbox.wait(lambda: first + 999 in numbers(inbox), "the last number")
    got = numbers(inbox)
    assert set(range(first, first + 1000)) <= set(got)
    for run in runs:
        assert_all_but_the_last(got, *run)


def test_a_broker_that_is_away(feeders, broker, subscribers):
    """What two killed processes were fed without a broker comes first and in order."""
    broker.stop()
    for first in (1, 3001):
        feeder = feeders(broker, first, 3000)
        feeder.wait_line("fed", feeder.stdout)
        time.sleep(1)           # many times what a batch takes
        feeder.kill()
    broker.start()
    inbox = subscribers(broker, topic=TOPIC)
    account = feeders(broker, 6001, 1000).account()
    assert account == {"received": 7000, "published": 7000, "queued": 0}
    inbox.wait(lambda: len(numbers(inbox)) >= 7000, "all numbers")
    assert numbers(inbox) == list(range(1, 7001))


def stations(messages):
    """The numbers that play.measurement() put into addresses."""
    return {int(one.json["mac"].replace(":", "")[6:], 16) for one in messages}


def test_the_daemon_killed_twenty_times(gateways, peer, broker, subscribers, tmp_path):
    """kill -9 at random moments: of each session at most the end is missing, within one batch."""
    inbox = subscribers(broker, topic=TOPIC)
    moment = random.Random(7)
    options = mqtt_options(broker, spool={"path": str(tmp_path / "spool.db")})
    number, sent = 1, []
    for turn in range(20):
        running = gateways({"hq": controller_options(peer)}, {"main": options}, allow=["spool"])
        session = peer.ready(turn + 1)
        last = number + moment.randrange(50, 1500)
        session.send(b"".join(play.measurement(n) for n in range(number, last)))
        time.sleep(moment.uniform(0, 0.15))
        running.kill()
        sent.append(range(number, last))
        number = last
    running = gateways({"hq": controller_options(peer)}, {"main": options}, allow=["spool"])
    peer.ready(21).send(play.measurement(number))
    inbox.wait(lambda: number in stations(inbox.messages[-1:]), "the last one")
    running.stop_in_order()
    got = stations(inbox.messages)
    for numbers_of_turn in sent:
        missing = sorted(set(numbers_of_turn) - got)
        end = numbers_of_turn.stop
        assert missing == list(range(end - len(missing), end)), "a hole"

# SPDX-License-Identifier: ISC
"""test_matrix.py: what can happen to the links and the parties, and what it may cost.

One row a case: its name, what happens, what of the records' ways it allows beyond "published
once". Each ends with the accounts, the comparison and the echoes.
"""
from typing import Callable, NamedTuple

import pytest

import cases_broker as broker
import cases_controller as controller
import cases_output as output
import cases_stop as stop
from compare import Allowed


class Case(NamedTuple):
    """A row. may: words of accounting, or fields of Allowed; must: words that have to occur."""

    name: str
    happens: Callable
    may: str = ""
    must: str = ""
    lost: float = 0
    kinds: str = "rssi"
    echoes: bool = True
    core: bool = False

    @property
    def allowed(self):
        words = frozenset(self.may.split()) | frozenset(self.must.split())
        fields = {"again", "unread", "unordered"} & words
        return Allowed(words - fields, lost=self.lost, **dict.fromkeys(fields, True))


CASES = [
    Case("nothing happens", broker.nothing, core=True),

    Case("broker killed and restarted", broker.killed, may="again", core=True),
    Case("broker killed in a burst", broker.killed_in_a_burst, may="again", lost=200),
    Case("broker stopped in order", broker.stopped_in_order, may="again"),
    Case("broker stopped for ten seconds", broker.stopped_for_ten_seconds, may="again"),
    Case("broker accepts and says nothing", broker.says_nothing, may="again"),
    Case("broker refuses CONNACK", broker.refuses_connack, may="again", core=True),
    Case("broker speaks no TLS", broker.tls_garbage, may="again"),
    Case("link to broker cut in a PUBLISH", broker.cut_in_a_publish, may="again", core=True),
    Case("link to broker half open", broker.half_open, may="again", core=True),
    Case("keepalive lost", broker.keepalive_lost, may="again"),
    Case("link to broker slow", broker.slow_link),
    Case("link to broker delayed", broker.delayed_link),
    Case("link to broker flaps", broker.link_flaps, may="again"),
    Case("topic forbidden, MQTT 5", broker.forbidden_topic, kinds="rssi statistics",
         must="not_authorized", core=True),
    Case("topic forbidden, MQTT 3.1.1", broker.forbidden_topic_silently, kinds="statistics",
         lost=50),
    Case("record too large, MQTT 5", broker.too_large, must="too_large", core=True),
    Case("record too large, MQTT 3.1.1", broker.too_large_untold, may="again", must="refused"),
    Case("receive maximum of one", broker.receive_maximum_of_one),
    Case("broker away from the start", broker.away_from_the_start, core=True),
    Case("what waits is counted", broker.held_in_memory, may="again", core=True),
    Case("what waits is counted, in batches", broker.held_in_batches, may="again"),
    Case("what waits is counted, on disk", broker.held_on_disk, may="again", core=True),
    Case("broker's store lost", broker.store_lost, may="again"),
    Case("session taken over", broker.taken_over, may="again", core=True),
    Case("two gateways with one client id", broker.second_gateway, may="again"),

    Case("queue overflows, conflate", output.conflated, may="unordered again queue_full",
         must="conflated", core=True),
    Case("queue overflows, drop oldest", output.dropped_oldest, kinds="statistics", may="again",
         must="queue_full", core=True),
    Case("queue overflows, drop newest", output.dropped_newest, kinds="statistics", may="again",
         must="queue_full"),
    Case("rare records before frequent ones", output.rare_before_frequent, may="again",
         kinds="rssi statistics"),
    Case("one of two outputs dead", output.one_of_two_dead),
    Case("file output on a full disk", output.disk_full, core=True),
    Case("reader of the file output stops", output.reader_stops),

    Case("controller cut", controller.cut, core=True),
    Case("controller cut in a frame", controller.cut_in_a_frame, may="unread", core=True),
    Case("controller half open", controller.half_open, may="unread", echoes=False),
    Case("controller silent", controller.silent),
    Case("capability withdrawn", controller.capability_withdrawn, kinds="rssi statistics"),
    Case("capability flaps", controller.capability_flaps, kinds="rssi statistics", core=True),
    Case("certificate changed", controller.certificate_changed),
    Case("clock hours off", controller.clock_hours_off),
    Case("controller refuses", controller.refusing),
    Case("controller speaks no TLS", controller.speaks_something_else),
    Case("controller reboots in a loop", controller.rebooting_in_a_loop, may="unread"),
    Case("byte drip", controller.byte_drip),
    Case("link to controller slow", controller.slow_link),
    Case("burst", controller.burst),
    Case("burst for a slow broker", controller.burst_slow_broker,
         may="unordered again queue_full", must="conflated"),
    Case("malformed among good", controller.malformed_among_good, core=True),
    Case("flood of unknown messages", controller.unknown_flood, core=True),
    Case("impossible length", controller.impossible_length, may="unread"),

    Case("SIGTERM in a burst", stop.in_a_burst, may="unread shutdown", core=True),
    Case("SIGTERM without a broker", stop.without_a_broker, must="shutdown", core=True),
    Case("SIGTERM with a broker that hangs", stop.with_a_broker_that_hangs, must="shutdown"),
    Case("SIGTERM with a controller that hangs", stop.with_a_controller_that_hangs),
    Case("SIGTERM twice", stop.twice, core=True, echoes=False),
    Case("SIGTERM again while flushing", stop.again_while_flushing, must="shutdown", core=True),
    Case("SIGTERM twice in a burst", stop.twice_in_a_burst, may="unread shutdown"),
]


@pytest.mark.parametrize("case", [
    pytest.param(case, id=case.name.replace(" ", "-"), marks=[pytest.mark.core] * case.core)
    for case in CASES])
def test_fault(case, scene):
    after = case.happens(scene)
    scene.finish(case.kinds.split(), case.allowed, case.must.split(), case.echoes)
    if after:
        after()


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES) >= 30

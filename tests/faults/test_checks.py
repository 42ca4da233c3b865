# SPDX-License-Identifier: ISC
"""test_checks.py: accounting and comparison fail on what they are there to find."""
import pytest

import accounting
import compare
from accounting import Account
from compare import Allowed

pytestmark = pytest.mark.core
LINE = ("2026-11-23T05:00:00.000Z info account main hq rssi: received 250 = published 240 +"
        " filtered 0 + conflated 7 + dropped 3 (queue_full 2, shutdown 1) + queued 0")
PROOF = "2026-11-23T05:00:00.001Z info account main: queued 0 = queue 0 + spool 0"
NUMBERS = {"received": 9, "published": 4, "filtered": 0, "conflated": 2, "queued": 3}


def test_line_of_the_log():
    found = accounting.of_log(["something else", LINE])
    assert found == {("main", "hq", "rssi"): Account(
        250, 240, conflated=7, dropped={"queue_full": 2, "shutdown": 1})}
    assert not accounting.faults([LINE, PROOF])


@pytest.mark.parametrize("before, after", [
    ("received 250", "received 251"), ("published 240", "published 239"),
    ("queued 0", "queued 1"), ("dropped 3", "dropped 4"), ("queue_full 2", "queue_full 3")])
def test_line_that_does_not_add_up(before, after):
    assert accounting.faults([LINE.replace(before, after), PROOF])


QUEUED = LINE.replace("queued 0", "queued 2").replace("published 240", "published 238")


@pytest.mark.parametrize("line, proof", [
    (LINE, PROOF), (QUEUED, PROOF.replace("queued 0", "queued 2").replace("spool 0", "spool 2"))])
def test_what_is_left_is_on_disk(line, proof):
    assert not accounting.faults([line, proof])


@pytest.mark.parametrize("lines", [
    [LINE], [QUEUED, PROOF], [LINE, PROOF.replace("spool 0", "spool 2")],
    [QUEUED, PROOF.replace("queue 0", "queue 2")],
    [LINE, PROOF, QUEUED.replace("main hq", "gone hq")]])
def test_what_is_left_is_nowhere(lines):
    assert accounting.faults(lines)


def health(ts="1", queue=3, spool=0, **change):
    main = {"queued_records": queue, "controllers": {"hq": {"rssi": {**NUMBERS, **change}}}}
    if spool:
        main["spool"] = {"records": spool}
    return {"ts": ts, "outputs": {"main": main}}


@pytest.mark.parametrize("documents", [
    [health(), health(received=10, published=5)], [health(), health()],
    [health(queue=1, spool=2)] * 2, [health(queue=4), health(queue=5)]])
def test_health(documents):
    accounting.check([LINE, PROOF], documents)


@pytest.mark.parametrize("documents", [
    [health(published=5)], [health(queued=-1, published=8)],
    [health(), health(received=8, queued=2)], [health(received=251, queued=245)],
    [health(queue=2)] * 2, [health(queue=3, spool=1)] * 2])
def test_health_that_does_not_add_up_or_goes_back(documents):
    with pytest.raises(AssertionError):
        accounting.check([LINE, PROOF], documents)


def got(*numbers, session="a", **seqs):
    return [(number, {"seq": seqs.get(f"n{number}", number), "session": session})
            for number in numbers]


SENT = {0: [1, 2, 3, 4]}
WHOLE = Account(received=4, published=4)


def test_all_arrived():
    assert compare.check("", SENT, got(1, 2, 3, 4), WHOLE) == 0


@pytest.mark.parametrize("arrived, account, allowed", [
    (got(1, 2, 3, 4, 4), WHOLE, Allowed(again=True)),
    (got(2, 1, 3, 4), WHOLE, Allowed(unordered=True)),
    (got(1, 2, 3), Account(3, 3), Allowed(unread=True)),
    (got(1, 2, 4), Account(4, 3, conflated=1), Allowed(frozenset({"conflated"}))),
    (got(1, 2), Account(4, 4), Allowed(lost=2)),
    (got(1, 2, 3), Account(4, 2, dropped={"shutdown": 2}), Allowed(frozenset({"shutdown"}))),
])
def test_allowed(arrived, account, allowed):
    compare.check("", SENT, arrived, account, allowed)
    with pytest.raises(AssertionError):
        compare.check("", SENT, arrived, account)


@pytest.mark.parametrize("arrived, account", [
    (got(1, 2, 3), WHOLE),
    (got(1, 2, 3, 4, 5), WHOLE),
    (got(1, 2, 3, 4, n3=4), WHOLE),
    (got(1, 2) + got(3, 4, session="b"), WHOLE),
    (got(1, 2, 3, 4), Account(5, 5)),
    (got(1, 2, 3, 4), Account(4, 3, dropped={"queue_full": 1})),
])
def test_never_allowed(arrived, account):
    everything = Allowed(frozenset({"queue_full"}), again=True, unread=True, unordered=True)
    with pytest.raises(AssertionError):
        compare.check("", SENT, arrived, account, everything)

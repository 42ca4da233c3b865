# SPDX-License-Identifier: ISC
"""compare.py: what a controller sent against what arrived, but for what the counters explain."""
import collections
from typing import NamedTuple

# A record that was on its way when one of these was counted may have arrived all the same.
UNCERTAIN = ("shutdown", "refused")


class Allowed(NamedTuple):
    """What a case may do to records.

    words: of Account.words; again: a record may arrive twice; unread: the end of what a connection
    carried may not have been read; lost: records that the other side took and lost; unordered.
    """

    words: frozenset = frozenset()
    again: bool = False
    unread: bool = False
    unordered: bool = False
    lost: float = 0


def _place(sent):
    """{number: (connection, seq)}; the n-th record of a connection has the seq n."""
    return {number: (connection, seq) for connection, numbers in sent.items()
            for seq, number in enumerate(numbers, 1)}


def _check_envelopes(place, got):
    """Nothing invented, each with its own seq, and one session id for each connection."""
    sessions = collections.defaultdict(set)
    for number, record in got:
        assert number in place, f"was never sent: {record}"
        connection, seq = place[number]
        assert record["seq"] == seq, f"seq {record['seq']} instead of {seq}: {record}"
        sessions[connection].add(record["session"])
    ids = [one for found in sessions.values() for one in found]
    assert all(len(found) == 1 for found in sessions.values()), f"sessions mixed: {dict(sessions)}"
    assert len(set(ids)) == len(ids), f"a session id twice: {dict(sessions)}"


def _check_order(place, got):
    """First arrivals come in the order of sending."""
    last, seen = (-1, 0), set()
    for number, record in got:
        if number not in seen:
            assert place[number] > last, f"overtaken: {record}"
            last = place[number]
        seen.add(number)


def check(what, sent, got, account, allowed=Allowed()):
    """sent: {connection: [number]}; got: [(number, record)] in the order of arrival."""
    place = _place(sent)
    _check_envelopes(place, got)
    if not allowed.unordered:
        _check_order(place, got)
    unique = {number for number, _ in got}
    assert allowed.again or len(unique) == len(got), f"{what}: {len(got) - len(unique)} came twice"
    assert account.words <= allowed.words, f"{what}: {account}, allowed {set(allowed.words)}"
    unread = len(place) - account.received
    assert unread == 0 or allowed.unread and unread > 0, f"{what}: {unread} were not read"
    missing = account.received - len(unique)
    least = account.lost - sum(account.dropped.get(reason, 0) for reason in UNCERTAIN)
    first = min(set(place) - unique, default=None)
    assert least <= missing <= account.lost + allowed.lost, (
        f"{what}: {missing} missing (the first: number {first}), {account.lost} explained: "
        f"{account}")
    return missing

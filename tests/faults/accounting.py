# SPDX-License-Identifier: ISC
"""accounting.py: received = published + filtered + conflated + dropped + queued, everywhere.

The account of one output, controller and kind comes from two places: the health document, at any
moment, and the lines that the daemon logs when it leaves. `queued` is worked out from the others;
that it is what queue and spool hold, which they count themselves, is checked at quiet moments.
"""
import re
from typing import NamedTuple

LINE = re.compile(
    r" account (?P<output>\S+) (?P<controller>\S+) (?P<kind>\S+): received (?P<received>\d+) ="
    r" published (?P<published>\d+) \+ filtered (?P<filtered>\d+) \+ conflated (?P<conflated>\d+)"
    r" \+ dropped (?P<sum>\d+)(?: \((?P<dropped>[^)]*)\))? \+ queued (?P<queued>\d+)$")
PROOF = re.compile(r" account (\S+): queued (\d+) = queue (\d+) \+ spool (\d+)$")
# A counter that went below 0 shows as a number of about 2^64.
ABSURD = 2**60


class Account(NamedTuple):
    """What became of the records of one kind of a controller at an output."""

    received: int = 0
    published: int = 0
    filtered: int = 0
    conflated: int = 0
    queued: int = 0
    dropped: dict = {}

    @property
    def lost(self):
        """Records that the counters say no subscriber gets."""
        return self.filtered + self.conflated + sum(self.dropped.values())

    @property
    def adds_up(self):
        numbers = [*self[:5], *self.dropped.values()]
        whole = all(0 <= number < ABSURD for number in numbers)
        return whole and self.received == self.published + self.lost + self.queued

    @property
    def words(self):
        """The names of what happened to any record beyond being published."""
        simple = ("filtered", "conflated", "queued")
        return {name for name in simple if getattr(self, name)} | set(self.dropped)


def of_log(lines):
    """{(output, controller, kind): Account} from the lines at exit; ValueError for a bad sum."""
    found = {}
    for match in filter(None, map(LINE.search, lines)):
        drops = dict(part.rsplit(" ", 1) for part in (match["dropped"] or "").split(", ") if part)
        dropped = {reason: int(count) for reason, count in drops.items()}
        if sum(dropped.values()) != int(match["sum"]):
            raise ValueError(f"drops do not add up: {match[0]}")
        numbers = {name: int(match[name]) for name in Account._fields[:5]}
        found[match["output"], match["controller"], match["kind"]] = Account(**numbers,
                                                                             dropped=dropped)
    return found


def of_health(document):
    """{(output, controller, kind): Account} of a health document."""
    return {(output, controller, kind): Account(**numbers)
            for output, about in document["outputs"].items()
            for part in ("controllers", "former")
            for controller, kinds in about.get(part, {}).items()
            for kind, numbers in kinds.items()}


class Held(NamedTuple):
    """Records that an output holds, by its own counts."""

    queue: int
    spool: int


def held(document):
    """{output: Held} of a health document."""
    return {output: Held(about["queued_records"], about.get("spool", {}).get("records", 0))
            for output, about in document["outputs"].items()}


def held_at_exit(lines):
    """{output: Held} from the lines at exit."""
    return {match[1]: Held(int(match[3]), int(match[4]))
            for match in filter(None, map(PROOF.search, lines))}


def unproven(accounts, counts):
    """Outputs whose `queued` is not what they hold; one that is gone holds nothing."""
    queued = dict.fromkeys(counts, 0)
    for (output, _, _), one in accounts.items():
        queued[output] = queued.get(output, 0) + one.queued
    return [f"{output}: {count} queued, but {counts.get(output)} held"
            for output, count in queued.items() if sum(counts.get(output, Held(0, 0))) != count]


def quiet(documents):
    """Those that say what the one before says: nothing moved, so they are of one moment."""
    return [now for before, now in zip(documents, documents[1:])
            if of_health(before) == of_health(now) and held(before) == held(now)]


def faults(lines):
    """What is wrong with the accounts in the log of a daemon that has left."""
    try:
        accounts = of_log(lines)
    except ValueError as error:
        return [str(error)]
    counts = held_at_exit(lines)
    return ([f"does not add up: {key} {one}" for key, one in accounts.items() if not one.adds_up]
            + ["nothing says what the outputs held"] * (bool(accounts) and not counts)
            + [f"at exit {one}" for one in unproven(accounts, counts)]
            + [f"in the queue at the end: {output} {one}" for output, one in counts.items()
               if one.queue])


def _went_back(earlier, later):
    drops = set(earlier.dropped) | set(later.dropped)
    return (any(getattr(later, name) < getattr(earlier, name) for name in Account._fields[:4])
            or any(later.dropped.get(name, 0) < earlier.dropped.get(name, 0) for name in drops))


def check(lines, documents=()):
    """Asserts it of the log at exit and of all health documents, and that no counter goes back.

    The documents are in the order of their time. Returns the accounts at exit.
    """
    final = of_log(lines)
    assert not faults(lines), faults(lines)
    before = {}
    for document in documents:
        now = of_health(document)
        wrong = {key: one for key, one in now.items() if not one.adds_up}
        assert not wrong, f"health at {document['ts']}: {wrong}"
        back = [key for key, one in before.items() if key not in now or _went_back(one, now[key])]
        assert not back, f"counters of {back} went back at {document['ts']}"
        before = now
    for document in quiet(documents):
        wrong = unproven(of_health(document), held(document))
        assert not wrong, f"health at {document['ts']}: {wrong}"
    back = [key for key, one in before.items() if key not in final or _went_back(one, final[key])]
    assert not back, f"counters of {back} are lower at exit than in the last health document"
    return final

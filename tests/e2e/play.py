# SPDX-License-Identifier: ISC
"""play.py: the vectors as a controller plays them, and what must be published of them."""
import datetime

import cases
import nmsp_wire as wire

RECORD_FILES = ("measurement", "information", "statistics", "attachment", "location",
                "access-point", "spectrum-wips")
# Response → the request that it answers.
REQUEST_OF = {
    wire.MEASUREMENT_RESPONSE: wire.MEASUREMENT_REQUEST,
    wire.INFORMATION_RESPONSE: wire.INFORMATION_REQUEST,
    wire.STATISTICS_RESPONSE: wire.STATISTICS_REQUEST,
    wire.LOCATION_RESPONSE: wire.LOCATION_REQUEST,
}
AP = "2c:57:41:58:ee:e0"


def message_id(frame):
    return int.from_bytes(frame[2:4], "big")


def solicited(case):
    return message_id(case.frames[0]) in REQUEST_OF


def measurement(number, **options):
    """A measurement notification of one made-up station."""
    station = f"00:11:22:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return wire.frame(wire.MEASUREMENT, wire.measurement(station, wire.reading(AP, -60), **options))


def answer_with(frames):
    """A reaction: these frames for the first request, nothing found for later ones."""
    left = [b"".join(frames)]

    def react(_connection, frame):
        if not left:
            return wire.frame(message_id(frames[0]), wire.status(), transaction=frame.transaction)
        rest, out = left.pop(), b""
        while rest:
            size = int.from_bytes(rest[4:8], "big")
            out += wire.with_transaction(rest[:size], frame.transaction)
            rest = rest[size:]
        return out
    return react


def script(peer, played):
    """Lets the peer answer requests from the cases; what is left are notifications to send."""
    for case in filter(solicited, played):
        request = REQUEST_OF[message_id(case.frames[0])]
        peer.reactions[request] = answer_with(case.frames)
    return [case for case in played if not solicited(case)]


def expected(played):
    """{kind: records} in the order in which they must be published: answers come first."""
    kinds = {}
    for case in sorted(played, key=lambda case: not solicited(case)):
        for record in case.records:
            kind = record["schema"].split("/")[0].split(".")[1]
            kinds.setdefault(kind, []).append((case, record))
    return kinds


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def check_record(got, case, wanted):
    """One published record against the vector's; a time counted back from receipt is its own."""
    wanted = dict(wanted)
    age = datetime.timedelta(seconds=wanted.get("age_s", 0))
    if age and moment(wanted["ts"]) == moment(case.received_at) - age:
        assert moment(got["ts"]) == moment(got["received_at"]) - age
        wanted["ts"] = got["ts"]
    assert cases.typed(cases.bare(got)) == cases.typed(wanted)

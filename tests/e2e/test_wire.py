# SPDX-License-Identifier: ISC
"""test_wire.py: the hand-written builders against the vectors, so that both sides agree."""
import pytest

import cases
import nmsp_wire as wire

AP1, AP2 = "2c:57:41:58:ee:e0", "2c:57:41:58:ef:00"
STATION, PHONE = "00:11:22:33:44:55", "a4:83:e7:12:34:56"
TAG, SECOND = "00:0c:cc:5e:82:91", 1795366800


def tag_with_everything():
    first = wire.measurement(TAG, wire.reading(AP1, -55, -57, 35, age_ms=100), kind=wire.TAG)
    return wire.tag(
        first, wire.ccx(), wire.battery(2, 87, 210), wire.chokepoint("00:0c:cc:5e:82:93", 1500),
        wire.chokepoint("00:0c:cc:5e:82:94", 60000), wire.telemetry(1, 21500),
        wire.telemetry(4, 1013250), wire.vendor(1, bytes.fromhex("0102ff")), wire.tag_event(1),
        wire.tag_payload(bytes.fromhex("00aabb")))


def associated_client():
    return wire.information(
        (0x0201, wire.mac(PHONE)), (0x0202, wire.u8(1)), (0x0203, wire.mac(AP1)),
        (0x0204, wire.u8(1)), (0x0205, wire.u16(36)), (0x0206, b"corp"),
        (0x0207, wire.mac("2c:57:41:58:ee:ef")), (0x0208, b"alice"), (0x0209, wire.ip("10.1.2.3")),
        (0x0209, wire.ip("2001:db8::5")), (0x020A, wire.u16(120)),
        (0x020B, wire.u16(3)), (0x020C, wire.u8(10)), (0x020D, b"Apple-iPhone"), (0x020E, b"hq-2"),
        (0x0211, wire.u32(SECOND - 800)), (0x0212, wire.u32(SECOND - 1)))


def rogue_access_point():
    return wire.information(
        (0x0201, wire.mac("f2:9f:c2:00:00:01")), (0x0202, wire.u8(wire.ROGUE_AP)),
        (0x0203, wire.mac(AP2)), (0x0205, wire.u16(11)), (0x0206, b"Free WiFi"),
        (0x0210, wire.rogue(2, 2, 0, 5)))


def wired_station():
    return wire.attachment(
        (0x0401, wire.u8(1)), (0x0402, wire.mac("00:1b:d4:58:12:34")),
        (0x0403, wire.u8(wire.WIRED)), (0x0404, wire.ip("10.1.2.3")), (0x0405, wire.port(1, 0, 5)),
        (0x0406, b"GigabitEthernet1/0/5"), (0x0407, b"bob"), (0x0408, wire.u16(20)),
        (0x0409, wire.u8(1)), (0x040A, b"FCH1234ABCD"), (0x040B, b"CP-7945G V01"),
        (0x040C, b"CP-7945G"), (0x040D, wire.u32(12)), (0x040E, wire.ip("10.0.0.2")))


def civic_location():
    value = wire.civic(2, "US", (1, "CA"), (3, "San José"), (19, "170"), (27, "2"), (200, "x"))
    return wire.location((0x050A, wire.u8(1)), (0x0501, wire.port(1, 0, 7)), (0x0503, value),
                         (0x0509, wire.ip("10.0.0.2")))


def geo_location():
    # Uncertainty codes 18, 25 bits of fraction, altitude in 1/256 m, version 1, RES 0, datum 1.
    value = wire.geo([
        (6, 18), (34, int(37.5 * 2**25)), (6, 18), (34, int(-121.96875 * 2**25)),
        (4, 1), (6, 20), (30, int(15.25 * 256)), (2, 1), (3, 0), (3, 1)])
    return wire.location((0x050A, wire.u8(3)), (0x0505, value))


def two_radios():
    return wire.access_point(
        (0x0601, wire.mac(AP1)), (0x0602, b"ap-2f-07"), (0x0603, wire.ip("10.9.0.7")),
        (0x0604, b"C9130AXI"), (0x0605, b"KWC1"), (0x0606, b"2F east"),
        (0x0607, wire.radio(0, 1, 6, 20, 14, clients=12)),
        (0x0607, wire.radio(1, 2, 36, 80, -2, mode=5, states=(1, 0))), (0x0608, wire.u32(86400)),
        (0x0609, b"hq-2"), (0x060A, wire.u8(1)))


def microwave():
    return wire.interferer(0x12345678, STATION, SECOND, 2, 42, AP1, duty=37, antenna=1, rssi=-71,
                           channels=(1, 2, 6), signature=b"\xaa\xbb")


def client_statistics():
    return wire.statistics(PHONE, rssi=-61, snr=30, uptime=3600, octets=(123456789012, 2**53 + 1),
                           counters=(4294967295, 17, 5, 6), rates=(866700, 1201000))


def partial_grant():
    return wire.services({1: {1: 2, 2: 2}, 5: {1: 30}, 3: {1: 8}, 6: {1: 0}, 4: {1: 300}})


OFFER = {1: (1, 2, 3, 6), 2: (1, 2), 3: {1: 8, 3: 8}, 4: dict.fromkeys((1, 2, 3), 300), 5: (1,)}

BUILT = [
    ("measurement", "one client", wire.MEASUREMENT, lambda: wire.measurement(
        PHONE, wire.reading(AP2, -75, -71, 20, slot=1, band=2, age_ms=1200),
        wire.reading(AP1, -62, -65, 31, age_ms=300), associated=True)),
    ("measurement", "tag with", wire.MEASUREMENT, tag_with_everything),
    ("information", "associated", wire.INFORMATION, associated_client),
    ("statistics", "client", wire.STATISTICS, client_statistics),
    ("attachment", "wired", wire.ATTACHMENT, wired_station),
    ("location", "civic", wire.LOCATION, civic_location),
    ("location", "geo, RFC 6225", wire.LOCATION, geo_location),
    ("access-point", "two", wire.AP_INFO, two_radios),
    ("spectrum-wips", "microwave", wire.SPECTRUM, microwave),
    ("spectrum-wips", "air", wire.SPECTRUM, lambda: wire.air_quality(
        AP1, 1, 36, (71, 95), (-80, -85), (12, 3), 2, SECOND)),
    ("spectrum-wips", "wips", wire.IDS, lambda: wire.wips(
        7, SECOND, AP2, "02:aa:bb:cc:dd:ee", 130, 3, 4, 1)),
]


@pytest.mark.parametrize(
    "file, name, message, build", BUILT, ids=[f"{row[0]}-{row[1]}" for row in BUILT])
def test_builders_make_the_vectors(file, name, message, build):
    assert wire.frame(message, build()).hex() == cases.named(file, name).stream.hex()


def test_responses_carry_status_and_transaction():
    built = wire.frame(
        wire.INFORMATION_RESPONSE, wire.status(), rogue_access_point(), transaction=3)
    assert built == cases.named("information", "rogue").stream
    built = wire.frame(wire.SUBSCRIBE_RESPONSE, wire.status(1), partial_grant(), transaction=7)
    assert built == cases.named("session", "subscribe response, tag").stream


def test_parser_reads_split_and_joined_frames():
    stream = b"".join(case.stream for case in cases.load("session"))
    frames, rest = wire.parse_frames(stream)
    assert b"".join(frame.raw for frame in frames) == stream and rest == b""
    assert wire.parse_frames(stream[:20]) == ([], stream[:20])
    both, one = {1: 0, 2: 0}, {1: 0}
    assert frames[0].services() == {1: both, 5: one, 3: one, 6: one, 4: both}


def test_mask_of_a_9800():
    """The mask that was seen on a device, from the sub-services that device offers."""
    offer = {1: (1, 2, 3, 6), 2: (1, 2, 3), 3: (1, 3), 4: (1, 2, 3), 8: (1,), 10: (1,), 11: (1,)}
    assert wire.mask(offer)[4:] == wire.u64(6876135)

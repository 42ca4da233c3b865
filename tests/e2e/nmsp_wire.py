# SPDX-License-Identifier: ISC
"""nmsp_wire.py: the baseline profile as Python, written by hand from its description.

Nothing here knows the program's dictionaries or its encoder: it is the other party. Builders
return bytes; a record builder returns a whole element, `frame` puts elements behind a header.
"""
import ipaddress
import struct
from typing import NamedTuple

HEADER = struct.Struct(">BBHIIH")

ECHO_REQUEST, ECHO_RESPONSE, CAPABILITY = 1, 2, 7
MEASUREMENT_REQUEST, MEASUREMENT_RESPONSE, MEASUREMENT = 13, 14, 15
INFORMATION_REQUEST, INFORMATION_RESPONSE, INFORMATION = 16, 17, 18
STATISTICS_REQUEST, STATISTICS_RESPONSE, STATISTICS = 20, 21, 22
ATTACHMENT_REQUEST, ATTACHMENT_RESPONSE, ATTACHMENT = 23, 24, 25
LOCATION_REQUEST, LOCATION_RESPONSE, LOCATION = 26, 27, 28
SUBSCRIBE_REQUEST, SUBSCRIBE_RESPONSE = 30, 31
UNSUBSCRIBE_REQUEST, UNSUBSCRIBE_RESPONSE = 32, 33
IDS_REQUEST, IDS_RESPONSE, IDS = 40, 41, 42
SPECTRUM_REQUEST, SPECTRUM_RESPONSE, SPECTRUM = 50, 51, 52
ON_DEMAND_REQUEST, ON_DEMAND_RESPONSE = 60, 61
AP_INFO_REQUEST, AP_INFO_RESPONSE, AP_INFO = 65, 66, 67

CLIENT, TAG, ROGUE_AP, ROGUE_CLIENT, INTERFERER, WIRED, AP = 1, 2, 3, 4, 5, 6, 7
NO_DBM = -128

# Sub-service → its bit in the mask of a capability notification.
MASK_BIT = {
    (1, 1): 0, (1, 2): 1, (1, 3): 2, (1, 4): 3, (1, 5): 4, (1, 6): 5,
    (2, 1): 6, (2, 2): 7, (2, 3): 8,
    (3, 1): 9, (3, 2): 10, (3, 3): 11, (3, 4): 12,
    (4, 1): 13, (4, 2): 14, (4, 3): 15,
    (5, 1): 16, (6, 1): 17, (7, 1): 18, (8, 1): 19, (9, 1): 20, (10, 1): 21, (11, 1): 22,
}
ALL_SERVICES = {
    1: (1, 2, 3, 4, 6), 2: (1, 2), 3: (1, 2, 3), 4: (1, 2, 3), 5: (1,), 6: (1,), 9: (1,), 10: (1,),
    11: (1,),
}


class Frame(NamedTuple):
    """One message as it was read: its header fields, its elements, and all its bytes."""

    id: int
    transaction: int
    more: bool
    elements: list
    raw: bytes

    def values(self, element):
        return [value for number, value in self.elements if number == element]

    def services(self):
        """{service: {subservice: interval}} of the service elements."""
        return dict(parse_service(value) for value in self.values(0x0020))


def tlv(element, value=b""):
    return struct.pack(">HH", element, len(value)) + value


def frame(message, *elements, transaction=0, more=False):
    body = b"".join(elements)
    return HEADER.pack(1, int(more), message, HEADER.size + len(body), transaction, 0) + body


def with_transaction(data, transaction):
    """The same frame under another transaction id."""
    return data[:8] + struct.pack(">I", transaction) + data[12:]


def parse_tlvs(data):
    found = []
    while data:
        number, length = struct.unpack_from(">HH", data)
        assert 4 + length <= len(data), f"element {number:#06x} is longer than what holds it"
        found.append((number, data[4:4 + length]))
        data = data[4 + length:]
    return found


def parse_frames(data):
    """All whole frames at the start of data, and the bytes left over."""
    frames = []
    while len(data) >= HEADER.size:
        version, flags, message, length, transaction, reserved = HEADER.unpack_from(data)
        assert (version, flags & ~1, reserved) == (1, 0, 0), f"bad header {data[:14].hex()}"
        assert HEADER.size <= length <= 262144, f"bad length {length}"
        if len(data) < length:
            break
        raw, data = data[:length], data[length:]
        frames.append(Frame(message, transaction, bool(flags & 1), parse_tlvs(raw[14:]), raw))
    return frames, data


def parse_service(value):
    service, count = struct.unpack_from(">HB", value)
    assert len(value) == 3 + 4 * count, f"service {value.hex()}"
    pairs = [struct.unpack_from(">HH", value, 3 + 4 * n) for n in range(count)]
    return service, dict(pairs)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return ipaddress.ip_address(text).packed


def text(value):
    return value.encode("utf-8")


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def status(value=0):
    return tlv(0x0001, u8(value))


def entity(value):
    return tlv(0x0002, u8(value))


def controller_time(milliseconds):
    return tlv(0x0005, u64(milliseconds))


def location_type(value):
    return tlv(0x0007, u8(value))


def service(number, subservices):
    """subservices: {number: interval in s}, or a plain sequence (each with interval 0)."""
    if not isinstance(subservices, dict):
        subservices = dict.fromkeys(subservices, 0)
    pairs = b"".join(struct.pack(">HH", sub, every) for sub, every in subservices.items())
    return tlv(0x0020, struct.pack(">HB", number, len(subservices)) + pairs)


def services(offer):
    """One service element for each entry of {service: subservices}."""
    return b"".join(service(number, subservices) for number, subservices in offer.items())


def mask(offer):
    bits = sum(1 << MASK_BIT[number, sub] for number, subs in offer.items() for sub in subs)
    return tlv(0x0021, u64(bits))


def device(name="wlc-hq", model="C9800-L-F-K9", software="17.12.4", address="10.0.0.5"):
    return tlv(0x0010, tlv(0x0011, text(name)) + tlv(0x0012, text(model))
               + tlv(0x0013, text(software)) + tlv(0x0014, mac("00:1e:bd:00:00:01"))
               + tlv(0x0015, ip(address)))


def capability(offer=None, **about):
    """A capability notification: device, services and mask of {service: subservices}."""
    offer = ALL_SERVICES if offer is None else offer
    return frame(CAPABILITY, device(**about), services(offer), mask(offer))


def reading(ap, a, b=NO_DBM, snr=NO_DBM, slot=0, band=1, source=1, age_ms=0):
    return mac(ap) + struct.pack(">BBBbbbI", slot, band, source, a, b, snr, age_ms)


def measurement(station, *readings, kind=CLIENT, associated=False):
    head = mac(station) + struct.pack(">BBB", kind, int(associated), len(readings))
    return tlv(0x0100, head + b"".join(readings))


def ccx(version=1, tx_power=17, channel=6, regulatory=12, burst=3, sequence=1234):
    value = struct.pack(">BbBBBH", version, tx_power, channel, regulatory, burst, sequence)
    return tlv(0x0110, value)


def battery(level=2, percent=255, days=65535):
    return tlv(0x0111, struct.pack(">BBH", level, percent, days))


def chokepoint(address, age_ms):
    return tlv(0x0112, mac(address) + u32(age_ms))


def telemetry(kind, thousandths):
    return tlv(0x0113, struct.pack(">Bi", kind, thousandths))


def vendor(number, data):
    return tlv(0x0114, u8(number) + data)


def tag_event(number):
    return tlv(0x0115, u8(number))


def tag_payload(data):
    return tlv(0x0116, data)


def tag(first, *parts):
    """A tag measurement: first is a measurement element."""
    return tlv(0x0101, first + b"".join(parts))


def information(*parts):
    """parts: pairs of the element's number and its value in bytes, in order."""
    return tlv(0x0200, b"".join(tlv(number, value) for number, value in parts))


def rogue(state, classified, kind, clients):
    return struct.pack(">BBBH", state, classified, kind, clients)


def statistics(station, kind=CLIENT, rssi=NO_DBM, snr=NO_DBM, uptime=0, octets=(0, 0),
               counters=(0, 0, 0, 0), rates=(0, 0)):
    """octets and rates: (rx, tx); counters: packets rx, packets tx, retries, errors."""
    return tlv(0x0300, mac(station) + struct.pack(">BbbBIQQ6I", kind, rssi, snr, 0, uptime, *octets,
                                                  *counters, *rates))


def attachment(*parts):
    return tlv(0x0400, b"".join(tlv(number, value) for number, value in parts))


def port(slot, module, number):
    return struct.pack(">BBH", slot, module, number)


def location(*parts):
    return tlv(0x0500, b"".join(tlv(number, value) for number, value in parts))


def civic(what, country, *elements):
    """RFC 4776 from its 'what' byte on; elements: (CAtype, text)."""
    out = u8(what) + text(country)
    for number, value in elements:
        out += u8(number) + u8(len(text(value))) + text(value)
    return out


def custom(name, value):
    return u8(len(name)) + text(name) + text(value)


def geo(bits):
    """RFC 6225's sixteen bytes from (width, value) pairs, first pair first."""
    number = 0
    for width, value in bits:
        number = number << width | value & (1 << width) - 1
    return number.to_bytes(16, "big")


def access_point(*parts):
    return tlv(0x0600, b"".join(tlv(number, value) for number, value in parts))


def radio(slot, band, channel, width, power, mode=0, states=(1, 1), clients=0):
    """states: admin, oper."""
    return struct.pack(">BBHHbBBBH", slot, band, channel, width, power, mode, *states, clients)


def interferer(number, cluster, detected, kind, severity, ap, slot=0, band=1, duty=0, antenna=0,
               rssi=-70, channels=(), signature=b""):
    bits = sum(1 << channel - 1 for channel in channels)
    return tlv(0x0700, u32(number) + mac(cluster) + struct.pack(">IHB", detected, kind, severity)
               + mac(ap) + struct.pack(">BBBBbI", slot, band, duty, antenna, rssi, bits)
               + signature)


def air_quality(ap, slot, channel, index, power, duty, devices, time):
    """index: minimum, average; power and duty: total, interference."""
    return tlv(0x0701, mac(ap) + struct.pack(">BHBBbbBBBI", slot, channel, *index, *power, *duty,
                                             devices, time))


def wips(alarm, time, ap, client, signature, index, severity, version):
    return tlv(0x0800, u32(alarm) + u32(time) + mac(ap) + mac(client)
               + struct.pack(">IIBB", signature, index, severity, version))

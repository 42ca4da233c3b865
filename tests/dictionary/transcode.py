# SPDX-License-Identifier: ISC
"""transcode.py: rewrites frames of the baseline profile as frames of a second, made-up profile.

The second profile says the same things with other bytes: a 12-byte little-endian header (u16 id,
u8 version 2, u8 flags, u32 length of the body alone, u32 transaction), elements of u8 type and u16
length that counts the 3 bytes before the value but not the zeros that fill the element up to a
multiple of 4, and other numbers throughout. Strings, addresses and RFC 4776/6225 values stay.
"""
import struct

# Top-level elements: baseline type -> second type.
TOP = {
    0x0001: 11,  # status
    0x0002: 12,  # entity
    0x0003: 13,  # scope
    0x0004: 14,  # mac
    0x0005: 15,  # controller_time
    0x0006: 16,  # detail
    0x0007: 17,  # location_type
    0x0010: 20,  # device
    0x0020: 21,  # service
    0x0021: 22,  # subservice_mask
    0x0100: 101,  # measurement
    0x0101: 102,  # tag_measurement
    0x0200: 103,  # information
    0x0300: 104,  # statistics
    0x0400: 105,  # attachment
    0x0500: 106,  # location
    0x0600: 107,  # access_point
    0x0700: 108,  # interferer
    0x0701: 109,  # air_quality
    0x0800: 110,  # wips_alarm
    0x0B00: 240,  # in no dictionary: stays unknown
}

# Children of each group: baseline group -> {baseline type -> second type}. Each group counts anew.
CHILDREN = {
    0x0010: {0x0011: 1, 0x0012: 2, 0x0013: 3, 0x0014: 4, 0x0015: 5},
    0x0101: {
        0x0100: 1, 0x0110: 2, 0x0111: 3, 0x0112: 4, 0x0113: 5, 0x0114: 6, 0x0115: 7, 0x0116: 8,
    },
    0x0200: {
        0x0201: 1, 0x0202: 2, 0x0203: 3, 0x0204: 4, 0x0205: 5, 0x0206: 6, 0x0207: 7, 0x0208: 8,
        0x0209: 9, 0x020A: 10, 0x020B: 11, 0x020C: 12, 0x020D: 13, 0x020E: 14, 0x0210: 15,
        0x0211: 16, 0x0212: 17, 0x02FE: 254,
    },
    0x0400: {0x0400 + n: n for n in range(1, 17)},
    0x0500: {0x0500 + n: n for n in range(1, 11)},
    0x0600: {0x0600 + n: n for n in range(1, 11)},
}

# Struct and scalar layouts: B byte, H u16, I u32, Q u64, M six bytes as they are, E entity number,
# [..] the rest of the fields, again and again. What a layout leaves over is copied.
LAYOUT = {
    0x0002: "E",
    0x0005: "Q",
    0x0020: "HB[HH]",
    0x0021: "Q",
    0x0100: "MEBB[MBBBBBBI]",
    0x0110: "BBBBBH",
    0x0111: "BBH",
    0x0112: "MI",
    0x0113: "BI",
    0x0202: "E",
    0x0205: "H",
    0x020A: "H",
    0x020B: "H",
    0x0210: "BBBH",
    0x0211: "I",
    0x0212: "I",
    0x0300: "MEBBBIQQIIIIII",
    0x0403: "E",
    0x0405: "BBH",
    0x0408: "H",
    0x040D: "I",
    0x0501: "BBH",
    0x0607: "BBHHBBBBH",
    0x0608: "I",
    0x0700: "IMIHBMBBBBBI",
    0x0701: "MBHBBBBBBBI",
    0x0800: "IIMMIIBB",
}
WIDTH = {"B": 1, "E": 1, "H": 2, "I": 4, "M": 6, "Q": 8}
IMPOSSIBLE = 0xFFFFFFF0


def message_id(baseline):
    """The second profile's id of a message."""
    return 1000 + 3 * baseline


def entity(baseline):
    """The second profile's number of an entity."""
    return (baseline + 10) & 0xFF


def _fields(layout):
    head, _, tail = layout.partition("[")
    yield from head
    while tail:
        yield from tail.rstrip("]")


def value(element, data):
    """One value that is not a group, field by field; a field cut short is copied as it is."""
    out, at = b"", 0
    for field in _fields(LAYOUT.get(element, "")):
        width = WIDTH[field]
        if at + width > len(data):
            break
        raw = data[at:at + width]
        at += width
        if field == "E":
            raw = bytes([entity(raw[0])])
        out += raw if field == "M" else raw[::-1]
    return out + data[at:]


def element(number, data):
    """One element of the second profile, with its padding."""
    out = struct.pack("<BH", number, 3 + len(data)) + data
    return out + b"\0" * (-len(out) % 4)


def elements(data, numbers):
    """A run of baseline elements. From the first that claims more than there is, copied raw."""
    out = b""
    while len(data) >= 4:
        number, length = struct.unpack_from(">HH", data)
        if 4 + length > len(data):
            return out + struct.pack("<BH", numbers[number], length) + data[4:]
        body = data[4:4 + length]
        inner = CHILDREN.get(number)
        out += element(numbers[number], elements(body, inner) if inner else value(number, body))
        data = data[4 + length:]
    return out + data


def frame(data):
    """One frame. A length that cannot be true stays one: it becomes IMPOSSIBLE."""
    _, flags, ident, length, transaction, _ = struct.unpack_from(">BBHIIH", data)
    body = elements(data[14:], TOP)
    if length < 14 or length > 262144:
        size = IMPOSSIBLE
    else:
        size = len(body) + max(length - len(data), 0)
    return struct.pack("<HBBII", message_id(ident), 2, flags, size, transaction) + body


def stream(data):
    """Whole baseline frames, one after the other."""
    out = b""
    while data:
        size = int.from_bytes(data[4:8], "big")
        out, data = out + frame(data[:size]), data[size:]
    return out


def _value_back(number, data):
    """The inverse of value(), for layouts that are not cut short."""
    swapped = value(number, data)
    at = 0
    for field in _fields(LAYOUT.get(number, "")):
        if at + WIDTH[field] > len(data):
            break
        if field == "E":
            swapped = swapped[:at] + bytes([data[at] - 10]) + swapped[at + 1:]
        at += WIDTH[field]
    return swapped


def _elements_back(data, numbers):
    baseline = {second: first for first, second in numbers.items()}
    out = b""
    while data:
        number, length = struct.unpack_from("<BH", data)
        number, body = baseline[number], data[3:length]
        inner = CHILDREN.get(number)
        body = _elements_back(body, inner) if inner else _value_back(number, body)
        out += struct.pack(">HH", number, len(body)) + body
        data = data[length + -length % 4:]
    return out


def back(data):
    """(baseline frames, rest) of the whole frames of the second profile at the start of data."""
    out = b""
    while len(data) >= 12:
        ident, version, flags, size, transaction = struct.unpack_from("<HBBII", data)
        assert version == 2 and (ident - 1000) % 3 == 0, f"bad header {data[:12].hex()}"
        if len(data) < 12 + size:
            break
        body, data = _elements_back(data[12:12 + size], TOP), data[12 + size:]
        out += struct.pack(">BBHIIH", 1, flags, (ident - 1000) // 3, 14 + len(body), transaction, 0)
        out += body
    return out, data

# SPDX-License-Identifier: ISC
"""png.py: a picture of a page with few colours, at a third of its size."""
import collections
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB = 3  # bytes a pixel


def with_palette(data):
    """An RGB picture of 8 bits a channel as one of at most 256 colours, near ones made the same."""
    chunks = list(read_chunks(data))
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    assert (depth, colour) == (8, 2), "not RGB with 8 bits a channel"
    rows = unfilter(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")),
                    width * RGB)
    pixels = [[row[x:x + RGB] for x in range(0, len(row), RGB)] for row in rows]
    table = palette(collections.Counter(pixel for row in pixels for pixel in row))
    colours = sorted(set(table.values()))
    place = {pixel: colours.index(near) for pixel, near in table.items()}
    lines = b"".join(b"\0" + bytes(place[pixel] for pixel in row) for row in pixels)
    return SIGNATURE + b"".join(
        chunk(kind, body) for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", b"".join(colours)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")))


def palette(counts):
    """{colour: the colour that stands for it}, 256 of them, the frequent ones as they are."""
    kept = [colour for colour, _count in counts.most_common(256)]
    return {colour: min(kept, key=lambda one: distance(one, colour)) for colour in counts}


def distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(one, other))


def read_chunks(data):
    place = len(SIGNATURE)
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        yield kind, data[place + 8:place + 8 + size]
        place += 12 + size


def chunk(kind, body):
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def unfilter(data, length):
    """The rows of a picture whose differences to the left and above were stored."""
    rows, above = [], bytes(length)
    for start in range(0, len(data), length + 1):
        row = bytearray(data[start + 1:start + 1 + length])
        for i in range(length):
            left, corner = (row[i - RGB], above[i - RGB]) if i >= RGB else (0, 0)
            row[i] = row[i] + prediction(data[start], left, above[i], corner) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def prediction(kind, left, up, corner):
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind]

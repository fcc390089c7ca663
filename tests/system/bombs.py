"""Cap'n Proto segments that are meant to exhaust or confuse whoever reads them, in frames that are otherwise right.

The numbers of messages and fields are those of core/wire.capnp; the frames are described in docs/wire.md.
"""
import struct

BIT, OCTET, EIGHT, POINTER, COMPOSITE = 1, 2, 5, 6, 7
SUBSCRIBE, SETTLE, QUERY = 6, 7, 10
MOST = (1 << 29) - 1


def _table():
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


TABLE = tuple(_table())


def crc32c(octets, value=0):
    value ^= 0xFFFFFFFF
    for octet in octets:
        value = TABLE[(value ^ octet) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def framed(magic, words, last=0, cut=None):
    """A frame with its prefix, length and CRC right; `cut` leaves so many octets of the segment, and the CRC fits."""
    segment = struct.pack(f"<{len(words)}Q", *(word & (1 << 64) - 1 for word in words))[:cut]
    start = magic + struct.pack("<BBI", 1, 0, len(segment) // 8)
    return start + struct.pack("<II", crc32c(start + segment), last) + segment


def struct_pointer(offset, data, pointers):
    return (offset << 2) & 0xFFFFFFFF | data << 32 | pointers << 48


def list_pointer(offset, element, count):
    return ((offset << 2) | 1) & 0xFFFFFFFF | element << 32 | count << 35


def far_pointer(at, is_double, segment):
    return 2 | (4 if is_double else 0) | at << 3 | segment << 32


def message(kind, data, pointers, *words):
    return [struct_pointer(0, 2, 1), 1, kind, struct_pointer(0, data, pointers), *words]


def segments():
    """(name, words of a control message)."""
    rejects, text = 1024, 512
    many = message(SETTLE, 1, 6, 1, 0, 0, list_pointer(3, COMPOSITE, rejects * 3), 0, 0, 0)
    many += [struct_pointer(rejects, 2, 1)]
    for number in range(rejects):
        many += [1, 2, list_pointer((rejects - 1 - number) * 3, OCTET, text * 8)]
    yield "traversal", many + [0x6161616161616161] * (text - 1) + [0x0061616161616161]
    yield "nesting", message(QUERY, 1, 3, 7, 0, 0, *[struct_pointer(0, 0, 1)] * 10000, 0)
    yield "2^29 elements of nothing", message(SETTLE, 1, 6, 1, list_pointer(5, COMPOSITE, 0), 0, 0, 0, 0, 0,
                                              struct_pointer(MOST, 0, 0))
    yield "2^29 elements of no size", message(SETTLE, 1, 6, 1, list_pointer(5, 0, MOST), 0, 0, 0, 0, 0)
    for element in (BIT, OCTET, EIGHT, POINTER, COMPOSITE):
        yield f"list of {element} behind the end", message(SETTLE, 1, 6, 1, list_pointer(5, element, MOST), 0, 0, 0, 0,
                                                           0, struct_pointer(1 << 28, 3, 0))
    yield "a list that holds itself", message(SUBSCRIBE, 3, 9, 1, 0, 3, 0, 0, list_pointer(-1, POINTER, 7),
                                              *[0] * 6)
    for kind in range(26):
        yield f"circle of {kind}", [struct_pointer(0, 2, 1), 1, kind, struct_pointer(-3, 2, 1)]
        yield f"empty {kind}", [struct_pointer(0, 2, 1), 1, kind, 0]
    for segment in (0, 1, 1 << 20, 0xFFFFFFFF):
        for is_double in (False, True):
            yield "far pointer", [far_pointer(0, is_double, segment)]
            yield "far pointer behind", message(SETTLE, 0, 0)[:3] + [far_pointer(3, is_double, segment)]
    yield "far pointers in a circle", [far_pointer(1, False, 0), far_pointer(0, False, 0), 0]
    yield "far pointers in a double circle", [far_pointer(1, True, 0)] * 3
    yield "far behind the end", [far_pointer(1 << 28, True, 0), 0]
    yield "no segment", []


def frames():
    """All of them as control frames and as headers of batches; one message cut at each octet; lengths that lie."""
    made = []
    for _, words in segments():
        made += [framed(b"RC", words), framed(b"RB", words[:400], last=1)]
    whole = message(SETTLE, 1, 6, 1, list_pointer(5, COMPOSITE, 3), 0, 0, 0, 0, 0, struct_pointer(1, 3, 0), 9, 1, 2)
    made += [framed(b"RC", whole, cut=size) for size in range(8 * len(whole))]
    for words in (0, 1, 1 << 20, 0xFFFFFFFF):  # as a table of segments would begin, and a length of its own
        start = b"RC\1\0" + struct.pack("<I", words)
        made.append(start + struct.pack("<II", crc32c(start + bytes(64)), 0) + bytes(64))
    return made

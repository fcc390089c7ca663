"""Speaks ZMTP 3.1 by hand, well and badly: the octets that a stranger can send to a bound socket."""
import random
import socket
import struct

from proxy import dial, parse

MORE, LONG, COMMAND = 1, 2, 4


def greeting(mechanism=b"NULL", minor=1, as_server=0):
    signature = b"\xff" + bytes(8) + b"\x7f"
    return signature + bytes([3, minor]) + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def frame(body, flags=0):
    if len(body) > 255:
        return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def ready(socket_type, identity=b""):
    body = b"\x05READY"
    for name, value in ((b"Socket-Type", socket_type), (b"Identity", identity)):
        body += bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
    return frame(body, COMMAND)


def connect(endpoint, socket_type):
    """A connection past its handshake: what follows are frames."""
    made = dial(endpoint)
    made.sendall(greeting() + ready(socket_type))
    got = b""
    while len(got) < 64 + 10:
        octets = made.recv(4096)
        if not octets:
            raise ConnectionError("the handshake was refused")
        got += octets
    return made


def frames(octets):
    """The frames (flags, body) in a recorded client stream, greeting and commands left out."""
    at, found = 64, []
    while at + 2 <= len(octets):
        flags = octets[at]
        if flags & LONG:
            if at + 9 > len(octets):
                break
            size, at = struct.unpack(">Q", octets[at + 1:at + 9])[0], at + 9
        else:
            size, at = octets[at + 1], at + 2
        if at + size > len(octets):
            break
        if not flags & COMMAND:
            found.append((flags, bytes(octets[at:at + size])))
        at += size
    return found


def pour(connection, chunks):
    """Sends until the other side has had enough. The octets that went."""
    gone = 0
    connection.settimeout(3.0)
    try:
        for chunk in chunks:
            connection.sendall(chunk)
            gone += len(chunk)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    connection.close()
    return gone


def attacks(seed, socket_type, recorded=b"", limit=3 << 20):
    """(name, function of an endpoint) for every way to be a nuisance. `recorded`: what a real client once said."""
    rng = random.Random(seed)
    genuine = frames(recorded)

    def after_handshake(chunks):
        return lambda endpoint: pour(connect(endpoint, socket_type), chunks)

    def before_handshake(chunks):
        return lambda endpoint: pour(dial(endpoint), chunks)

    def damaged():
        for flags, body in genuine * (1 + 400 // max(1, len(genuine))):
            octets = bytearray(body)
            for _ in range(rng.randint(1, 4)):
                if octets:
                    octets[rng.randrange(len(octets))] ^= 1 << rng.randrange(8)
            cut = rng.randrange(len(octets) + 1) if rng.random() < 0.2 else len(octets)
            yield frame(bytes(octets[:cut]), flags & MORE)

    return [
        ("random octets", before_handshake([rng.randbytes(1 << 16)])),
        ("HTTP", before_handshake([b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"])),
        ("ZMTP 1 greeting", before_handshake([b"\x01\x00" + frame(b"x" * 200)])),
        ("greeting without end", before_handshake([b"\xff" + bytes(8) + b"\x7f"] + [b"\0" * (1 << 16)] * 8)),
        ("unknown mechanism", before_handshake([greeting(b"MAGIC")])),
        ("CURVE asked for", before_handshake([greeting(b"CURVE")])),
        ("data before READY", before_handshake([greeting() + frame(b"hello") * 100])),
        ("wrong socket type", before_handshake([greeting() + ready(b"SUB") + frame(b"hello")])),
        ("metadata without end", before_handshake([greeting(), bytes([COMMAND | LONG]) + struct.pack(">Q", 1 << 62) +
                                                   b"\x05READY"] + [b"\xff" * (1 << 16)] * 32)),
        ("torn READY", before_handshake([greeting() + ready(socket_type)[:-3]])),
        ("identity of 64 KiB", before_handshake([greeting() + ready(socket_type, b"i" * 65000)])),
        ("commands", after_handshake([frame(rng.randbytes(40), COMMAND) for _ in range(200)])),
        ("PING with a huge context", after_handshake([frame(b"\x04PING\0\0" + b"c" * 60000, COMMAND)] * 20)),
        ("random frames", after_handshake([frame(rng.randbytes(rng.randrange(600))) for _ in range(1000)])),
        ("frames with our first octets", after_handshake(
            [frame(rng.choice((b"RB", b"RC")) + rng.randbytes(rng.randrange(300))) for _ in range(1000)])),
        ("empty frames", after_handshake([frame(b"")] * 5000)),
        ("length of 8 EiB", after_handshake([bytes([LONG]) + struct.pack(">Q", 1 << 63), b"x" * 1000])),
        ("length of 2^64 - 1", after_handshake([bytes([LONG]) + b"\xff" * 8, b"x" * 1000])),
        ("length of 2 GiB", after_handshake([bytes([LONG]) + struct.pack(">Q", 1 << 31)] + [b"x" * (1 << 16)] * 16)),
        ("a frame just too long", after_handshake([frame(b"x" * limit)])),
        ("a frame without end", after_handshake([bytes([LONG]) + struct.pack(">Q", limit // 2)] + [b"x" * 1000] * 20)),
        ("parts without end", after_handshake([frame(b"p" * 200, MORE)] * 20000)),
        ("many parts, then a last one", after_handshake([frame(b"p", MORE)] * 20000 + [frame(b"end")])),
        ("genuine frames, damaged", after_handshake(damaged())),
        ("genuine frames, said again", after_handshake([frame(body, flags & MORE) for flags, body in genuine])),
    ]


def half_open(endpoint, count):
    """Connections that say nothing, or one octet; the caller closes them."""
    held = []
    family, address = parse(endpoint)
    for n in range(count):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.settimeout(0.2)
        try:
            made.connect(address)
            if n % 2:
                made.send(b"\xff")
        except OSError:
            pass
        held.append(made)
    return held

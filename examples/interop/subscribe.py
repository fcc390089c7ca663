#!/usr/bin/env python3
"""Prints what a Restante publisher publishes, with nothing but pyzmq: `TOPIC<TAB>PAYLOAD`, a line a message.

    subscribe.py ENDPOINT [PREFIX...]      tcp://127.0.0.1:5556 north/ south/

A PREFIX is what ZeroMQ compares: octets at the beginning of the topic, no levels and no `+`. Without one it is all.
The messages are for nobody in particular: what is published while this does not run is not kept for it.
"""
import signal
import struct
import sys

import zmq

SKIP = 1  # flag of a batch without messages: its numbers were given up


def messages(frame):
    """The payloads in a batch (docs/wire.md, "Plain ZeroMQ listens in"). ValueError: it is none."""
    if len(frame) < 16:
        raise ValueError("too short")
    magic, form, flags, header_words, _, count = struct.unpack_from("<2sBBIII", frame)
    if magic != b"RB" or form != 1:
        raise ValueError(f"not a batch of format 1: {magic!r}, {form}")
    at = 16 + 8 * header_words  # the header says nothing that is needed here
    for _ in range(0 if flags & SKIP else count):
        if at + 8 > len(frame):
            raise ValueError("cut off")
        payload_size, attributes_size = struct.unpack_from("<II", frame, at)
        begin = at + 8 + padded(attributes_size)
        at = begin + padded(payload_size)
        if at > len(frame):
            raise ValueError("cut off")
        yield frame[begin:begin + payload_size]


def padded(size):
    return (size + 7) // 8 * 8


def main(endpoint, *prefixes):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler may wait until the next message
    socket = zmq.Context().socket(zmq.SUB)
    socket.linger = 0
    socket.rcvhwm = 0  # the default of 1,000 is a tenth of a second of a busy publisher
    for prefix in prefixes or [""]:
        socket.subscribe(prefix)
    socket.connect(endpoint)
    while True:
        topic, frame = socket.recv_multipart()
        for payload in messages(frame):
            sys.stdout.buffer.write(topic + b"\t" + payload + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:] or sys.exit(__doc__))

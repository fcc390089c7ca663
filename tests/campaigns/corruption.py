#!/usr/bin/env -S python3 -B
"""Damaged stores (tests/disk); n counts the stores.

A bit, a cut, a page of zeros or two pages swapped, in database or log; the log gone; an older copy. The store must
give out no wrong octet, name what is missing by stream and sequence, or refuse to open and leave the files alone. The
control changes a row and makes its checksum fit.
"""
import campaign
from disk_program import run


def trials(n, seed):
    return run("corruption", n, seed)


def control(seed):
    figures = run("corruption", 10, seed, "--planted")
    return figures["stores"] if figures["bad_octets"] else 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("corruption", trials, control, n=300, about=__doc__))

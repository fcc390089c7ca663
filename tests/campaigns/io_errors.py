#!/usr/bin/env -S python3 -B
"""Each call of the disk fails, one after the other (tests/disk); n counts the commits of the day.

For reads, writes, full disks, syncs, truncations and opens: the k-th fails, once and then for good, for every k until
none is left. A commit must not return after a failed sync, a store that has failed must take nothing more, and the next
start must find just what was committed. The control leaves a write out and says that it went well.
"""
import campaign
from disk_program import run


def trials(n, seed):
    return run("io_errors", n, seed)


def control(seed):
    figures = run("io_errors", 24, seed, "--planted")
    return figures["faults"] if figures["lost"] + figures["bad_states"] else 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("io_errors", trials, control, n=60, about=__doc__))

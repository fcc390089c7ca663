#!/usr/bin/env -S python3 -B
"""Power cuts at every operation of the disk (tests/disk); n counts the images that are looked at.

SQLite's operations of whole days are recorded below it; after each of them the power is cut, with nothing, all, a part,
torn sectors or another order of what was not synced on the disk. The store must open, hold exactly the commits that had
returned (and perhaps the one under way), and go on. The control is a disk that forgets the syncs of the log.
"""
import campaign
from disk_program import run


def trials(n, seed):
    return run("crash", n, seed)


def control(seed):
    figures = run("crash", 2000, seed, "--planted")
    return figures["images"] if figures["lost"] else 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("crash", trials, control, n=20000, about=__doc__))

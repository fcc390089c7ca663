#!/usr/bin/env -S python3 -B
"""SIGKILL, SIGSTOP and SIGTERM of any process under load (tests/system/soak.py); n counts the kills.

Every other campaign of kills writes all messages to disk (no elision). The control is a build that confirms before it
commits.
"""
import random

import campaign
import soak

CONTROL_ROUNDS = 10


def trials(n, seed):
    sums = {"accepted": 0, "confirmed": 0, "delivered": 0, "duplicates": 0, "lost": 0, "bad_verdicts": 0}
    rng, left, rounds = random.Random(seed), n, 0
    while left > 0:
        kills = min(left, 100)
        verdict, _ = soak.campaign(kills, rng.randrange(1 << 32), no_elision=rounds % 2 == 1)
        sums["accepted"] += verdict.attempted
        sums["confirmed"] += verdict.confirmed
        sums["delivered"] += verdict.delivered
        sums["duplicates"] += verdict.duplicates
        sums["lost"] += verdict.lost
        sums["bad_verdicts"] += not verdict.good
        left, rounds = left - kills, rounds + 1
    return sums


def control(seed):
    rng = random.Random(seed)
    for number in range(1, CONTROL_ROUNDS + 1):
        verdict, _ = soak.campaign(40, rng.randrange(1 << 32), control=True)
        if verdict.lost:
            return number
    return 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("kills", trials, control, n=100, about=__doc__))

#!/usr/bin/env -S python3 -B
"""SIGKILL, SIGSTOP and SIGTERM of any process under load (tests/system/soak.py); n counts the kills.

Two nodes in most rounds, each with a sidecar and a stream of its own. Every other round writes all messages to disk (no
elision). One round in four is calm: the same load without a fault must end without a loss and without a duplicate. The
control is a build that confirms before it commits.
"""
import random

import campaign
import soak

CONTROL_ROUNDS = 10
KILLS_A_ROUND = 100
CALM_S = 5


def trials(n, seed):
    sums = {}
    rng, left, rounds = random.Random(seed), n, 0
    while left > 0:
        kills = min(left, KILLS_A_ROUND)
        if rounds % 4 == 0:
            calm, _ = soak.campaign(0, rng.randrange(1 << 32), no_elision=rounds % 8 == 4, seconds=CALM_S)
            campaign.add(sums, campaign.judged(calm) | {"bad_calm_duplicates": calm.duplicates, "calm": calm.confirmed})
        verdict, record = soak.campaign(kills, rng.randrange(1 << 32), no_elision=rounds % 2 == 1)
        campaign.add(sums, campaign.judged(verdict) | {
            name: record[name] for name in ("sidecars", "stops", "terms", "absences")})
        left, rounds = left - kills, rounds + 1
    return sums | {"rounds": rounds}


def control(seed):
    rng = random.Random(seed)
    for number in range(1, CONTROL_ROUNDS + 1):
        verdict, _ = soak.campaign(40, rng.randrange(1 << 32), control=True)
        if verdict.lost:
            return number
    return 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("kills", trials, control, n=100, about=__doc__))

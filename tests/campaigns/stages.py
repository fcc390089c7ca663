#!/usr/bin/env -S python3 -B
"""A chain of stages, whose processes and sidecars are killed, and which die of some messages by themselves; n counts
the kills.

What it is made of is in tests/system/soak_stages.py. Every confirmed input must have its outputs at the end or be a
dead letter, every poison must be one, and in a table with a unique key on effect_id() each effect is there once. Every
other round writes all messages to disk (no elision). There are two controls, both of which must be red: stages that ack
before they send, and stages whose outputs do not say what they were made from.
"""
import random
import sys

import campaign
import soak_stages

CONTROL_ROUNDS = 5
CONTROL_KILLS = 30
KILLS_A_ROUND = 100
CONTROLS = {"early": "lost", "forgetful": "twice"}


def judged(verdict, record):
    return {"inputs": verdict.confirmed, "effects": verdict.effects, "due": verdict.due,
            "delivered": verdict.delivered, "again": verdict.again, "dead": verdict.dead,
            "dead_innocents": verdict.dead_innocents, "lost": verdict.lost, "bad_twice": verdict.twice,
            "bad_count": abs(verdict.effects - verdict.due), "bad_unexpected": verdict.unexpected,
            "bad_octets": verdict.corrupt, "bad_unburied": verdict.unburied,
            **{name: record[name] for name in ("deaths", "sidecars", "stops", "terms", "absences")},
            "drain_s_max": record["drain_s"]}


def trials(n, seed):
    sums, rng, left, rounds = {}, random.Random(seed), n, 0
    while left > 0:
        kills = min(left, KILLS_A_ROUND)
        verdict, record = soak_stages.campaign(kills, rng.randrange(1 << 32), no_elision=rounds % 2 == 1)
        campaign.add(sums, judged(verdict, record))
        left, rounds = left - kills, rounds + 1
    return sums | {"rounds": rounds}


def control(seed):
    """After how many rounds the last of the two was seen to be red."""
    rng, most = random.Random(seed), 0
    for bug, finding in CONTROLS.items():
        after = next((number for number in range(1, CONTROL_ROUNDS + 1)
                      if getattr(soak_stages.campaign(CONTROL_KILLS, rng.randrange(1 << 32), control=bug)[0], finding)),
                     0)
        if not after:
            return 0
        most = max(most, after)
    return most


if __name__ == "__main__":
    raise SystemExit(campaign.main("stages", trials, control, about=__doc__, arguments=sys.argv[1:]))

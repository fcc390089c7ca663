#!/usr/bin/env -S python3 -B
"""SIGKILL, SIGSTOP and SIGTERM of any process under load; n counts the kills.

Two nodes in most rounds, each with a sidecar and a stream of its own. Every other round writes all messages to disk (no
elision). One round in four is calm: the same load without a fault must end without a loss and without a duplicate. The
control is a build that confirms before it commits.

With --pubsub there are three publishers and five subscriptions (tests/system/soak_subscriptions.py), and each
subscription must have all that its filters match, the exclusive ones in order, and be told of no gap. There are two
controls: that build, and readers that ack before they write down what came. Both must be red.
"""
import random
import sys

import campaign
import soak
import soak_subscriptions

CONTROL_ROUNDS = 10
KILLS_A_ROUND = 100
CALM_S = 5


def pipeline(verdict):
    return campaign.judged(verdict)


def subscriptions(verdict):
    return campaign.judged(verdict) | {"bad_order": verdict.reordered, "bad_gaps": verdict.gaps}


def rounds_of(play, judged):
    """trials() of a campaign that plays its rounds by `play` (soak.campaign, or one like it)."""
    def trials(n, seed):
        sums = {}
        rng, left, rounds = random.Random(seed), n, 0
        while left > 0:
            kills = min(left, KILLS_A_ROUND)
            if rounds % 4 == 0:
                calm, _ = play(0, rng.randrange(1 << 32), no_elision=rounds % 8 == 4, seconds=CALM_S)
                campaign.add(sums, judged(calm) | {"bad_calm_duplicates": calm.duplicates, "calm": calm.confirmed})
            verdict, record = play(kills, rng.randrange(1 << 32), no_elision=rounds % 2 == 1)
            campaign.add(sums, judged(verdict) | {
                name: record[name] for name in ("sidecars", "stops", "terms", "absences")})
            left, rounds = left - kills, rounds + 1
        return sums | {"rounds": rounds}
    return trials


def controls_of(play, bugs):
    """control() that is red when each of the planted `bugs` was seen: after how many rounds the last of them."""
    def control(seed):
        rng, most = random.Random(seed), 0
        for bug in bugs:
            after = next((number for number in range(1, CONTROL_ROUNDS + 1)
                          if play(40, rng.randrange(1 << 32), control=bug)[0].lost), 0)
            if not after:
                return 0
            most = max(most, after)
        return most
    return control


def main(arguments):
    of_subscriptions = "--pubsub" in arguments
    arguments = [each for each in arguments if each != "--pubsub"]
    if of_subscriptions:
        play = soak_subscriptions.campaign
        return campaign.main("kills_pubsub", rounds_of(play, subscriptions), controls_of(play, (True, "ack-first")),
                             about=__doc__, arguments=arguments)
    return campaign.main("kills", rounds_of(soak.campaign, pipeline), controls_of(soak.campaign, (True,)),
                         about=__doc__, arguments=arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

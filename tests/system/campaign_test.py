"""A hundred random kills, with elision and without, and the proof that such a campaign can find a bug."""
import json
import os

import soak
from harness import expect
from registry import scenario


def seed():
    """Changes from commit to commit if the caller wants it to; a red run prints it."""
    return int(os.environ.get("RESTANTE_TEST_SEED", "20"))


def hundred_kills(kills=100, **options):
    verdict, record = soak.campaign(kills=kills, seed=seed(), **options)
    print(verdict.line())
    print(json.dumps(record))
    return verdict, record


@scenario
def hundred_kills_with_elision():
    """100 random kills; what is acked in time is never written."""
    verdict, record = hundred_kills()
    expect(verdict.good, f"seed {seed()}: {verdict.line()} {verdict.examples}")
    expect(verdict.confirmed > 5000, f"only {verdict.confirmed} messages were confirmed: the load was no load")


@scenario
def hundred_kills_without_elision():
    """100 random kills; every message is written."""
    verdict, record = hundred_kills(no_elision=True)
    expect(verdict.good, f"seed {seed()}: {verdict.line()} {verdict.examples}")
    expect(verdict.confirmed > 5000, f"only {verdict.confirmed} messages were confirmed: the load was no load")


@scenario
def hundred_kills_find_a_planted_bug():
    """Half the campaign on a build that confirms before the commit: it must go red, or it proves nothing."""
    verdict, record = hundred_kills(kills=50, control=True)
    expect(verdict.lost > 0, f"the control stayed green, so this campaign finds nothing: {verdict.line()}")

"""A hundred random kills, with elision and without, and the proof that such a campaign can find a bug."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import soak
import soak_stages
import soak_subscriptions
from harness import expect
from registry import scenario

CAMPAIGNS = pathlib.Path(__file__).resolve().parent.parent / "campaigns"


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


def of_subscriptions(kills, **options):
    verdict, record = soak_subscriptions.campaign(kills=kills, seed=seed(), **options)
    print(verdict.line())
    print(json.dumps(record))
    return verdict


@scenario
def eighty_kills_of_publishers_and_subscribers():
    """80 random kills: each subscription gets all that its filters match, the exclusive ones in order, and no gap."""
    verdict = of_subscriptions(80)
    expect(verdict.good, f"seed {seed()}: {verdict.line()} {verdict.examples}")
    expect(verdict.confirmed > 5000, f"only {verdict.confirmed} messages were confirmed: the load was no load")


@scenario
def subscriptions_without_a_fault():
    """The same load with nobody killed: nothing comes twice."""
    verdict = of_subscriptions(0, seconds=3)
    expect(verdict.good and verdict.duplicates == 0, f"seed {seed()}: {verdict.line()} {verdict.examples}")


@scenario
def kills_of_subscribers_find_a_planted_bug():
    """Readers that ack before they write down what came: it must go red, or it proves nothing."""
    verdict = of_subscriptions(40, control="ack-first")
    expect(verdict.lost > 0, f"the control stayed green, so this campaign finds nothing: {verdict.line()}")


def of_stages(kills, **options):
    verdict, record = soak_stages.campaign(kills, seed(), **options)
    print(verdict.line())
    print(json.dumps(record))
    return verdict


@scenario
def forty_kills_of_stages():
    """40 random kills along a chain of stages, and messages that kill them: each input has its effects, once."""
    verdict = of_stages(40)
    expect(verdict.good and verdict.effects == verdict.due, f"seed {seed()}: {verdict.line()} {verdict.examples}")
    expect(verdict.effects > 500, f"only {verdict.effects} effects: the load was no load")


@scenario
def kills_of_stages_find_planted_bugs():
    """Stages that ack before they send lose, and those that do not say what they made a message of have it twice."""
    for bug, finding in (("early", "lost"), ("forgetful", "twice")):
        found = any(getattr(of_stages(30, control=bug), finding) for _ in range(3))
        expect(found, f"the control {bug} stayed green, so this campaign finds nothing")


@scenario
def a_campaign_is_green_only_with_a_red_control():
    """The form of all campaigns: what is lost, what is bad, a control that stays green: each is a failure."""
    cases = [({"lost": 0, "bad_order": 0, "sent": 9}, 2, 0), ({"lost": 1}, 2, 1), ({"lost": 0, "bad_order": 1}, 2, 1),
             ({"lost": 0}, 0, 1)]
    for figures, red_after, status in cases:
        text = f"import campaign; raise SystemExit(campaign.main('x', lambda n, s: {figures}, lambda s: {red_after}))"
        with tempfile.TemporaryDirectory() as build:
            run = subprocess.run([sys.executable, "-B", "-c", text, "--n", "30"], capture_output=True, text=True,
                                 env=os.environ | {"PYTHONPATH": str(CAMPAIGNS), "RESTANTE_BUILD_DIR": build})
            said = f"{figures}, control {red_after}: {run.returncode} {run.stdout}{run.stderr}"
            expect(run.returncode == status, said)
            record = json.loads((pathlib.Path(build) / "campaigns" / "x.jsonl").read_text())
            expect(record["good"] == (status == 0), record)
            expect(record["rate_bound"] == (0.1 if status == 0 else None), record)
    kills = soak_kills()
    expect(kills.returncode == 0, f"./dev soak kills: {kills.stdout}{kills.stderr}")
    expect("lost 0" in kills.stdout and "control red after" in kills.stdout, kills.stdout)


def soak_kills():
    return subprocess.run([sys.executable, "-B", CAMPAIGNS / "kills.py", "--n", "10", "--seed", str(seed())],
                          capture_output=True, text=True, timeout=150)

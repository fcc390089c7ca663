"""What all campaigns share: their arguments, the line of figures, the JSON record, the verdict of the control.

A campaign is a file here, run by `./dev soak NAME [--n N] [--seed N]`. It tries n times to break a promise, and then
shows with a build or a setting that is known to be wrong (its *control*) that it would have seen it. It calls main()
with two functions:

    trials(n, seed) -> dict   figures in the order in which they are printed. "lost" is among them, and everything that
                              begins with "bad_" must be 0 as well. Raises Failure if something ends or hangs.
    control(seed) -> int      after how many trials the control was seen to be red; 0 if it stayed green.

Zero failures in n trials bound the rate of failures at 3/n with 95 % confidence; the record says so.
"""
import argparse
import json
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from harness import Failure, Skip, build_directory  # noqa: E402


def judged(verdict):
    """What the oracle said of one run, as figures. What was stored and never offered to anybody is among the lost."""
    return {"accepted": verdict.attempted, "confirmed": verdict.confirmed, "delivered": verdict.delivered,
            "duplicates": verdict.duplicates, "recovered": verdict.recovered, "lost": verdict.lost,
            "lost_prefix": verdict.lost_prefix, "lost_middle": verdict.lost_middle,
            "lost_postfix": verdict.lost_postfix, "bad_unexpected": verdict.unexpected,
            "bad_octets": verdict.corrupt + verdict.rebound,
            "bad_twice_in_one_life": verdict.duplicates_in_instance,
            "stable_ms_p50_max": verdict.stable_ms_p50, "stable_ms_p99_max": verdict.stable_ms_p99,
            "stable_ms_max": verdict.stable_ms_max}


def add(sums, figures):
    """Adds the figures of a run to those of the runs before; of what ends in _max the greater counts."""
    for name, value in figures.items():
        sums[name] = max(sums.get(name, 0), value) if name.endswith("_max") else sums.get(name, 0) + value


def red(figures):
    """What must be zero and is not."""
    return {name: value for name, value in figures.items() if (name == "lost" or name.startswith("bad_")) and value}


def main(name, trials, control=None, n=100, about="", arguments=None):
    parser = argparse.ArgumentParser(prog=f"soak {name}", description=about)
    parser.add_argument("--n", type=int, default=n, help=f"trials (default {n})")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--no-control", action="store_true", help="only the trials")
    given = parser.parse_args(arguments)
    if given.n < 1:
        parser.error("--n cannot be below 1")
    began, text, figures, after = time.monotonic(), "", {}, None
    try:
        figures = trials(given.n, given.seed)
        if control and not given.no_control:
            after = control(given.seed)
    except Skip as skip:
        print(f"{name}: SKIPPED: {skip}")
        return 77
    except Failure as failure:
        text = str(failure)
    bad = red(figures)
    good = not bad and not text and after != 0
    verdict = {None: "not run", 0: "STAYED GREEN"}.get(after, f"red after {after}")
    line = ", ".join(f"{key} {value}" for key, value in figures.items())
    print(f"{name}: n {given.n}, {line}; control {verdict}; {'passed' if good else 'FAILED'}")
    if text:
        print(f"FAILED: {text}\nseed {given.seed}")
    record = {"campaign": name, "n": given.n, "seed": given.seed, **figures, "control": verdict, "good": good,
              "rate_bound": round(3 / given.n, 6) if good else None, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(record))
    folder = build_directory() / "campaigns"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")
    return 0 if good else 1

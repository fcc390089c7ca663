#!/usr/bin/env -S python3 -B
"""Runs system tests by name.

    run.py NAME...        these (exit 0 passed, 1 failed, 77 skipped)
    run.py --all          every one, then a table with the times
    run.py --list         the names
    --keep                leaves each test's directory behind

The programs are looked for under $RESTANTE_BUILD_DIR (default build/dev). CTest runs each name as a test of its own
through system_test.cpp.
"""
import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import time
import traceback

import harness
from registry import scenarios

import attacks_test  # noqa: F401  (each module adds its scenarios)
import campaign_test  # noqa: F401
import commands_test  # noqa: F401
import dead_test  # noqa: F401
import exactly_once_test  # noqa: F401
import examples_test  # noqa: F401
import interop_test  # noqa: F401
import kills_test  # noqa: F401
import ownership_test  # noqa: F401
import paths_test  # noqa: F401
import pubsub_test  # noqa: F401
import replay_test  # noqa: F401
import settings_test  # noqa: F401
import store_test  # noqa: F401
import stories_test  # noqa: F401
import story_crowds_test  # noqa: F401
import story_paths_test  # noqa: F401
import subscriptions_test  # noqa: F401
import tools_test  # noqa: F401
import wires_test  # noqa: F401
import work_test  # noqa: F401

PASSED, FAILED, SKIPPED = 0, 1, 77
WORDS = {PASSED: "passed", FAILED: "FAILED", SKIPPED: "skipped"}


def run(name):
    began = time.monotonic()
    print(f"== {name}: {scenarios[name].__doc__.splitlines()[0]}", flush=True)
    try:
        scenarios[name]()
        result = PASSED
    except harness.Skip as skip:
        print(f"SKIP {name}: {skip}", flush=True)
        result = SKIPPED
    except harness.Failure as failure:
        print(f"FAILED {name}: {failure}", flush=True)
        result = FAILED
    except Exception:
        traceback.print_exc()
        result = FAILED
    spent = time.monotonic() - began
    if result == FAILED:
        again = f"RESTANTE_BUILD_DIR={harness.build_directory()} {os.path.abspath(__file__)} {name} --keep"
        print(f"again: {again}", flush=True)
    print(f"== {name}: {WORDS[result]} in {spent:.1f} s", flush=True)
    return result, spent


def run_apart(name):
    """The same in a process of its own, so that several can go at once; its output comes in one piece."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-B", os.path.abspath(__file__), name], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    print(done.stdout, end="", flush=True)
    return done.returncode if done.returncode in WORDS else FAILED, time.monotonic() - began


def run_all(names, jobs):
    if jobs == 1:
        return {name: run(name) for name in names}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(names, pool.map(run_apart, names)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once; some measure, and like to be alone")
    arguments = parser.parse_args()
    if arguments.list:
        print(*scenarios, sep="\n")
        return 0
    if arguments.keep:
        os.environ["RESTANTE_TEST_KEEP"] = "1"

    def end(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)  # so that everything is killed and removed
    names = list(scenarios) if arguments.all else arguments.names
    unknown = [name for name in names if name not in scenarios]
    if unknown or not names:
        parser.error(f"no test {unknown}: see --list" if unknown else "give a name, --all or --list")
    results = run_all(names, arguments.jobs)
    if len(names) > 1:
        for name, (result, spent) in results.items():
            print(f"{WORDS[result]:8}{spent:6.1f} s  {name}")
    outcomes = [result for result, _ in results.values()]
    return FAILED if FAILED in outcomes else SKIPPED if set(outcomes) == {SKIPPED} else PASSED


if __name__ == "__main__":
    sys.exit(main())

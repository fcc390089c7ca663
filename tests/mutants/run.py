#!/usr/bin/env python3
"""Mutants of the protocol core: each has one wrong turn, and must die in the simulated world.

run.py [NN ...]                     those with these numbers; all, if none is named
run.py --drawn 3 --commit HEAD      three, drawn by the hash of the commit

A mutant is red if its patch no longer applies, if it survives, or if it dies by another checker than its header names.
README.md says what a header is made of.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import subprocess
import sys
import time

import mutant as mutants
import plant

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHUNK = 20        # seeds of one process
CHUNK_MAX_S = 300  # then it hangs, which is a death as well


def hunt(program, first, steps):
    """(seed, checker) of the first violation among CHUNK seeds, or None."""
    command = [str(program), "--first", str(first), "--seeds", str(CHUNK), "--steps", str(steps), "--failures", "1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHUNK_MAX_S)
    except subprocess.TimeoutExpired:
        return first, "hang"
    found = re.search(r"^seed (\d+): ([^:\n]+)", done.stdout, re.MULTILINE)
    if found:
        return int(found[1]), found[2]
    if done.returncode < 0:
        seeds = re.findall(r"^at seed (\d+)$", done.stderr, re.MULTILINE)
        return int(seeds[-1]) if seeds else first, "assertion"
    return None


def kill_in_world(program, seeds, steps, jobs):
    """Chunks run side by side; the verdict is that of the lowest seed, however they finish."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting, firsts = [], iter(range(1, seeds + 1, CHUNK))
        for first in firsts:
            waiting.append(pool.submit(hunt, program, first, steps))
            if len(waiting) < jobs:
                continue
            if verdict := waiting.pop(0).result():
                return verdict
        for chunk in waiting:
            if verdict := chunk.result():
                return verdict
    return None


def kill_in_core_tests(program, name):
    escaped = re.sub(r"([,\[\]*~\\])", r"\\\1", name)  # what means something in a list of tests
    done = subprocess.run([str(program), escaped], capture_output=True, text=True, timeout=CHUNK_MAX_S)
    if "No test" in done.stdout:
        raise mutants.Broken(f"core_tests has no test of the name {name}")
    return (1, name) if done.returncode else None


def try_one(path, nursery, given):
    """(line of the table, whether it is as it should be)"""
    began = time.monotonic()
    rule, verdict, good, why = "", None, False, ""
    try:
        one = mutants.read(path)
        rule = one.rule
        program = nursery.plant(one)
        if one.program == "core_tests":
            verdict = kill_in_core_tests(program, one.killers[0])
        else:
            verdict = kill_in_world(program, given.seeds, given.steps, given.jobs)
        program.unlink()
        if not verdict:
            why = f"SURVIVED {given.seeds} seeds" if one.program != "core_tests" else "SURVIVED its test"
        elif verdict[1] not in one.killers:
            why = f"NOT AS NAMED: {'; '.join(one.killers)}"
        good = not why
    except (mutants.Broken, plant.Unbuilt) as error:
        why = str(error)
    died = f"{verdict[0]:5}  {verdict[1]}" if verdict else "    -  -"
    print(f"{path.stem:34} {rule:5} {time.monotonic() - began:5.1f} s {died}{'  ' + why if why else ''}", flush=True)
    return good


def hash_of(commit):
    """Of the commit; where there is no repository (an exported tree), of the core itself."""
    try:
        done = subprocess.run(["git", "rev-parse", "--verify", commit], cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
    except FileNotFoundError:
        pass
    digest = hashlib.sha256()
    for file in sorted((ROOT / "core").glob("*.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def number_of(path):
    return int(path.name.partition("-")[0])


def chosen(given):
    paths = sorted(HERE.glob("[0-9]*-*.patch"), key=number_of)
    if given.drawn:
        drawn = random.Random(hash_of(given.commit)).sample(paths, min(given.drawn, len(paths)))
        return sorted(drawn, key=number_of)
    wanted = set(given.numbers)
    unknown = wanted - {number_of(path) for path in paths}
    if unknown:
        sys.exit(f"run.py: no mutant {', '.join(map(str, sorted(unknown)))}")
    return [path for path in paths if not wanted or number_of(path) in wanted]


def main():
    parser = argparse.ArgumentParser(prog="sim --mutants", description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", type=int, metavar="NN", help="these; all, if none is named")
    parser.add_argument("--drawn", type=int, default=0, help="so many, drawn by the hash of --commit")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("RESTANTE_JOBS") or os.cpu_count() or 2))
    given = parser.parse_args()
    began, paths = time.monotonic(), chosen(given)
    build = pathlib.Path(os.environ.get("RESTANTE_BUILD_DIR") or ROOT / "build" / "dev")
    nursery = plant.Nursery(ROOT, build, given.jobs)
    print(f"{'mutant':34} {'rule':5} {'time':>7} {'seed':>5}  killed by")
    red = [path.stem for path in paths if not try_one(path, nursery, given)]
    rest = f"; RED: {', '.join(red)}" if red else ""
    print(f"mutants {len(paths)}, as they should be {len(paths) - len(red)}, {time.monotonic() - began:.0f} s{rest}")
    return 1 if red or not paths else 0


if __name__ == "__main__":
    sys.exit(main())

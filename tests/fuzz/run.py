#!/usr/bin/env -S python3 -B
"""The fuzzers: ./dev fuzz [NAME...] [--seconds N] [--control] (which builds first).

Each one runs for N seconds from its committed corpus, with 256 MiB of memory and 5 s an input at most; what it finds
on the way stays in build/fuzz/corpus. A line and a JSON record a fuzzer; an input that breaks a rule is kept, and told
with the command that replays it. With --control each has a planted rule that is broken, and must find it.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "fuzz"
NAMES = ("batch", "control", "rows", "names", "arguments", "stateful")
CONTROL_S = 60


def run(name, seconds, planted=False):
    """(exit status, what libFuzzer says, seconds)."""
    found, work = BUILD / "found" / name, BUILD / "corpus" / name
    for folder in (found, work):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "bin" / f"fuzz_{name}", work, HERE / "corpus" / name, f"-max_total_time={seconds}",
               "-rss_limit_mb=256", "-timeout=5", "-max_len=4096", "-print_final_stats=1", "-close_fd_mask=1",
               f"-artifact_prefix={found}/{'planted-' if planted else ''}"]
    # ASan keeps 256 MiB of what was freed, which alone passes the limit of memory after some ten thousand inputs.
    options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8")))
    environment = os.environ | {"ASAN_OPTIONS": options} | ({"RESTANTE_FUZZ_PLANT": "1"} if planted else {})
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          env=environment, check=False)
    return done.returncode, done.stderr, time.monotonic() - began


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def fuzz(name, seconds):
    status, text, took = run(name, seconds)
    record = {"fuzzer": name, "seconds": round(took, 1),
              "execs": number(r"stat::number_of_executed_units: +(\d+)", text),
              "coverage": number(r"cov: (\d+)", text),
              "features": number(r"ft: (\d+)", text), "rss_mib": number(r"stat::peak_rss_mb: +(\d+)", text),
              "good": status == 0}
    print(f"{name}: execs {record['execs']}, {record['execs'] / max(took, 1):.0f}/s, coverage {record['coverage']}, "
          f"features {record['features']}, {record['rss_mib']} MiB; {'passed' if status == 0 else 'FAILED'}",
          flush=True)
    if status != 0:
        kept = re.findall(r"Test unit written to (\S+)", text)
        print(text[-3000:])
        for path in kept:
            print(f"replay: {BUILD / 'bin' / f'fuzz_{name}'} {path}")
    print(json.dumps(record), flush=True)
    folder = BUILD / "campaigns"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "fuzz.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")
    return status == 0


def control(name):
    status, text, took = run(name, CONTROL_S, planted=True)
    is_red = status != 0 and "deadly signal" in text
    print(f"{name}: control {f'red after {took:.1f} s' if is_red else 'STAYED GREEN'}", flush=True)
    return is_red


def main():
    parser = argparse.ArgumentParser(description="The fuzzers.")
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], default=[])
    parser.add_argument("--seconds", type=int, default=60, help="of each fuzzer (default 60)")
    parser.add_argument("--control", action="store_true", help="only the planted bugs")
    given = parser.parse_args()
    work = control if given.control else lambda name: fuzz(name, given.seconds)
    results = [work(name) for name in given.names or NAMES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env -S python3 -B
"""The tests under a sanitizer: ./dev asan, ./dev tsan (which build first).

    run.py asan|tsan [--short] [--only TEXT]

--short leaves out most of the scenarios, --only what does not hold TEXT in its name, nothing the control.

Every process, killed or not, writes what it finds into a folder of reports; one report is red, whatever the tests
say. First comes the control: errors planted in a program that is built with the same flags must be reported, one by
one, and the same program without an error must not.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from stages import ASAN, TSAN, left_out

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STATUS = 66  # what a process with a finding ends with
SUPPRESSIONS_MAX = 5
STAGE_S = 900


def suppressions():
    lines = (HERE / "tsan.supp").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


class Sanitizer:
    def __init__(self, name):
        self.name, self.kind = name, {"asan": ASAN, "tsan": TSAN}[name]
        self.build = ROOT / "build" / name
        self.reports = pathlib.Path(tempfile.mkdtemp(prefix=f"rs-{name}-"))

    def environment(self):
        common = f"log_path={self.reports}/report:exitcode={STATUS}"
        return os.environ | {
            "RESTANTE_BUILD_DIR": str(self.build), "CI": "1",
            "ASAN_OPTIONS": f"{common}:detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1",
            "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
            "LSAN_OPTIONS": f"exitcode={STATUS}",
            "TSAN_OPTIONS": f"{common}:second_deadlock_stack=1:suppressions={HERE}/tsan.supp"}

    def run(self, command, log):
        """(exit status, the reports that came)."""
        before = set(self.reports.iterdir())
        with open(log, "wb") as out:
            try:
                status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=self.environment(), cwd=ROOT,
                                        timeout=STAGE_S).returncode
            except subprocess.TimeoutExpired:
                status = f"out of time after {STAGE_S} s"
        return status, sorted(set(self.reports.iterdir()) - before)

    def control(self, log):
        """What the planted errors should have shown and did not, as texts."""
        wrong = []
        for what, words in {"nothing": None, **self.kind["planted"]}.items():
            status, found = self.run([self.build / "bin/sanitizer_planted", what], log)
            text = "".join(path.read_text(errors="replace") for path in found)
            if words is None:
                if status != 0 or found:
                    wrong.append(f"without an error: exit {status}, {len(found)} reports")
            elif status != STATUS or words not in text:
                wrong.append(f"{what}: exit {status}, no report of `{words}`")
            for path in found:
                path.unlink()
        return wrong


def main():
    parser = argparse.ArgumentParser(description="The tests under a sanitizer.")
    parser.add_argument("name", choices=("asan", "tsan"))
    parser.add_argument("--only", default="", metavar="TEXT", help="stages that have it in their name")
    parser.add_argument("--short", action="store_true", help="a dozen scenarios, not all")
    given = parser.parse_args()
    if len(suppressions()) > SUPPRESSIONS_MAX:
        print(f"FAILED: {len(suppressions())} suppressions, at most {SUPPRESSIONS_MAX} are allowed")
        return 1
    began, sanitizer = time.monotonic(), Sanitizer(given.name)
    if not (sanitizer.build / "bin/sanitizer_planted").exists():
        parser.error(f"nothing is built: ./dev {given.name}")
    logs = sanitizer.build / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    wrong = sanitizer.control(logs / "control.log")
    print(f"{given.name}: control {'STAYED GREEN: ' + '; '.join(wrong) if wrong else 'red as it must be'}", flush=True)
    good, reports, stages = not wrong, 0, 0
    for name, command in sanitizer.kind["stages"].items():
        if given.only not in name or left_out(name, given.short):
            continue
        stage_began, log = time.monotonic(), logs / f"{name}.log"
        status, found = sanitizer.run([part.format(build=sanitizer.build, root=ROOT) for part in command], log)
        passed = status == 0 and not found
        good, reports, stages = good and passed, reports + len(found), stages + 1
        print(f"{given.name}: {name:44} {'passed' if passed else 'FAILED'} in {time.monotonic() - stage_began:.1f} s",
              flush=True)
        if not passed:
            print(f"exit {status}, {len(found)} processes with reports; {log}")
            print(log.read_text(errors="replace")[-3000:])
            for path in found[:3]:
                print(f"--- {path}\n{path.read_text(errors='replace')[:4000]}")
    good = good and stages > 0
    if good or not reports:
        shutil.rmtree(sanitizer.reports)
    print(json.dumps({"sanitizer": given.name, "stages": stages, "reports": reports,
                      "suppressions": len(suppressions()), "control": "stayed green" if wrong else "red", "good": good,
                      "seconds": round(time.monotonic() - began, 1)}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

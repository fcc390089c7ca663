#!/usr/bin/env -S python3 -B
"""One service, two workers, a sidecar, a million lines of real text, and a bad day.

    demo.py [--build DIR] [--folder DIR] [--lines N] [--seconds S]

The text under /usr/include, its lines numbered, goes by `restante send` through the node's sidecar (`restante up`) to
two `restante recv`. Meanwhile a worker is killed with kill -9 three times, the sidecar twice, the sender once (its
successor goes on with --resume), and all workers stay away until the backlog has passed 20,000. At the end what came
out is compared with what went in. Exit status 0 if they agree, nothing is lost, and messages were stored, elided and
redelivered.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from ledger import Ledger, compare, gather
from processes import Cast
from screen import Screen

BACKLOG = 20_000
LIMIT_S = 88.0      # the whole demo, with its comparison, takes at most 90 s


class Disaster:
    """At `share` of delivery `strike` happens; the demo is whole again when `over()` says so."""

    def __init__(self, share, strike, over=lambda: True, text=""):
        self.share, self.strike, self.over, self.text = share, strike, over, text


class Demo:
    def __init__(self, arguments, screen):
        self.arguments, self.screen = arguments, screen
        self.folder = pathlib.Path(arguments.folder or tempfile.mkdtemp(prefix="restante-demo-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.began = time.monotonic()
        self.sampled = 0.0
        self.seen = set()

    def run(self):
        screen = self.screen
        self.lines, octets, source = gather(self.folder / "input.txt", self.arguments.lines)
        screen.title("Restante: one service, two workers, one sidecar, and a bad day")
        screen.fact("text", f"{self.lines:,} numbered lines, {octets / 1e6:.1f} MB of {source}")
        screen.fact("folder", f"{self.folder}   (stays; everything is in it)")
        self.ledger = Ledger(self.lines)
        self.cast = Cast(self.folder, self.arguments.build, self.lines / self.arguments.seconds)
        try:
            self.cast.start()
            screen.fact("sidecar", self.cast.sidecar.command)
            screen.fact("sender", self.cast.sender.command + " < input.txt")
            screen.fact("workers", f"2 x {self.cast.workers[0].command}")
            screen.blank()
            self.day()
            return self.evening()
        finally:
            self.cast.end()

    def plan(self):
        cast = self.cast
        a, b = cast.workers
        return [
            self.killing(0.12, a, "worker A"),
            self.killing(0.22, cast.sidecar, "the sidecar"),
            Disaster(0.32, self.workers_leave, self.backlog_is_high,
                     f"all workers leave until the backlog passes {BACKLOG:,}"),
            self.killing(0.45, cast.sender, "the sender"),
            self.killing(0.56, b, "worker B"),
            self.killing(0.67, cast.sidecar, "the sidecar"),
            self.killing(0.78, a, "worker A"),
        ]

    def killing(self, share, process, name):
        def strike():
            self.sample(last=process is self.cast.sidecar)
            process.kill()

        def over():
            return time.monotonic() - process.died > 0.4 and process.start()
        return Disaster(share, strike, over, f"kill -9 {name}")

    def workers_leave(self):
        for worker in self.cast.workers:
            worker.stop()

    def backlog_is_high(self):
        self.sample(fresh=True)
        if self.ledger.backlog < BACKLOG:
            return False
        self.screen.event(self.share(), "ok", f"the backlog is {self.ledger.backlog:,}: the workers come back")
        for worker in self.cast.workers:
            worker.start()
        return True

    def share(self):
        return min(1.0, self.cast.delivered() / self.lines)

    def day(self):
        """Until everything has come through all disasters, or the time is up."""
        pending, current = self.plan(), None
        while time.monotonic() - self.began < LIMIT_S - 8:
            self.cast.check()
            share = self.share()
            if current is None and pending and share >= pending[0].share:
                current = pending.pop(0)
                current.strike()
                self.screen.event(share, "bad", current.text)
            elif current is not None and current.over():
                if current.text.startswith("kill"):
                    self.screen.event(share, "ok", f"{current.text.removeprefix('kill -9 ')} is back")
                self.seen.add((current.text, share))
                current = None
            self.sample()
            self.screen.progress(share, self.cast.delivered(), self.ledger)
            if not pending and current is None and self.cast.sender.ended():
                self.sample(fresh=True)
                if self.ledger.settled():
                    return
            self.cast.pause(0.05)
        self.screen.event(self.share(), "bad", "out of time: what is missing now counts as lost")

    def sample(self, last=False, fresh=False):
        """What the sidecar counts, as `restante status --json` tells it, twice a second; `last`: it is about to die."""
        if last or fresh or time.monotonic() - self.sampled > 0.5:
            self.ledger.note(self.cast.status(), last)
            self.sampled = time.monotonic()

    def evening(self):
        self.screen.progress(self.share(), self.cast.delivered(), self.ledger, final=True)
        self.sample(last=True)
        self.cast.leave()
        result = compare(self.folder, self.cast.outputs())
        self.ledger.close(self.cast.sender.said_in_all_lives(), result)
        struck = sum(1 for text, _ in self.seen)
        good = self.ledger.good() and struck == 7
        self.screen.ledger(self.ledger, result, self.folder, time.monotonic() - self.began)
        faults = self.ledger.faults() + ([] if struck == 7 else [f"only {struck} of 7 disasters came to pass"])
        self.screen.verdict(good, faults)
        return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description="One service, two workers, a sidecar, and a bad day.")
    build = os.environ.get("RESTANTE_BUILD_DIR", "build/dev")
    parser.add_argument("--build", default=build, help="where `restante` was built")
    parser.add_argument("--folder", help="where everything goes; default: a new folder")
    parser.add_argument("--lines", type=int, default=1_000_000, help="at most so many lines")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long the sender takes to read its input")
    arguments = parser.parse_args()
    screen = Screen(sys.stdout)

    def end(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)
    try:
        return Demo(arguments, screen).run()
    except KeyboardInterrupt:
        screen.note("interrupted")
        return 130
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        screen.note(f"the demo broke off: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())

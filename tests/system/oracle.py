#!/usr/bin/env -S python3 -B
"""The oracle: what became of every message, from what the processes outside the product wrote down.

It shares no code with the product and asks it nothing. Producers write an attempt before they send and a confirm when
they are told; workers write a delivery before they ack. Each process life has a log of its own (tools/traffic.h):

    producer-<anything>   S <source> | T <ms> | M <number> | A <number> <crc> [<topic>] | C <number> | B <reason>
    worker-<anything>     T <ms> | D <source> <number> <crc> <id> <attempt> [<topic>] | G <from> <to> <reason>

A kill can tear the last line of a log; a line without its end is left out: an attempt so torn was not sent, a delivery
so torn was not acked. M is the marker by which a producer goes on: everything up to there counts as confirmed. A marker
below what was confirmed before makes the producer send that again, under new ids: each test says how much of it may be.
G is a gap that the product told of. Topics count as a part of the content; subscription_oracle.py judges by them.
Usage: oracle.py DIRECTORY [--json]; exit status 1 if a promise is broken.
"""
import json
import pathlib
import sys
from dataclasses import asdict, dataclass, field


@dataclass
class Verdict:
    """Counts of messages, each identified by (source, number). The first group must be zero."""
    lost_prefix: int = 0    # confirmed, never delivered, before the first that was delivered
    lost_middle: int = 0
    lost_postfix: int = 0
    unexpected: int = 0     # delivered, never attempted
    corrupt: int = 0        # other octets than were attempted
    rebound: int = 0        # one id with two contents
    duplicates_in_instance: int = 0  # one id twice to one process life
    gaps: int = 0           # told as gone by the product: a test that expects that judges by itself
    reordered: int = 0      # an exclusive subscription's first delivery of what is older than what it had: of its topic

    attempted: int = 0
    confirmed: int = 0
    delivered: int = 0
    deliveries: int = 0
    duplicates: int = 0     # deliveries beyond the first
    recovered: int = 0      # delivered without a confirm that anybody saw: allowed
    pending: int = 0        # attempted, neither confirmed nor delivered: allowed
    forgotten: int = 0      # confirmed, but above the marker that a successor was told: sent again
    stable_ms_p50: int = 0  # from the confirm (or the delivery, if that came first) to the first delivery
    stable_ms_p99: int = 0
    stable_ms_max: int = 0
    examples: dict = field(default_factory=dict)

    @property
    def lost(self):
        return self.lost_prefix + self.lost_middle + self.lost_postfix

    @property
    def good(self):
        return not (self.lost or self.unexpected or self.corrupt or self.rebound or self.duplicates_in_instance or
                    self.gaps or self.reordered)

    def line(self):
        return (f"attempted {self.attempted} confirmed {self.confirmed} delivered {self.delivered} "
                f"duplicates {self.duplicates} in_one_instance {self.duplicates_in_instance} "
                f"forgotten {self.forgotten} corrupt {self.corrupt + self.rebound} unexpected {self.unexpected} "
                f"lost {self.lost}")

    def record(self):
        return asdict(self) | {"lost": self.lost, "good": self.good}


class Oracle:
    """Reads logs, then judges. `excused` are the (source, number) that may be missing: dead letters a test expects."""

    def __init__(self):
        self.attempts = {}    # source -> {number: content}, that is `<crc>` or `<crc> <topic>`
        self.confirms = {}    # source -> {number: ms}
        self.first = {}       # source -> {number: ms of the first delivery}
        self.contents = {}    # (source, id) -> (number, content)
        self.verdict = Verdict()

    def example(self, kind, what):
        seen = self.verdict.examples.setdefault(kind, [])
        if len(seen) < 5:
            seen.append(what)

    def read_producer(self, text):
        now, source, attempts, confirms = 0, "?", {}, {}
        for line in whole_lines(text):
            kind, _, rest = line.partition(" ")
            if kind == "A":
                number, _, content = rest.partition(" ")
                attempts[int(number)] = content
            elif kind == "C":
                confirms.setdefault(int(rest), now)
            elif kind == "T":
                now = int(rest)
            elif kind == "M":
                self.go_on_after(int(rest), now, source, attempts, confirms)
            elif kind == "S":
                source = rest
                attempts = self.attempts.setdefault(rest, {})
                confirms = self.confirms.setdefault(rest, {})

    def go_on_after(self, marker, now, source, attempts, confirms):
        for number in attempts:
            if number <= marker:
                confirms.setdefault(number, now)
        above = sum(1 for number in confirms if number > marker)
        self.verdict.forgotten += above
        if above:
            self.example("forgotten", f"{source}: marker {marker}, but {max(confirms)} was confirmed before")

    def read_worker(self, name, text):
        now, here = 0, set()
        for line in whole_lines(text):
            kind, _, rest = line.partition(" ")
            if kind == "T":
                now = int(rest)
            elif kind == "D":
                source, number, crc, ident, _, *topic = rest.split(" ", 5)
                self.deliver(name, here, now, source, int(number), " ".join([crc, *topic]), ident)
            elif kind == "G":
                self.verdict.gaps += 1
                self.example("gaps", f"{rest} in {name}")

    def deliver(self, name, here, now, source, number, content, ident):
        verdict = self.verdict
        verdict.deliveries += 1
        if (source, ident) in here:
            verdict.duplicates_in_instance += 1
            self.example("duplicates_in_instance", f"{source} {number} ({ident}) in {name}")
        here.add((source, ident))
        if self.contents.setdefault((source, ident), (number, content)) != (number, content):
            verdict.rebound += 1
            self.example("rebound", f"{source} id {ident}: {self.contents[source, ident]} and {(number, content)}")
        attempted = self.attempts.get(source, {}).get(number)
        if attempted is None:
            verdict.unexpected += 1
            self.example("unexpected", f"{source} {number} {content} ({ident}) in {name}")
            return
        if attempted != content:
            verdict.corrupt += 1
            self.example("corrupt", f"{source} {number} ({ident}) in {name}: {content}, attempted {attempted}")
            return
        first = self.first.setdefault(source, {})
        if number in first:
            verdict.duplicates += 1
            first[number] = min(first[number], now)
        else:
            first[number] = now
            self.came_first(name, source, number, content, ident)

    def came_first(self, name, source, number, content, ident):
        """For whoever judges the order of first deliveries. Among workers there is none."""

    def judge(self, excused=()):
        verdict, waits = self.verdict, []
        excused = set(excused)
        for source, attempts in self.attempts.items():
            confirms, first = self.confirms.get(source, {}), self.first.get(source, {})
            verdict.attempted += len(attempts)
            verdict.confirmed += len(confirms)
            verdict.delivered += len(first)
            verdict.recovered += len(first.keys() - confirms.keys())
            verdict.pending += len(attempts.keys() - confirms.keys() - first.keys())
            low, high = (min(first), max(first)) if first else (float("inf"), float("inf"))
            for number in sorted(confirms.keys() - first.keys()):
                if (source, number) in excused:
                    continue
                kind = "lost_prefix" if number < low else "lost_postfix" if number > high else "lost_middle"
                setattr(verdict, kind, getattr(verdict, kind) + 1)
                self.example(kind, f"{source} {number}")
            waits += [max(0, first[number] - confirmed) for number, confirmed in confirms.items() if number in first]
        if waits:
            waits.sort()
            verdict.stable_ms_p50, verdict.stable_ms_max = waits[len(waits) // 2], waits[-1]
            verdict.stable_ms_p99 = waits[len(waits) * 99 // 100]
        return verdict


def by_life(path):
    """producer-NAME.LIFE.log in the order of lives."""
    name, _, life = path.name.removesuffix(".log").rpartition(".")
    return name, int(life)


def whole_lines(text):
    end = text.rfind("\n")
    return text[:end].split("\n") if end >= 0 else []


def judge(directory, excused=()):
    """The verdict on all logs in `directory`. Producers are read first: a worker's log is judged against them."""
    oracle = Oracle()
    for path in sorted(pathlib.Path(directory).glob("producer-*.log"), key=by_life):
        oracle.read_producer(path.read_text(errors="replace"))
    for path in sorted(pathlib.Path(directory).glob("worker-*.log*")):
        oracle.read_worker(path.name, path.read_text(errors="replace"))
    return oracle.judge(excused)


def main():
    verdict = judge(sys.argv[1])
    print(json.dumps(verdict.record()) if "--json" in sys.argv[2:] else verdict.line())
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())

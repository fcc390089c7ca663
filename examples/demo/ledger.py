"""The input, the books of all lives of the sender and the sidecar, and what came out compared with what went in.

Every figure is counted by somebody: accepted and confirmed by the sender, stored, elided and redelivered by the
sidecar, the others by wc, sort and comm from the files. Where a kill hides the end of a count, the figure is the part
that is known: it may be too low, never too high.
"""
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

PLACES = ("/usr/include", "/usr/share/doc", "/usr/lib/python3", "/usr/share", "/etc")
ENOUGH = 200_000
LINE_MAX = 1 << 16
COUNTERS = ("stored", "elided", "redelivered")
LAST_WORDS = re.compile(r"^accepted (\d+) confirmed (\d+) unconfirmed (\d+)", re.MULTILINE)
ON_THE_WAY = re.compile(r"^accepted [\d,]+  confirmed ([\d,]+)", re.MULTILINE)  # a progress line, every 10 s
WENT_ON = re.compile(r"^resuming after record ([\d,]+)$", re.MULTILINE)


def gather(path, lines_max):
    """Writes numbered lines of real text to `path`. (lines, octets, where from)."""
    count, used = 0, []
    with open(path, "wb", buffering=1 << 20) as out:
        for place in PLACES:
            before = count
            for line in text_lines(place):
                if count == lines_max:
                    break
                count += 1
                out.write(b"%07d %s\n" % (count, line))
            if count > before:
                used.append(place)
            if count >= min(ENOUGH, lines_max):
                break
    return count, os.path.getsize(path), " and ".join(used)


def text_lines(place):
    for folder, folders, files in os.walk(place):
        folders.sort()
        for name in sorted(files):
            try:
                content = pathlib.Path(folder, name).read_bytes()
            except OSError:
                continue
            if b"\0" not in content:
                yield from (line for line in content.split(b"\n") if len(line) < LINE_MAX)


@dataclass
class SenderLife:
    """What one life of the sender did, by its own words (`told`) or by those of its successor."""
    number: int
    after: int              # the marker where it went on: lines that were confirmed to its predecessors
    accepted: int = 0
    confirmed: int = 0
    unconfirmed: int = 0
    told: bool = False
    heard: int = 0          # so many were confirmed when it last showed its progress

    def line(self):
        if self.told:
            return f"accepted {self.accepted:,} confirmed {self.confirmed:,} unconfirmed {self.unconfirmed:,}"
        return f"killed; {self.confirmed:,} confirmed, by the marker where the next one went on"


def lives_of(sender_texts):
    """From the standard error of each life of the sender.

    One that ends says its figures. One that is killed with kill -9 says nothing; but its successor asks the sidecar for
    the marker, the number of the last line that was confirmed, skips that far and says so. What lies between the two
    markers is what the killed one is known to have had accepted and confirmed. It had accepted more: those lines are
    not confirmed, so the successor sends them again, and they are in its figures.
    """
    lives = []
    for number, text in enumerate(sender_texts, 1):
        went_on, words = WENT_ON.findall(text), LAST_WORDS.findall(text)
        life = SenderLife(number, after=figure(went_on), heard=figure(ON_THE_WAY.findall(text)))
        if words:
            life.told = True
            life.accepted, life.confirmed, life.unconfirmed = map(int, words[-1])
        lives.append(life)
    for life, successor in zip(lives, lives[1:]):
        if not life.told:
            life.accepted = life.confirmed = successor.after - life.after
    return lives


def figure(found):
    """The last of some figures with commas in them; 0 if there is none."""
    return int(found[-1].replace(",", "")) if found else 0


class Ledger:
    def __init__(self, lines):
        self.lines = lines
        self.past = dict.fromkeys(COUNTERS, 0)   # of sidecars that are gone
        self.now = dict.fromkeys(COUNTERS, 0)    # of the one that serves
        self.backlog = 0
        self.senders, self.result = [], None

    def note(self, status, last):
        """A sample of the sidecar's counters, which rise from 0 in each of its lives. None: it does not answer.

        With `last` it is killed next; what it counts between the two is known to nobody, and not in the totals.
        """
        if status is not None:
            streams = status["streams"]
            subscriptions = [s for stream in streams for s in stream["subscriptions"]]
            self.now["stored"] = sum(stream["stored"] for stream in streams)
            self.now["elided"] = sum(stream["elided"] for stream in streams)
            self.now["redelivered"] = sum(s["redelivered"] for s in subscriptions)
            self.backlog = sum(s["backlog_messages"] for s in subscriptions)
        if last:
            for name in COUNTERS:
                self.past[name] += self.now[name]
                self.now[name] = 0

    def total(self, name):
        return self.past[name] + self.now[name]

    def settled(self):
        return self.backlog == 0

    def close(self, sender_texts, result):
        self.senders, self.result = lives_of(sender_texts), result

    @property
    def accepted(self):
        return sum(life.accepted for life in self.senders)

    @property
    def confirmed(self):
        return sum(life.confirmed for life in self.senders)

    def faults(self):
        result = self.result
        found = [text for wrong, text in (
            (not self.senders[-1].told, "the last sender did not say what it did"),
            (self.confirmed != self.lines, f"{self.confirmed:,} of {self.lines:,} lines confirmed"),
            (result.missing, f"{result.missing:,} lines lost"),
            (result.foreign, f"{result.foreign:,} lines came out that never went in"),
            (result.hash_in != result.hash_out, "input and output differ"),
        ) if wrong]
        return found + self.sums() + [f"nothing was {name}" for name in COUNTERS if self.total(name) == 0]

    def sums(self):
        """Figures that were counted apart, and must agree."""
        result, unconfirmed = self.result, sum(life.unconfirmed for life in self.senders)
        first, pairs = self.senders[0], zip(self.senders, self.senders[1:])
        return [f"the figures do not add up: {text}" for good, text in (
            (self.accepted == self.confirmed + unconfirmed,
             f"accepted {self.accepted:,}, confirmed {self.confirmed:,} and unconfirmed {unconfirmed:,}"),
            (first.after == 0, f"the first sender went on after line {first.after:,}"),
            (all(a.after + max(a.confirmed, a.heard) <= b.after for a, b in pairs),
             "a sender went on before the end of what its predecessor had confirmed"),
            (result.distinct_in == self.lines, f"{self.lines:,} lines gathered, {result.distinct_in:,} in input.txt"),
            (result.distinct_out - result.foreign + result.missing == result.distinct_in,
             f"{result.distinct_in:,} in, {result.distinct_out:,} out, {result.missing:,} of them missing"),
        ) if not good]

    def good(self):
        return not self.faults()


@dataclass
class Comparison:
    hash_in: str
    hash_out: str
    lines_out: int      # deliveries
    distinct_in: int
    distinct_out: int
    missing: int        # went in and did not come out
    foreign: int        # came out and never went in


def compare(folder, outputs):
    """By sort -u and sha256sum, octet by octet, so that anybody can do it again."""
    def shell(command):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, check=True,
                              capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
        return done.stdout.strip()
    shell("sort -u input.txt -o .in; sort -u output-*.txt -o .out")
    result = Comparison(
        hash_in=shell("sha256sum < .in").split()[0], hash_out=shell("sha256sum < .out").split()[0],
        lines_out=int(shell("cat output-*.txt | wc -l")), distinct_in=int(shell("wc -l < .in")),
        distinct_out=int(shell("wc -l < .out")), missing=int(shell("comm -23 .in .out | wc -l")),
        foreign=int(shell("comm -13 .in .out | wc -l")))
    shell("rm .in .out")
    return result

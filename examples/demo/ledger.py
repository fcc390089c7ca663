"""The input, the books of the sidecar's lives added up, and the comparison of what came out with what went in."""
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

PLACES = ("/usr/include", "/usr/share/doc", "/usr/lib/python3", "/usr/share", "/etc")
ENOUGH = 200_000
LINE_MAX = 1 << 16
COUNTERS = ("stored", "elided", "redelivered")


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


class Ledger:
    def __init__(self, lines):
        self.lines = lines
        self.past = dict.fromkeys(COUNTERS, 0)   # of sidecars that are gone
        self.now = dict.fromkeys(COUNTERS, 0)    # of the one that serves
        self.backlog = 0
        self.accepted = self.confirmed = 0
        self.result = None

    def note(self, status, last):
        """A sample of the sidecar's counters, which rise from 0 in each of its lives. None: it does not answer."""
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

    def close(self, sender, result):
        """The sender's last life skipped what its predecessor had confirmed, and says what it did itself."""
        self.result = result
        told = re.findall(r"accepted (\d+) confirmed (\d+) unconfirmed (\d+)", sender.said())
        if told and sender.ended():
            accepted, confirmed, _ = map(int, told[-1])
            self.accepted = self.lines
            self.confirmed = self.lines - accepted + confirmed

    def faults(self):
        found = []
        if self.confirmed != self.lines:
            found.append(f"{self.confirmed:,} of {self.lines:,} lines confirmed")
        if self.result.missing:
            found.append(f"{self.result.missing:,} lines lost")
        if self.result.hash_in != self.result.hash_out:
            found.append("input and output differ")
        return found + [f"nothing was {name}" for name in COUNTERS if self.total(name) == 0]

    def good(self):
        return not self.faults()


@dataclass
class Comparison:
    hash_in: str
    hash_out: str
    lines_out: int
    distinct_out: int
    missing: int


def compare(folder, outputs):
    """By sort -u and sha256sum, octet by octet, so that anybody can do it again."""
    def shell(command):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, check=True,
                              capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
        return done.stdout.strip()
    shell("sort -u input.txt -o .in; sort -u output-*.txt -o .out")
    result = Comparison(
        hash_in=shell("sha256sum < .in").split()[0], hash_out=shell("sha256sum < .out").split()[0],
        lines_out=int(shell("cat output-*.txt | wc -l")), distinct_out=int(shell("wc -l < .out")),
        missing=int(shell("comm -23 .in .out | wc -l")))
    shell("rm .in .out")
    return result

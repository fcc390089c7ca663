#!/usr/bin/env -S python3 -B
"""A subscriber comes back to a backlog while its publisher goes on; n counts the messages of 100 octets that it missed.

    ./dev soak away --n 1000000 [--rate R] [--seconds S] [--run N]

A durable exclusive subscriber is away while n messages of eight topics are published as fast as the window lets, N in a
row of one topic (default 100), which bounds the batches. Then it returns, while R more a second (default 50000) are
published for S seconds (default 60). Told are: the publisher's slowest seconds, and the back pressure by its name and
for how long; when the subscriber was live, and had caught up with what was sent; how often it changed between live and
catching up (at most three times: back, and once more); the resident memory of all three. Each message must come once,
and each topic in its order. Before that, the same with a tenth of n: the memory may not grow with the backlog.

The control is a sidecar that keeps in memory what it has written, and a subscriber that leaves out one message, notes
one late and one twice: each of the four must be seen.
"""
import argparse
import shutil
import statistics
import sys
import time

import campaign
from harness import Cluster, Failure, Process, Sidecar, Skip, expect, program, resident, wait_until
from memory import judge, mib

BOUND = 64 << 20      # of each process
GROWTH = 8 << 20      # of each, from a tenth of the backlog to all of it
TENTH_MIN = 100_000   # below it a tenth is smaller than the windows, and growth means nothing
SLOW = 0.9            # of the rate; judged over WINDOW seconds, as a machine may be busy for one
WINDOW = 5
CHANGES_MAX = 3       # of its state within the minute after its return
ON_DISK = 300         # octets a message that the disk must have free
STUCK_S = 90          # without any progress: failed
CONTROL = 600_000     # messages: 60 MiB of payloads
TOPICS = [f"{place}/{number}" for place in ("north", "south") for number in range(4)]


class Journey:
    """A sidecar, a publisher and a subscriber that is away."""

    def __init__(self, cluster, count, rate, binary="restante", plants=()):
        self.c, self.count, self.rate = cluster, count, rate
        self.s = cluster.add(Sidecar(cluster, "s", binary=binary))
        place = cluster.directory
        self.sent, self.seconds, self.bitmap = place / "sent", place / "seconds", place / "bitmap"
        topics = [word for topic in TOPICS for word in ("--topic", topic)] + ["--run", given.run]
        self.publisher = cluster.add(Process(cluster, "publisher", lambda life: [
            program("flood_producer"), "--sidecar", self.s.ipc, "--size", 100, "--count", count, "--rate", rate,
            "--progress", self.sent, "--seconds", self.seconds, "--flush-ms", 600_000, *topics]), start=False)
        self.subscriber = cluster.add(Process(cluster, "subscriber", lambda life: [
            program("flood_worker"), "--from", self.s.ipc, "--progress", place / f"taken.{life}", "--bitmap",
            self.bitmap, "--subscription", "screen", *topics, *plants]))
        self.memory = {}

    @property
    def taken(self):
        return self.c.directory / f"taken.{self.subscriber.life}"

    def numbers(self, path):
        """What a tool says of itself; zeros as long as it has said nothing. The reason is text, and left out."""
        words = path.read_text().split()[:4] if path.exists() else []
        return [int(word) for word in words if word.isdigit()] + [0] * 4

    def books(self):
        """The subscription as the sidecar tells it, and how often it went live; nothing if there was no answer."""
        try:
            status = self.c.status(self.s)
        except Failure:
            return {}
        known = [one for stream in status["streams"] for one in stream["subscriptions"]]
        return (known[0] if known else {}) | {"gone_live": status["counters"].get("exclusive sessions gone live", 0)}

    def until(self, what, done, look=lambda: None):
        """Waits as long as there is progress. The seconds that it took."""
        began = since = time.monotonic()
        last = None

        def check():
            nonlocal last, since
            self.c.check()
            look()
            expect(self.s.alive, f"the sidecar has ended with {self.s.popen.returncode}")
            now = self.numbers(self.sent), self.numbers(self.taken)
            if now != last:
                last, since = now, time.monotonic()
            expect(time.monotonic() - since < STUCK_S, f"no progress for {STUCK_S} s: {what}, {last}")
        wait_until(what, done, 86400, check, poll=0.05)
        return time.monotonic() - began

    def note_memory(self, when):
        """What each has now and had at most, in MiB, under the name of the moment."""
        for role, process in (("sidecar", self.s), ("publisher", self.publisher), ("subscriber", self.subscriber)):
            if process.alive:
                self.memory[f"{role}_{when}_mib"] = mib(resident(process.pid))
                self.memory[f"{role}_hwm_mib"] = mib(resident(process.pid, "VmHWM"))

    def leave(self):
        self.until("it has subscribed", lambda: self.books().get("sessions") == 1)
        self.note_memory("idle")
        expect(self.subscriber.stop() == 0, self.subscriber.text())
        self.until("it is away", lambda: self.books().get("sessions") == 0)

    def fill(self):
        """Until all that was missed is on the disk; the publisher goes on at its rate."""
        self.publisher.start()
        seconds = self.until("the backlog is published", lambda: self.numbers(self.sent)[1] >= self.count)
        self.note_memory("filled")
        return {"fill_s": round(seconds, 1)}

    def come_back(self, seconds):
        """The figures of the time after its return."""
        before = self.books().get("gone_live", 0)
        began, looked = time.monotonic(), 0.0
        live_s = caught_up_s = None
        last, unanswered, longest = {}, 0, 0.0
        self.subscriber.start()

        def look():
            nonlocal live_s, caught_up_s, looked, last, unanswered
            now = time.monotonic() - began
            sent, taken = self.numbers(self.sent)[0], self.numbers(self.taken)[1]
            if caught_up_s is None and taken >= sent - self.rate // 4:
                caught_up_s = now
                self.note_memory("caught_up")
            if now < looked + 0.25:
                return
            looked = now
            books = self.books()
            unanswered += not books
            last = books or last
            if live_s is None and books.get("live") and books["gone_live"] > before:
                live_s = time.monotonic() - began
        self.until("it was back for a while", lambda: time.monotonic() - began >= seconds, look)
        self.note_memory("after")
        gone_live = last.get("gone_live", before) - before
        changes = 2 * gone_live - (1 if last.get("live") and gone_live else 0)
        return {"live_s": rounded(live_s), "caught_up_s": rounded(caught_up_s), "changes": changes,
                "unanswered": unanswered, "bad_never_live": int(live_s is None),
                "bad_never_caught_up": int(caught_up_s is None),
                "bad_changes": int(changes > CHANGES_MAX)}

    def end(self):
        """The publisher stops, the rest arrives; then the verdict."""
        self.publisher.forgiven = True
        self.publisher.signal(15)
        self.until("all is confirmed", lambda: not self.publisher.alive)
        expect(self.publisher.popen.returncode == 0, f"not everything was confirmed: {self.publisher.text()}")
        accepted, confirmed = self.numbers(self.sent)[:2]
        self.until("all has come", lambda: self.books().get("backlog_messages") == 0)
        self.note_memory("end")
        expect(self.subscriber.stop() == 0, f"the subscriber has failed: {self.subscriber.text()}")
        deliveries, distinct, corrupt, disorder = self.numbers(self.taken)[:4]
        return judge(self.bitmap.read_bytes(), accepted, confirmed) | {
            "bad_duplicates": deliveries - distinct - corrupt, "bad_corrupt": corrupt, "bad_order": disorder}


def rates(text, rate):
    """What the publisher could do in each second, from its own record: `accepted held_ms reason`."""
    seconds = []
    for line in text.splitlines():
        accepted, held_ms, *reason = line.split(" ", 2) if line[:1].isdigit() else ("", "", "")
        if accepted:
            seconds.append((int(accepted), int(held_ms), " ".join(reason).strip()))
    slow = [f"{number}: {one[0]} ({one[1]} ms held)" for number, one in enumerate(seconds) if one[0] < SLOW * rate]
    windows = [seconds[at:at + WINDOW] for at in range(len(seconds) - WINDOW + 1)]
    bad = [window for window in windows
           if sum(one[0] for one in window) < SLOW * rate * WINDOW and not any(one[1] and one[2] for one in window)]
    reasons = sorted({one[2] for one in seconds if one[1]})
    return {"rate_min": min((one[0] for one in seconds), default=0),
            "rate_median": round(statistics.median([one[0] for one in seconds] or [0])),
            "slow_seconds": slow, "held_ms": sum(one[1] for one in seconds), "held_by": reasons,
            "bad_slow": len(bad) + int(not windows)}


def journey(count, rate, seconds, **options):
    with Cluster() as c:
        one = Journey(c, count, rate, **options)
        one.leave()
        figures = one.fill()
        figures |= one.come_back(seconds)
        figures |= rates(one.seconds.read_text(), rate)
        figures |= one.end()
        return figures | one.memory


def peaks(figures):
    return {role: figures[f"{role}_hwm_mib"] for role in ("sidecar", "publisher", "subscriber")}


def rounded(seconds):
    return seconds if seconds is None else round(seconds, 2)


def trials(n, seed):
    with Cluster() as c:
        needed = (n + given.rate * given.seconds * 2) * ON_DISK
        if shutil.disk_usage(c.directory).free < needed:
            raise Skip(f"{mib(needed)} MiB are needed in {c.directory.parent}")
    small = journey(n // 10, given.rate, min(given.seconds, 10)) if n >= 10 * TENTH_MIN else None
    figures = journey(n, given.rate, given.seconds)
    figures["bad_memory"] = sum(most > mib(BOUND) for most in peaks(figures).values())
    if small:
        figures |= {f"{role}_hwm_tenth_mib": most for role, most in peaks(small).items()}
        figures["lost"] += small["lost"]
        figures["bad_growth"] = sum(peaks(figures)[role] - most > mib(GROWTH) for role, most in peaks(small).items())
    return figures


def control(seed):
    """What was left out, late, twice or kept in memory must be seen, and a publisher that is slow without a reason."""
    slow = rates("".join("T 1\n44000 0 \n" for _ in range(WINDOW)), 50_000)["bad_slow"]
    held = rates("".join("T 1\n44000 900 the window is full\n" for _ in range(WINDOW)), 50_000)["bad_slow"]
    figures = journey(CONTROL, given.rate, 2, binary="restante-memory-control",
                      plants=["--drop", 5000, "--late", 9000, "--again", 13000])
    seen = [figures[name] for name in ("lost", "bad_order", "bad_duplicates")]
    return int(seen == [1, 1, 1] and peaks(figures)["sidecar"] > mib(BOUND) and slow > 0 and held == 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--run", type=int, default=100)
    given, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    raise SystemExit(campaign.main("away", trials, control, n=1_000_000, about=__doc__))

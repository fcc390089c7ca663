#!/usr/bin/env -S python3 -B
"""Memory does not grow with the backlog; n counts the messages of 100 octets that wait for a peer that is away.

    ./dev soak memory --n 10000000 [--minutes M] [--quota MIB]

First a tenth of n, then n: filled, the sidecar killed and started, drained. The most memory that the sidecar ever had
(VmHWM) has a bound, and may not be larger for n than for the tenth. Then M minutes (default 10) at full rate in a group
of processes with 64 MiB of memory, with a quota (default 1024 MiB) and nobody to take anything: the kernel must not end
the sidecar, the disk must stay within the quota and 5 %, and all must come in the end. Each message has a bit in the
worker's bitmap, which is compared with what was confirmed.

The control is a build that keeps in memory what it has written: it must pass the bound, and be killed in the group.
"""
import argparse
import shutil
import sys
import time

import campaign
from confined import ConfinedSidecar, MemoryGroup
from harness import Cluster, Process, Sidecar, Skip, expect, program, resident, wait_until
from store_test import used_octets

MIB = 1 << 20
BOUND = 64 * MIB      # of the sidecar's memory, measured and as the limit of its group
GROWTH = 8 * MIB      # from a tenth of the backlog to all of it: windows that fill at one moment or another
TENTH_MIN = 200_000   # a backlog that is larger than all windows together, below which growth means nothing
SIZE = 100
ON_DISK = 300         # octets a message that the disk must have free; 206 were measured
CONTROL = 1_000_000   # messages: 100 MiB of payloads
STUCK_S = 90          # without any progress: failed
DAY_S = 86400         # no other deadline: n and the minutes may be anything


class Flood:
    """A sidecar, what is sent to it and what is taken from it."""

    def __init__(self, cluster, sidecar, count=None):
        self.c, self.s = cluster, cluster.add(sidecar)
        self.sent, self.taken = cluster.directory / "sent", cluster.directory / "taken"
        self.bitmap = cluster.directory / "bitmap"
        few = ["--count", count] if count else []
        self.producer = cluster.add(Process(cluster, "flood-producer", lambda life: [
            program("flood_producer"), "--sidecar", self.s.ipc, "--size", SIZE, "--progress", self.sent,
            "--flush-ms", 3_600_000, *few]))
        self.worker = cluster.add(Process(cluster, "flood-worker", lambda life: [
            program("flood_worker"), "--from", self.s.ipc, "--progress", self.taken, "--bitmap", self.bitmap]),
            start=False)

    def numbers(self, path):
        """What a tool says of itself; zeros as long as it has said nothing. The reason is text, and left out."""
        return [int(word) for word in path.read_text().split()[:3] if word.isdigit()] if path.exists() else [0, 0, 0]

    def held_back(self):
        return self.sent.read_text().partition("quota")[1] if self.sent.exists() else ""

    def until(self, what, done, progress, look=lambda: None):
        """Waits as long as there is progress. The seconds that it took."""
        began = since = time.monotonic()
        last = None

        def check():
            nonlocal last, since
            self.c.check()
            look()
            expect(self.s.alive, f"the sidecar has ended with {self.s.popen.returncode}")
            now = progress()
            if now != last:
                last, since = now, time.monotonic()
            expect(time.monotonic() - since < STUCK_S, f"no progress for {STUCK_S} s: {what}, {last}")
        wait_until(what, done, DAY_S, check, poll=0.1)
        return time.monotonic() - began

    def filled(self):
        seconds = self.until("filling", lambda: not self.producer.alive, lambda: self.numbers(self.sent))
        expect(self.producer.popen.returncode == 0, f"not everything was confirmed: {self.producer.text()}")
        return seconds

    def drain(self, look=lambda: None):
        """To the last message that was accepted. The seconds that it took."""
        self.worker.start()

        def done():
            return not self.producer.alive and self.numbers(self.taken)[1] >= self.numbers(self.sent)[1]
        return self.until("draining", done, lambda: self.numbers(self.taken), look)

    def verdict(self):
        expect(self.worker.stop() == 0, f"the worker has failed: {self.worker.text()}")
        accepted, confirmed = self.numbers(self.sent)[:2]
        deliveries, distinct, corrupt = self.numbers(self.taken)
        return judge(self.bitmap.read_bytes(), accepted, confirmed) | {
            "bad_duplicates": deliveries - distinct - corrupt, "bad_corrupt": corrupt}


def judge(bitmap, accepted, confirmed):
    """Bit n is message n; 1 to `confirmed` must be there, and nothing above `accepted`."""
    seen = int.from_bytes(bitmap, "little")
    owed = (1 << (confirmed + 1)) - 2
    return {"confirmed": confirmed, "delivered": seen.bit_count(), "lost": (owed & ~seen).bit_count(),
            "bad_unexpected": (seen & 1) + (seen >> (accepted + 1)).bit_count()}


def backlog(count):
    """Filled, killed, started, drained: the figures."""
    with Cluster() as c:
        flood = Flood(c, sidecar(c), count)
        figures = {"fill_s": round(flood.filled(), 1), "hwm_fill_mib": mib(resident(flood.s.pid, "VmHWM")),
                   "store_mib": mib(used_octets(flood.s.store))}
        began = time.monotonic()
        flood.s.kill().start(deadline=60)
        figures["restart_s"] = round(time.monotonic() - began, 2)
        figures["hwm_restart_mib"] = mib(resident(flood.s.pid, "VmHWM"))
        figures["drain_s"] = round(flood.drain(), 1)
        figures["hwm_drain_mib"] = mib(resident(flood.s.pid, "VmHWM"))
        return figures | flood.verdict()


def confined(minutes, quota):
    """At full rate against a quota, in a group of processes that has 64 MiB."""
    with MemoryGroup(BOUND) as group, Cluster() as c:
        flood = Flood(c, ConfinedSidecar(c, "s", group, extra=["--quota", f"{quota}MiB"]))
        most, end, full_at, began = 0, time.monotonic() + 60 * minutes, None, time.monotonic()

        def look():
            nonlocal most, full_at
            most = max(most, used_octets(flood.s.store))
            if full_at is None and flood.held_back():
                full_at = time.monotonic() - began
        flood.until("at full rate", lambda: time.monotonic() > end, time.monotonic, look)
        expect(full_at is not None, f"the test is pointless: {mib(most)} MiB used, the quota is {quota}")
        flood.producer.forgiven = True
        flood.producer.signal(15)
        drained = flood.drain(look)
        figures = {"minutes": minutes, "quota_mib": quota, "full_after_s": round(full_at, 1), "disk_mib": mib(most),
                   "hwm_confined_mib": mib(resident(flood.s.pid, "VmHWM")), "drain_confined_s": round(drained, 1)}
        bad = {"bad_killed": group.kills(), "bad_disk": int(most > quota * MIB * 1.05)}
        verdict = flood.verdict()
        return figures | bad | {f"{name}_confined" if name != "lost" else "bad_lost_confined": value
                                for name, value in verdict.items()}


def sidecar(c, binary="restante"):
    return Sidecar(c, "s", binary=binary)


def mib(octets):
    return round(octets / MIB, 1)


def memory(figures):
    return max(value for name, value in figures.items() if name.startswith("hwm_"))


def trials(n, seed):
    needed = n * ON_DISK + given.quota * MIB * 2
    with Cluster() as c:
        if shutil.disk_usage(c.directory).free < needed:
            raise Skip(f"{mib(needed)} MiB are needed in {c.directory.parent}")
    small = backlog(max(n // 10, min(n, TENTH_MIN)))
    large = backlog(n)
    large["lost"] += small["lost"]
    growth = memory(large) - memory(small)
    figures = large | {"hwm_tenth_mib": memory(small), "bad_memory": int(memory(large) > mib(BOUND)),
                       "bad_growth": int(growth > mib(GROWTH))}
    return figures | (confined(given.minutes, given.quota) if given.minutes else {})


def control(seed):
    """Each of the three must be seen: a lost bit, too much memory, a sidecar that the kernel has ended."""
    whole = (1 << 101) - 2
    lost = judge((whole & ~(1 << 50)).to_bytes(13, "little"), 100, 100)["lost"]
    strange = judge((whole | 1 << 102).to_bytes(13, "little"), 100, 100)["bad_unexpected"]
    with Cluster() as c:
        flood = Flood(c, sidecar(c, "restante-memory-control"), CONTROL)
        flood.filled()
        grown = resident(flood.s.pid, "VmHWM") > BOUND
    with MemoryGroup(BOUND) as group, Cluster() as c:
        flood = Flood(c, ConfinedSidecar(c, "s", group, binary="restante-memory-control"), CONTROL)
        flood.s.forgiven = True
        wait_until("the sidecar is killed, or all is stored", lambda: not (flood.s.alive and flood.producer.alive), 300)
        killed = group.kills()
    return int(lost == 1 and strange == 1 and grown and killed > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--quota", type=int, default=1024)
    given, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    raise SystemExit(campaign.main("memory", trials, control, n=1_000_000, about=__doc__))

#!/usr/bin/env -S python3 -B
"""Full disks and full quotas: fill, hold, drain, free; n counts the cycles.

A producer fills the store while its workers are away, and on most disks another writer takes all that is left. The
sender must be refused with a reason. Then, with the disk still full, the workers' acks must free room. Then the disk
gets room, and all must go on by itself. Nothing confirmed is lost, and the database is whole in the end. The control
is a build without a ballast, in which acks cannot free anything.

    ./dev soak full --only 32MiB --n 50

is the same for one store of that quota under one process of the sidecar, with what it may take to go on measured
(one_store.py). Its control is also a sidecar that is late, one that is another process, and a store that grew too big.
"""
import argparse
import contextlib
import io
import json
import random
import sys
import time

import campaign
import disks
import one_store
from harness import Cluster, Failure, expect
from power import alarms_of

CYCLES_PER_DISK = 5
CONTROL_CYCLES = 25
MIB = 1 << 20
RATE = 20_000        # enough to fill any of the disks in a few seconds, and no more work than that
SOON_S = 20          # for what takes a second on an idle machine
CONTROL_SOON_S = 8   # the control waits for what never comes
FULL = "the store of node"  # in the words of a refusal, when it is not only the window that is full


class Stuck(Failure):
    """Acks free nothing, or nothing goes on although there is room."""


class Kind:
    """A disk, a quota, and whether somebody else fills the disk."""

    def __init__(self, name, quota, is_crowded):
        self.name, self.quota, self.is_crowded = name, quota, is_crowded

    def disk(self, directory):
        if self.name == "tmpfs":
            return disks.Tmpfs(directory / "disk", 16 * MIB)
        return disks.Ext4(directory / "disk", 32 * MIB)

    def __str__(self):
        return f"{self.name}, quota {self.quota}, {'with' if self.is_crowded else 'without'} another writer"


KINDS = [Kind("ext4", "20MiB", True), Kind("tmpfs", "12MiB", True), Kind("tmpfs", "6MiB", False),
         Kind("ext4", "200MiB", True), Kind("ext4", "16MiB", False)]


class Machine:
    """A sidecar on a small disk, a producer that sends all it can, two workers, and whoever else fills the disk."""

    def __init__(self, cluster, rng, kind, binary):
        self.is_control = binary != "restante"
        self.c, self.rng, self.kind = cluster, rng, kind
        self.disk = kind.disk(cluster.directory)
        self.filler = disks.Filler(self.disk.path)
        cluster.cleanups += [self.disk.close, self.filler.free]
        self.sidecar = cluster.sidecar(store=self.disk.path / "store", extra=["--quota", kind.quota], binary=binary)
        self.workers = [cluster.worker(f"w{n}", self.sidecar, start=False) for n in range(2)]
        self.cycles = self.unexplained = self.late = self.alarms = self.resume_ms = 0

    def cycle(self):
        self.fill()
        self.hold()
        self.drain()
        self.free()
        self.cycles += 1

    def fill(self):
        """Until the sender is refused because of the store."""
        c, rng, before = self.c, self.rng, self.c.tally.update().count("confirmed")
        said, refused = len(c.tally.refusals), self.refused_commits()
        self.producer = c.producer(f"p{self.cycles}", self.sidecar, fresh=True, size=100, rate=RATE,
                                   size_max=rng.choice((500, 2000, 20000)), window=rng.choice((1, 8)) * MIB)

        def is_held_back():
            return any(FULL in reason for reason in c.tally.update().refusals[said:])
        if self.kind.is_crowded:
            enough = before + rng.randrange(1, 1500)
            c.until("there is a load", lambda: c.tally.update().count("confirmed") >= enough or is_held_back(), SOON_S)
            self.filler.fill(greedy=self.is_control or rng.random() < 0.5)
        c.until("the sender is held back by the store", is_held_back, 3 * SOON_S)
        # With nobody there, a quota is kept by the window of the sender alone: no commit ever meets it.
        if not self.kind.is_crowded and self.refused_commits() > refused:
            self.late += 1
            print(f"cycle {self.cycles}: a commit met the quota: {self.c.status(self.sidecar)}")

    def hold(self):
        """The disk stays full; perhaps the sidecar dies or leaves, and must come back although it is."""
        what = self.rng.random()
        if what < 0.3:
            self.sidecar.kill().start(deadline=SOON_S)
        elif what < 0.5:
            status = self.sidecar.stop()
            expect(status == 0, f"the sidecar ended with {status} on a full disk: {self.sidecar.text()}")
            self.sidecar.start(deadline=SOON_S)
        self.alarms += len(alarms_of(self.sidecar.text()))
        self.used = self.c.status(self.sidecar)["store"]["used"]

    def drain(self):
        """The workers come, and the disk is as full as it was: their acks must free room in it."""
        c = self.c
        for worker in self.workers:
            worker.start()
        held = {source: set(numbers) for source, numbers in c.tally.update().confirmed.items()}
        self.until("what was confirmed is delivered",
                   lambda: not any(numbers - c.tally.update().delivered[s] for s, numbers in held.items()), 3 * SOON_S)
        self.until(f"acks have freed half of {self.used} octets",
                   lambda: c.status(self.sidecar)["store"]["used"] <= self.used // 2)

    def free(self):
        """The other writer goes, with no worker there: sending goes on. Then all comes to a good end."""
        c = self.c
        for worker in self.workers:
            worker.stop()
        before, began = c.tally.update().count("confirmed"), time.monotonic()
        self.filler.free()
        self.until("sending goes on", lambda: c.tally.update().count("confirmed") > before or self.is_at_quota())
        self.resume_ms = max(self.resume_ms, round((time.monotonic() - began) * 1000))
        for worker in self.workers:
            worker.start()
        status = self.producer.stop(60)
        expect(status == 0, f"{self.producer.name} ended with {status}: {self.producer.text()}")
        c.settle(60)
        for worker in self.workers:
            worker.stop()

    def refused_commits(self):
        return self.c.status(self.sidecar)["counters"].get("commits refused by a full store", 0)

    def is_at_quota(self):
        """It went on and filled its quota once more; or what acks had freed was filled before, and it lacks the room
        for ballast and two logs (docs/storage.md) that ends being full."""
        store = self.c.status(self.sidecar)["store"]
        if not store["full"]:
            return store["used"] > store["quota"] * 0.8
        whole = int(self.kind.quota.removesuffix("MiB")) * MIB
        room = 4 * min(max(whole // 16, MIB // 4), 32 * MIB)
        return store["used"] + room > whole

    def until(self, what, condition, deadline=None):
        try:
            self.c.until(what, condition, deadline or (CONTROL_SOON_S if self.is_control else SOON_S))
        except Failure as failure:
            raise Stuck(f"{failure} (cycle {self.cycles}; {self.c.status(self.sidecar)})") from None

    def end(self):
        """The sidecar leaves in good order; what SQLite says of its database."""
        self.unexplained = sum(1 for reason in self.c.tally.refusals if "without a reason" in reason)
        status = self.sidecar.stop()
        expect(status == 0, f"the sidecar ended with {status}: {self.sidecar.text()}")
        return disks.check_database(self.disk.path / "store" / "restante.db")


def one_disk(cycles, seed, kind, binary="restante"):
    with Cluster() as c:
        machine = Machine(c, random.Random(seed), kind, binary)
        for _ in range(cycles):
            machine.cycle()
        checked = machine.end()
        if checked != "ok":
            print(f"seed {seed}, {kind}: quick_check: {checked}")
        verdict = c.verdict()
        if not verdict.good:
            print(f"seed {seed}, {kind}: {verdict.line()} {json.dumps(verdict.examples)}")
        return verdict, machine, checked


def trials(n, seed):
    sums = {}
    rng, left, number = random.Random(seed), n, 0
    cycles = min(CYCLES_PER_DISK, max(1, n // len(KINDS)))
    while left > 0:
        kind, mine = KINDS[number % len(KINDS)], rng.randrange(1 << 32)
        try:
            verdict, machine, checked = one_disk(min(left, cycles), mine, kind)
        except Failure as failure:
            raise Failure(f"{failure}\n{kind}, seed of the disk {mine}") from None
        campaign.add(sums, campaign.judged(verdict) | {
            "bad_checks": int(checked != "ok"), "bad_alarms": machine.alarms, "bad_refusals": machine.unexplained,
            "bad_admissions": machine.late, "resume_ms_max": machine.resume_ms})
        left, number = left - machine.cycles, number + 1
    return sums


def control(seed):
    for number in range(1, CONTROL_CYCLES + 1):
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # where a cluster that failed tells its story
                one_disk(1, seed + number, KINDS[0], "restante-control-room")
        except Stuck:
            return number
    return 0


def main(arguments):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--only", choices=one_store.QUOTAS)
    given, rest = parser.parse_known_args(arguments)
    if not given.only:
        return campaign.main("full", trials, control, n=50, about=__doc__, arguments=rest)
    return campaign.main(f"full_{given.only}", lambda n, seed: one_store.trials(n, seed, given.only),
                         lambda seed: control(seed) if one_store.is_seen(seed, given.only) else 0,
                         n=50, about=__doc__, arguments=rest)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

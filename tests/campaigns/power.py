#!/usr/bin/env -S python3 -B
"""Power cuts with a real kernel under the whole: sidecar, producers, workers on a machine that dies; n counts the cuts.

The store is on an ext4 of its own (tests/system/disks.py). At a random moment of the load that file system is shut down
without a flush, so that all that was not synced is gone; then everybody is killed, the disk is mounted again, and
all that was confirmed before the cut has to be delivered. What producers and workers wrote down is on another disk.
The control is a build whose commits are not synced.
"""
import json
import random
import re
import time

import campaign
import disks
from harness import Cluster, Failure, expect, wait_until

CUTS_PER_DISK = 12
CONTROL_CUTS = 20
MIB = 1 << 20
MOUNTS = ("data=ordered", "data=writeback", "data=ordered,commit=1", "data=writeback,commit=1")
COMPLAINTS = ("rows damaged or missing", "peers that knew more than the store")
ALARM = re.compile(r"damaged|is gone|is lost|are lost|not whole")


class Machine:
    """A sidecar on a disk that loses its power again and again, and those who send and take."""

    def __init__(self, cluster, rng, options, binary="restante"):
        self.c, self.rng = cluster, rng
        self.disk = disks.Ext4(cluster.directory / "disk", 64 * MIB, options)
        self.filler = disks.Filler(self.disk.path)
        cluster.cleanups += [self.disk.close, self.filler.free]
        self.cuts = self.alarms = self.fills = self.early = 0
        self.drained = False
        quota = rng.choice(("12MiB", "48MiB"))  # small ones copy their log into the database often
        extra = ["--quota", quota, *(["--no-elision"] if rng.random() < 0.3 else [])]
        self.sidecar = cluster.sidecar(store=self.disk.path / "store", extra=extra, binary=binary)
        self.workers = [cluster.worker(f"w{n}", {s: [self.sidecar.ipc] for s in "ab"}, start=False) for n in range(2)]
        # `a` has a new name in each life, so that nothing is sent again: what is lost stays lost. `b` goes on by its
        # marker, which counts as confirmed.
        self.b = cluster.producer("b", self.sidecar, stream="b", start=False, **self.load())
        self.a = None

    def load(self):
        return {"size": 40, "size_max": self.rng.choice((200, 1500, 9000)), "rate": self.rng.choice((800, 2500, 0))}

    def cycle(self, away, drain):
        """Load, a cut at a random moment, recovery. `away`: no worker is there meanwhile."""
        c, rng = self.c, self.rng
        before = c.tally.update().count("confirmed")
        for worker in self.workers:
            if away:
                worker.kill()
            elif not worker.alive:
                worker.start()
        self.a = c.producer(f"a{self.cuts}", self.sidecar, stream="a", fresh=True, **self.load())
        self.b.start()
        c.until("the load has begun", lambda: c.tally.update().count("confirmed") > before, 20)
        if rng.random() < 0.1:  # somebody fills the disk before its power goes
            self.filler.fill()
            self.fills += 1
        self.wait(rng.uniform(0, 0.4))
        self.cut()
        if rng.random() < 0.15:  # the power goes again while the sidecar comes back
            self.disk.restore()
            self.sidecar.start(wait=False)
            self.wait(rng.uniform(0, 0.1))
            self.cut()
            self.early += 1
        self.recover(drain)

    def wait(self, seconds):
        """A random moment: the only thing here that is waited for by the clock."""
        moment = time.monotonic() + seconds
        wait_until("the moment of the cut", lambda: time.monotonic() >= moment, check=self.c.check, poll=0.002)

    def cut(self):
        logs = [self.c.directory / f"{p.name}.{p.life}.log" for p in (self.a, self.b)]
        sizes = [log.stat().st_size if log.exists() else 0 for log in logs]
        self.disk.cut()
        spared = self.workers if self.rng.random() < 0.4 else ()  # they are on another machine
        for process in self.c.processes:
            if process not in spared:
                process.kill()
        self.filler.close()
        for log, size in zip(logs, sizes):
            withdraw_confirms(log, size)
        self.cuts += 1

    def recover(self, drain):
        """The power is back, and stays."""
        self.disk.restore()
        self.filler.free()
        self.sidecar.start()
        self.alarms += len(alarms_of(self.sidecar.text()))
        self.drained = drain
        if drain:
            self.drain()

    def drain(self):
        """Until nothing confirmed is owed, or nothing comes any more: then the oracle will say what is lost."""
        for worker in self.workers:
            if not worker.alive:
                worker.start()
        last, since = None, time.monotonic()

        def done():
            nonlocal last, since
            delivered = self.c.tally.update().count("delivered")
            if delivered != last:
                last, since = delivered, time.monotonic()
            return self.c.tally.owed() == 0 or time.monotonic() - since > 6
        self.c.until("the backlog is drained", done, 120)

    def end(self):
        """What the sidecar has to complain of, and SQLite of the database, in the end."""
        counters = self.c.status(self.sidecar)["counters"]
        complaints = {name: counters[name] for name in COMPLAINTS if counters.get(name)}
        status = self.sidecar.stop()
        expect(status == 0, f"the sidecar ended with {status}: {self.sidecar.text()}")
        checked = disks.check_database(self.disk.path / "store" / "restante.db")
        return "ok" if checked == "ok" and not complaints else f"{checked} {complaints}"


def alarms_of(text):
    """What a sidecar says of a damaged or incomplete store; it is printed."""
    alarms = [line for line in text.splitlines() if ALARM.search(line)]
    for line in alarms:
        print(line)
    return alarms


def withdraw_confirms(log, size):
    """Forgets the confirms beyond the first `size` octets: after a cut ext4 may say that it synced, and did not."""
    if not log.exists():
        return
    text = log.read_bytes()
    kept = text.rfind(b"\n", 0, size) + 1
    rest = [line for line in text[kept:].split(b"\n") if not line.startswith(b"C ")]
    log.write_bytes(text[:kept] + b"\n".join(rest))


def one_disk(cuts, seed, options, binary="restante"):
    """So many cuts of one disk; (verdict, machine, "ok"). A control ends with its first loss."""
    rng, control = random.Random(seed), binary != "restante"
    with Cluster() as c:
        machine = Machine(c, rng, options, binary)
        while machine.cuts < cuts and not (control and c.tally.owed()):
            machine.cycle(away=control or rng.random() < 0.5, drain=control or rng.random() < 0.8)
        if not machine.drained:
            machine.drain()
        verdict, checked = c.verdict(), machine.end()
        if checked != "ok":
            print(f"seed {seed}, {options}: {checked}")
        if not verdict.good and not control:
            print(f"seed {seed}, {options}: {verdict.line()} {json.dumps(verdict.examples)}")
            c.tell()
        return verdict, machine, checked


def trials(n, seed):
    sums = {}
    rng, left, number, began = random.Random(seed), n, 0, time.monotonic()
    while left > 0:
        cuts, options, mine = min(left, CUTS_PER_DISK), MOUNTS[number % len(MOUNTS)], rng.randrange(1 << 32)
        try:
            verdict, machine, checked = one_disk(cuts, mine, options)
        except Failure as failure:
            raise Failure(f"{failure}\n{options}, seed of the disk {mine}") from None
        campaign.add(sums, campaign.judged(verdict) | {
            "bad_checks": int(checked != "ok"), "bad_alarms": machine.alarms, "on_full_disks": machine.fills,
            "during_starts": machine.early})
        left, number = left - machine.cuts, number + 1
    return sums | {"ms_per_cut": round((time.monotonic() - began) * 1000 / n)}


def control(seed):
    verdict, machine, _ = one_disk(CONTROL_CUTS, seed, MOUNTS[0], "restante-control-sync")
    return machine.cuts if verdict.lost else 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("power", trials, control, n=300, about=__doc__))

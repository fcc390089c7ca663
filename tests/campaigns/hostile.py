#!/usr/bin/env -S python3 -B
"""Strangers without a key at the sockets of a sidecar and of a consumer (tests/system/strangers.py); n counts rounds.

In each round one kind of attack goes on at one socket for some seconds: at the sidecar's ipc path and tcp port, at the
consumer's live path and port. Nobody dies; a legitimate pair has at least half of its throughput beside it, and all of
it within 5 s after; then a newcomer is let in. Memory grows by at most 32 MiB where that can be promised (UNBOUNDED in
strangers.py says where not). The control is a sidecar without the guard around accept().
"""
import random
import threading
import time

import campaign
import paths_test
import strangers
from harness import Cluster, Failure, expect, resident, wait_until

MIB = 1 << 20
RATE = 1000
ATTACK_S = 2.0
AGAIN_S = 6.0        # a second look, if the first one was slow: a machine may have other work
AFTER_S = 5.0
NEWCOMER = "10s"
GROWTH = 32 * MIB


class Siege:
    def __init__(self, cluster, seed, planted=False):
        self.c, self.rng = cluster, random.Random(seed)
        self.newcomers, self.slow, self.worst, self.grown, self.unbounded, self.octets = 0, 0, 1.0, 0, 0, 0
        self.after = 0.0
        binary = "restante-unguarded" if planted else "restante"
        s = cluster.sidecar(listen="tcp://127.0.0.1:0", files_max=strangers.FILES_MAX, binary=binary)
        w = cluster.worker("w", {"work": [s.listen]}, start=False)
        w.files_max = strangers.FILES_MAX
        w.start()
        self.sidecar, self.worker = s, w
        self.targets = [(s, s.ipc, b"DEALER"), (s, s.listen, b"DEALER")]
        live = cluster.until("two live endpoints", lambda: len(found := paths_test.listening(w.pid)) == 2 and found)
        self.targets += [(w, endpoint, b"PUSH") for endpoint in live]
        self.producer = cluster.producer(sidecar=s, size=100, size_max=1500, rate=RATE)
        cluster.seen("delivered", RATE)

    def run(self, n):
        kinds = list(strangers.KINDS)
        self.rng.shuffle(kinds)
        shift = self.rng.randrange(len(self.targets))
        rounds = []
        for number in range(n):  # every kind before any comes again, and then at another socket
            at = (number + number // len(kinds) + shift) % len(self.targets)
            rounds.append((kinds[number % len(kinds)], self.targets[at]))
        # The bounded ones first: beside what the others have left behind their growth would not be seen.
        for kind, target in sorted(rounds, key=lambda one: one[0] in strangers.UNBOUNDED):
            self.round(kind, *target)

    def round(self, kind, victim, endpoint, socket_type):
        share, after = self.attack(kind, ATTACK_S, victim, endpoint, socket_type)
        if share < 0.5 or after > AFTER_S:
            where = f"beside `{kind}` at {endpoint}"
            print(f"{share:.0%} of the throughput {where}, all of it {after:.1f} s after: once more")
            self.slow += 1
            share, after = self.attack(kind, AGAIN_S, victim, endpoint, socket_type)
            expect(share >= 0.5 and after <= AFTER_S, f"{share:.0%} {where}, all of it {after:.1f} s after")
        self.worst, self.after = min(self.worst, share), max(self.after, after)

    def attack(self, kind, seconds, victim, endpoint, socket_type):
        """The share of its throughput that the pair keeps, and after how many seconds it has all of it."""
        end, before = time.monotonic() + seconds, resident(victim.pid)
        sent, peak = [], before
        attacker = threading.Thread(daemon=True, target=lambda: sent.append(
            strangers.KINDS[kind](endpoint, socket_type, lambda: time.monotonic() < end)))
        began, had = time.monotonic(), self.c.tally.update().count("delivered")
        attacker.start()

        def over():
            nonlocal peak
            peak = max(peak, resident(victim.pid)) if victim.alive else peak
            return time.monotonic() >= end
        where = f"`{kind}` at {endpoint}"
        wait_until(f"the end of {where}", over, seconds + 30, self.alive, poll=0.05)
        share = (self.c.tally.update().count("delivered") - had) / (time.monotonic() - began) / RATE
        attacker.join(30)
        expect(not attacker.is_alive(), f"{where} does not come to an end")
        self.octets += sum(sent)
        after = self.recovers(where)
        self.newcomer(where)
        self.remember(kind, where, victim, before, peak)
        return share, after

    def alive(self):
        self.c.check()
        for process in (self.sidecar, self.worker, self.producer):
            expect(process.alive, f"{process.name} has ended: {process.text()[-1500:]}")

    def recovers(self, where):
        def behind():
            return self.c.tally.update().count("attempted") - self.c.tally.count("delivered")
        began = time.monotonic()
        wait_until(f"all of the pair's throughput after {where}", lambda: behind() < RATE // 4, 6 * AFTER_S, self.alive)
        return time.monotonic() - began

    def newcomer(self, where):
        """Somebody who was not there before is let in and gets his confirm."""
        sent = self.c.cli("send", "other", "--sidecar", self.sidecar.ipc, "--timeout", NEWCOMER, input=b"hello\n")
        expect(sent.returncode == 0, f"no newcomer can send after {where}: {sent.stderr.decode()}")
        self.newcomers += 1

    def remember(self, kind, where, victim, before, peak):
        if kind in strangers.UNBOUNDED:
            self.unbounded = max(self.unbounded, peak - before)
        else:
            self.grown = max(self.grown, peak - before)
            expect(peak - before < GROWTH, f"{where}: {victim.name} has grown by {(peak - before) / MIB:.0f} MiB")

    def finish(self):
        c = self.c
        got = c.cli("recv", "other", "--from", self.sidecar.listen, "--count", self.newcomers, "--idle", "15s")
        expect(got.stdout == b"hello\n" * self.newcomers, f"newcomers are not served: {got.stderr.decode()}")
        self.producer.stop()
        c.settle()
        c.check()


def trials(n, seed):
    with Cluster() as c:
        siege = Siege(c, seed)
        siege.run(n)
        siege.finish()
        return campaign.judged(c.verdict()) | {
            "worst_share": round(siege.worst, 2), "slowest_after_s": round(siege.after, 1),
            "looked_twice": siege.slow, "grown_mib": siege.grown // MIB,
            "unbounded_mib": siege.unbounded // MIB, "sent_mib": siege.octets // MIB,
            "connections": strangers.opened["connections"]}


def control(seed):
    with Cluster() as c:
        siege = Siege(c, seed, planted=True)
        try:
            siege.round("connects held", *siege.targets[0])
        except Failure:
            return 0 if siege.sidecar.alive else 1
        return 0


if __name__ == "__main__":
    raise SystemExit(campaign.main("hostile", trials, control, n=56, about=__doc__))

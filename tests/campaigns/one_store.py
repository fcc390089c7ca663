"""One store of 32 MiB under one sidecar: filled, held, drained, freed, again and again. It is `full --only 32MiB`.

The other disks of that campaign are many and small, their sidecars die and leave, and a cycle may end with the quota
full once more. Here nothing is excused: the disk has three times the room, so that the quota alone is the limit, and
the same process has to serve all cycles. In each of them

  - both senders are refused, and each refusal that is about the store names the limit, how full it is and what helps;
  - no commit has met the quota until then, and while the store is held full nothing is confirmed;
  - once workers come, sending goes on within 2 s. The time begins when they are started, before the first ack has made
    any room, and ends when each of the senders has one more message confirmed;
  - all that was confirmed is delivered, and the store is left without a row.

The senders are two because with workers at hand a stream goes on a little without room: what they ack in time needs no
disk. So `work` is what they drain, and `kept` has nobody until the end: what is confirmed of it has been written. What
the directory holds is measured all the time, log and ballast included; it may pass the quota by 5 %, as in memory.py.
"""
import collections
import json
import random
import re
import statistics
import threading
import time

import campaign
import disks
from harness import Cluster, Failure, Tally, expect
from power import alarms_of
from store_test import used_octets

MIB = 1 << 20
QUOTAS = {"32MiB": 32 * MIB}  # what --only can be
DISK = 96 * MIB
MARGIN = 1.05
RESUME_MS = 2000
RATE = 20_000        # of the sender that fills; as in full.py
KEPT = {"rate": 300, "size_max": 1000, "window": 64 << 10}  # leaves the room to the other, and is soon held back
SOON_S = 60          # to wait for what must come; what it may take is judged by the figures
HOLD_LOOKS = 40      # so many in a row must find nothing changed until a full store counts as held: a second or more
LATE_S = 2.5         # what the control adds
FULL = "the store of node"
HOW_FULL = re.compile(r"\((\d+) of (\d+) octets\)")


def missing_in(reason, quota):
    """What a refusal for want of room does not tell."""
    named = HOW_FULL.search(reason)
    used, most = map(int, named.groups()) if named else (0, 0)
    used_up = f"used up its quota of {quota // MIB} MiB" in reason
    told = {"the limit": "--quota" in reason, "what to change": "consumers" in reason and "raise" in reason,
            "how full it is": used_up or 0.95 * most <= used <= most <= quota and most > quota / 2}
    return [what for what, is_told in told.items() if not is_told]


class Gauge:
    """The most that a directory ever held, by looks every few milliseconds."""

    def __init__(self, folder):
        self.folder, self.most, self.looks, self.ends = folder, 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def go_on(self):
        while not self.ends.wait(0.005):
            try:
                self.most = max(self.most, used_octets(self.folder))
                self.looks += 1
            except FileNotFoundError:
                pass  # a file went between the listing and the look: ballast and log come and go

    def end(self):
        self.ends.set()
        self.thread.join()


class Sender:
    """A producer of one cycle, and what its log tells: when it had confirms, and the reasons it was refused for."""

    def __init__(self, cluster, sidecar, stream, number, **options):
        self.source = f"{stream}{number}"
        self.process = cluster.producer(self.source, sidecar, stream=stream, fresh=True, size=100, **options)
        self.log = cluster.directory / f"producer-{self.source}.1.log"
        self.offset = self.now = 0
        self.confirmed_at, self.reasons = [], []  # by the monotonic clock, in milliseconds

    def update(self):
        if not self.log.exists():
            return self
        with open(self.log, "rb") as log:
            log.seek(self.offset)
            new = log.read()
        new = new[:new.rfind(b"\n") + 1]
        self.offset += len(new)
        for line in new.decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "T":
                self.now = int(rest)
            elif kind == "C":
                self.confirmed_at.append(self.now)
            elif kind == "B":
                self.reasons.append(rest)
        return self

    def is_held_back(self):
        """By the store, as far as it was told last."""
        return any(FULL in reason for reason in self.update().reasons[-1:])


class Machine:
    """The sidecar, its disk, and what was counted over the cycles."""

    def __init__(self, cluster, rng, name, is_planted=False):
        self.c, self.rng, self.quota, self.is_planted = cluster, rng, QUOTAS[name], is_planted
        self.disk = disks.Ext4(cluster.directory / "disk", DISK)
        cluster.cleanups.append(self.disk.close)
        self.sidecar = cluster.sidecar(store=self.disk.path / "store", extra=["--quota", name])
        self.pid = self.sidecar.pid
        self.drainers = [cluster.worker(f"d{n}", self.sidecar, start=False) for n in range(2)]
        self.taker = cluster.worker("t", {stream: [self.sidecar.ipc] for stream in ("work", "kept")}, start=False)
        self.gauge = Gauge(self.sidecar.store)
        cluster.cleanups.append(self.gauge.end)
        self.cycles, self.resumes, self.holds, self.left, self.sums = 0, [], [], [], {}
        self.reasons = collections.Counter()

    def cycle(self):
        self.fill()
        self.hold()
        self.drain()
        self.free()
        self.judge()
        self.cycles += 1

    def store(self):
        return self.c.status(self.sidecar)["store"]

    def until(self, what, condition):
        try:
            return self.c.until(what, condition, SOON_S)
        except Failure as failure:
            raise Failure(f"{failure} (cycle {self.cycles}; {self.c.status(self.sidecar)})") from None

    def refused_commits(self):
        return self.c.status(self.sidecar)["counters"].get("commits refused by a full store", 0)

    def confirmed(self):
        return [len(sender.update().confirmed_at) for sender in self.senders]

    def fill(self):
        """Until both senders are refused because of the store."""
        rng, refused = self.rng, self.refused_commits()
        load = {"rate": RATE, "size_max": rng.choice((500, 2000, 20000)), "window": rng.choice((1, 8)) * MIB}
        self.senders = [Sender(self.c, self.sidecar, "work", self.cycles, **load),
                        Sender(self.c, self.sidecar, "kept", self.cycles, **KEPT)]
        self.until("both senders are held back by the store", lambda: all(s.is_held_back() for s in self.senders))
        # Without a worker the quota is kept by the windows of the senders alone.
        self.late = int(self.refused_commits() > refused)

    def hold(self):
        """Nothing moves any more, and that is so for a while."""
        began, last, same = time.monotonic(), None, 0

        def is_held():
            nonlocal last, same
            now = [self.confirmed(), self.store()["used"]]
            last, same = now, same + 1 if now == last else 0
            return same >= HOLD_LOOKS
        self.until("nothing is written or confirmed any more", is_held)
        self.holds.append(time.monotonic() - began)
        self.held, self.used = last
        store = self.store()
        self.full = f"{store['used'] / MIB:.1f} of {store['quota'] / MIB:.1f} MiB"
        expect(all(s.is_held_back() for s in self.senders), f"a sender is held back, and not by the store: {store}")
        expect(self.used >= 0.95 * store["quota"], f"the senders are held back by a store that is not full: {store}")
        if self.is_planted:
            (self.sidecar.store / "stray").write_bytes(bytes(self.quota // 4))

    def drain(self):
        """The workers come: both senders must go on, and all that was held must be delivered."""
        c = self.c
        held = set(c.tally.update().confirmed[self.senders[0].source])
        if self.is_planted:
            self.sidecar.pause()
        began = int(time.monotonic() * 1000)  # the clock of the senders' logs
        for worker in self.drainers:
            worker.start()
        if self.is_planted:
            time.sleep(LATE_S)
            self.sidecar.resume()
        self.until("both senders go on", lambda: all(now > then for now, then in zip(self.confirmed(), self.held)))
        self.resumes.append(max(s.confirmed_at[then] for s, then in zip(self.senders, self.held)) - began)
        self.until("what was held is delivered",
                   lambda: not held - c.tally.update().delivered[self.senders[0].source])
        self.until(f"acks have freed half of {self.used} octets", lambda: self.store()["used"] <= self.used // 2)
        for worker in self.drainers:
            worker.stop()

    def free(self):
        """The senders leave, all comes to its end, and no row is left in the store."""
        c = self.c
        self.taker.start()
        for sender in self.senders:
            status = sender.process.stop(SOON_S)
            expect(status == 0, f"{sender.process.name} ended with {status}: {sender.process.text()}")
        c.settle(SOON_S)
        # What was delivered and not acked would come again in the next cycle, whose oracle knows nothing of it.
        self.until("nothing is owed to anybody, and no row is left", lambda: not any(
            stream["rows"] or any(sub["backlog_messages"] or sub["in_flight"] for sub in stream["subscriptions"])
            for stream in c.status(self.sidecar)["streams"]))
        # Rows that go in idle time are not in what the sidecar says that it uses until its next commit, so this is
        # only told, and not judged.
        self.left.append(self.store()["used"])
        self.taker.stop()

    def judge(self):
        """By the logs of this cycle, which then go: those of fifty would be millions of lines to read again."""
        c, verdict = self.c, self.c.verdict()
        reasons = [reason for sender in self.senders for reason in sender.update().reasons]
        of_store = [reason for reason in reasons if FULL in reason]
        untold = [reason for reason in of_store if missing_in(reason, self.quota)]
        is_same = self.sidecar.alive and self.sidecar.pid == self.pid and self.sidecar.life == 1
        print(f"cycle {self.cycles}: full with {self.full}, held {self.holds[-1]:.1f} s, "
              f"confirmed {verdict.confirmed}, lost {verdict.lost}, refusals {len(of_store)}, "
              f"went on after {self.resumes[-1]} ms, at most {self.gauge.most / MIB:.1f} MiB on disk", flush=True)
        if not verdict.good or untold:
            print(f"cycle {self.cycles}: {verdict.line()} {json.dumps(verdict.examples)} {untold}")
        self.reasons.update(re.sub(r"\d+", "N", reason) for reason in reasons)
        campaign.add(self.sums, campaign.judged(verdict) | {
            "refusals": len(of_store), "bad_refusals": sum("without a reason" in reason for reason in reasons),
            "bad_errors": len(untold), "bad_resumes": int(self.resumes[-1] > RESUME_MS),
            "bad_restarts": int(not is_same), "bad_admissions": self.late})
        for pattern in ("producer-*.log", "worker-*.log*"):
            for log in c.directory.glob(pattern):
                log.unlink()
        c.tally = Tally(c.directory)

    def figures(self):
        """The sidecar leaves in good order; what SQLite says of its database, and all that was counted."""
        self.gauge.end()
        alarms, status = len(alarms_of(self.sidecar.text())), self.sidecar.stop()
        expect(status == 0, f"the sidecar ended with {status}: {self.sidecar.text()}")
        checked = disks.check_database(self.disk.path / "store" / "restante.db")
        for reason, count in self.reasons.most_common():
            print(f"refused {count} times: {reason}")
        return {"cycles": self.cycles} | self.sums | {
            "bad_checks": int(checked != "ok"), "bad_alarms": alarms, "hold_s_min": round(min(self.holds), 1),
            "resume_ms_median": round(statistics.median(self.resumes)), "resume_ms_max": max(self.resumes),
            "quota_mib": self.quota // MIB, "disk_mib_max": round(self.gauge.most / MIB, 2),
            "told_used_when_empty_mib_max": round(max(self.left) / MIB, 1), "looks": self.gauge.looks,
            "bad_disk": int(self.gauge.most > self.quota * MARGIN)}


def trials(n, seed, name):
    with Cluster() as c:
        machine = Machine(c, random.Random(seed), name)
        for _ in range(n):
            machine.cycle()
        return machine.figures()


def is_seen(seed, name):
    """Whether what is judged here would be noticed: a sidecar that is late, another process, too much on the disk, and
    refusals that say too little."""
    quota = QUOTAS[name]
    most = quota * 3 // 4
    good = f"{FULL} s is full ({most} of {most} octets); start consumers, or raise the quota (--quota)"
    poor = [good.replace(part, "") for part in ("(--quota)", "start consumers", f"{most} of")]
    if missing_in(good, quota) or not all(missing_in(reason, quota) for reason in poor):
        return False
    with Cluster() as c:
        machine = Machine(c, random.Random(seed), name, is_planted=True)
        machine.sidecar.kill().start()
        machine.cycle()
        figures = machine.figures()
    return all(figures[name] for name in ("bad_resumes", "bad_restarts", "bad_disk"))

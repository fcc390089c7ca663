#!/usr/bin/env -S python3 -B
"""Kills anything, any time, under load, and asks the oracle afterwards.

    soak.py --kills 500 [--seed N] [--no-elision] [--control] [--rate N] [--keep]

Two producers write two streams at one or two sidecars, three workers take from both, by ipc and by tcp. About every
150 ms a random process gets SIGKILL (sometimes SIGTERM, or SIGSTOP for 0.1 to 2 s), and comes back at once or a bit
later; now and then all workers stay away for a while. Then everything heals and drains. Prints one line and a JSON
record; exit status 1 if anything confirmed is lost, anything is corrupt or unexpected, or comes twice to one instance.

--control runs the same with restante-control, a build that confirms before it commits: it must go red.
"""
import argparse
import json
import random
import signal
import sys
import time

import harness
from harness import Cluster, Failure, expect, resident

PAUSE_S = (0.05, 0.25)      # between two strokes
RETURN_S = (0.0, 1.0)       # until a victim comes back, when not at once
STOP_S = (0.1, 2.0)         # length of a SIGSTOP
DRAIN_S = 60.0


class Campaign:
    """Of a pipeline. SubscriptionCampaign is the same for publish/subscribe."""

    stop_s = STOP_S
    stop_share, term_share = 0.10, 0.05   # of the strokes; the others are SIGKILL
    producers_leave = False   # whether SIGTERM is for them too

    def __init__(self, cluster, arguments):
        self.c, self.arguments = cluster, arguments
        self.rng = random.Random(arguments.seed)
        self.kills = self.stops = self.terms = self.absences = 0
        self.returns = {}      # process -> when it comes back
        self.resumes = {}      # process -> when it is continued
        self.leaving = {}      # process -> when SIGTERM was sent
        self.memory = 0
        self.story = []        # what was done to whom, for the one who looks into a red run
        self.set_up()

    def set_up(self):
        c, arguments = self.c, self.arguments
        extra = ["--no-elision"] if arguments.no_elision else []
        binary = "restante-control" if arguments.control else "restante"
        self.sidecars = [c.sidecar(f"s{n}", extra=extra, binary=binary, listen="tcp://127.0.0.1:0")
                         for n in range(self.rng.choice((1, 2, 2)))]
        ends = {"a": self.sidecars[0], "b": self.sidecars[-1]}
        self.producers = [c.producer(stream, ends[stream], stream=stream, size=60, size_max=1500, rate=arguments.rate)
                          for stream in ("a", "b")]
        self.workers = [c.worker(f"w{n}", {stream: [(s.listen if n == 0 else s.ipc)] for stream, s in ends.items()})
                        for n in range(3)]
        self.everyone = self.sidecars + self.producers + self.workers

    def run(self):
        c = self.c
        self.warm_up()
        if self.arguments.seconds:
            calm_until = time.monotonic() + self.arguments.seconds
            c.until("the calm is over", lambda: time.monotonic() >= calm_until, self.arguments.seconds + 5)
        next_stroke, next_absence = time.monotonic(), time.monotonic() + 1
        while self.kills < self.arguments.kills:
            now = time.monotonic()
            self.bring_back(now)
            if now >= next_absence:
                self.maybe_leave(now)
                next_absence = now + self.rng.uniform(1.0, 3.0)
            if now >= next_stroke:
                self.stroke(now)
                next_stroke = now + self.rng.uniform(*PAUSE_S)
                self.watch()
            ahead = min([next_stroke, next_absence, *self.returns.values(), *self.resumes.values()])
            harness.wait_until("the next stroke", lambda: time.monotonic() >= ahead or self.leaving, 5, poll=0.005)
        self.heal()

    def warm_up(self):
        self.c.seen("delivered", 100)

    def stroke(self, now):
        victim = self.rng.choice(self.everyone)
        kind, later = self.rng.random(), self.rng.random() < 0.4
        back = now + self.rng.uniform(*RETURN_S) * later
        length = self.rng.uniform(*self.stop_s)
        if victim in self.returns or victim in self.leaving:
            return
        if kind < self.stop_share and victim not in self.resumes:
            self.tell(f"SIGSTOP {victim.name} for {length:.2f} s")
            victim.pause()
            self.resumes[victim] = now + length
            self.stops += 1
        elif kind < self.stop_share + self.term_share and victim not in self.resumes and (
                self.producers_leave or victim not in self.producers):
            self.tell(f"SIGTERM {victim.name}")
            victim.forgiven = True
            victim.signal(signal.SIGTERM)
            self.leaving[victim] = now
            self.terms += 1
        else:
            self.kill(victim, back)

    def kill(self, victim, back):
        self.tell(f"SIGKILL {victim.name}")
        self.resumes.pop(victim, None)
        self.leaving.pop(victim, None)
        victim.kill()
        self.kills += 1
        self.returns[victim] = back

    def maybe_leave(self, now):
        """All workers of something die and stay away: what is confirmed meanwhile is only in the store."""
        if self.rng.random() > (0.9 if self.arguments.control else 0.4):
            return
        back = now + self.rng.uniform(0.5, 2.0)
        self.absences += 1
        for worker in self.absentees():
            if worker in self.returns:
                self.returns[worker] = back
            else:
                self.kill(worker, back)

    def absentees(self):
        return self.workers

    def bring_back(self, now):
        for process, due in list(self.resumes.items()):
            if now >= due:
                process.resume()
                del self.resumes[process]
        for process, since in list(self.leaving.items()):
            patience = DRAIN_S if process in self.producers else 10  # they wait until all is confirmed
            if not process.alive:
                self.left(process)
                self.returns[process] = now
            elif now - since > patience:
                raise Failure(f"{process.name} has not ended {patience} s after SIGTERM")
        for process, due in list(self.returns.items()):
            if now >= due:
                del self.returns[process]
                self.start(process)

    def left(self, process):
        del self.leaving[process]
        status = process.popen.returncode
        in_time = status == -signal.SIGTERM and not self.has_begun(process)  # before main() could say what to do
        expect(status == 0 or in_time, f"{process.name} ended with {status} after SIGTERM: {process.text()[-1500:]}")

    def has_begun(self, process):
        if process in self.sidecars:
            return process.ready_line()
        return any(self.c.directory.glob(f"{process.name}.{process.life}.log*"))

    def tell(self, what):
        self.story.append(f"{time.monotonic():.3f} {what}")

    def start(self, process):
        self.tell(f"start {process.name}")
        if process in self.sidecars:
            process.start(wait=False)
        else:
            process.start()

    def watch(self):
        """Whoever should be there and is not, has failed: the sidecar's memory is noted by the way."""
        for process in self.everyone:
            gone = not process.alive and process not in self.returns and process not in self.leaving
            expect(not gone, f"{process.name} ended by itself with {process.popen.returncode} in life {process.life}: "
                             f"{process.text()[-1500:]}")
        for sidecar in self.sidecars:
            if sidecar.alive:
                self.memory = max(self.memory, resident(sidecar.pid))

    def heal(self):
        for process in self.resumes:
            process.resume()
        self.resumes.clear()
        for process in self.returns:
            self.start(process)
        self.returns.clear()
        harness.wait_until("everybody who was asked to leave has left", lambda: not any(p.alive for p in self.leaving),
                           DRAIN_S)
        for process in list(self.leaving):
            self.left(process)
            self.start(process)
        for sidecar in self.sidecars:
            sidecar.wait_ready()
        began = time.monotonic()
        for producer in self.producers:
            log = self.c.directory / f"{producer.name}.{producer.life}.log"
            self.c.until(f"{producer.name} takes signals", log.exists)
            producer.forgiven = True
            producer.signal(signal.SIGTERM)
        for producer in self.producers:
            status = producer.wait(DRAIN_S)
            expect(status == 0, f"{producer.name} ended with {status}: {producer.text()}")
        self.drained = self.drain(began)

    def drain(self, began):
        """Until nothing confirmed is owed. What is lost shows as no progress for a while; the oracle will say so."""
        tally, last, since = self.c.tally, None, began

        def done():
            nonlocal last, since
            owed = tally.update().owed()
            if owed != last:
                last, since = owed, time.monotonic()
            return owed == 0 or time.monotonic() - since > (5 if self.arguments.control else 20)
        self.c.until("the backlog is drained", done, DRAIN_S + 60)
        return time.monotonic() - began

    def verdict(self):
        return self.c.verdict()

    def record(self, verdict):
        return verdict.record() | {
            "kills": self.kills, "stops": self.stops, "terms": self.terms, "absences": self.absences,
            "sidecars": len(self.sidecars), "seed": self.arguments.seed, "elision": not self.arguments.no_elision,
            "control": self.arguments.control, "drain_s": round(self.drained, 2),
            "sidecar_memory_max": self.memory}


def campaign(kills, seed, no_elision=False, control=False, rate=2500, keep=False, seconds=0, kind=Campaign):
    """(verdict, record) of one campaign. Raises Failure if somebody ends or hangs who should not."""
    arguments = argparse.Namespace(kills=kills, seed=seed, no_elision=no_elision, control=control, rate=rate,
                                   seconds=seconds)
    run = None
    with Cluster(keep) as c:
        try:
            run = kind(c, arguments)
            run.run()
        except Failure as failure:
            story = "\n".join(run.story[-15:]) if run else ""
            for process in c.processes:
                process.pause()  # or what is sent while the oracle reads would be unexpected
            so_far = run.verdict().line() if run else "nothing"
            raise Failure(f"{failure}\n{story}\nso far: {so_far}\nseed {seed}") from None
        verdict = run.verdict()
        if not verdict.good and not control:
            c.tell()
        return verdict, run.record(verdict)


def main(campaign=campaign, rate=2500):
    parser = argparse.ArgumentParser(description="Kills anything, any time, and asks the oracle afterwards.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--rate", type=int, default=rate, help="messages a second of each producer")
    parser.add_argument("--seconds", type=int, default=0, help="of load before the first kill")
    parser.add_argument("--no-elision", action="store_true", help="every message is written to disk")
    parser.add_argument("--control", action="store_true", help="with restante-control, which must go red")
    parser.add_argument("--keep", action="store_true", help="leave the logs and stores behind")
    given = parser.parse_args()

    def end(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)
    try:
        verdict, record = campaign(**vars(given))
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    print(f"kills {record['kills']} accepted {verdict.attempted} confirmed {verdict.confirmed} "
          f"delivered {verdict.delivered} duplicates {verdict.duplicates} lost {verdict.lost}")
    print(json.dumps(record))
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())

"""Kills stages and sidecars of a chain, and asks whether each input had its effects, once.

    producer -> s0 -> two stages -> s1@1, s1@2 -> two stages, one to many -> s2@1, s2@2 -> two sinks

s0 and s2 are at one sidecar, s1 at another one (sometimes it is the same). Everything but the producer gets SIGKILL,
SIGSTOP and SIGTERM as in soak.py. Besides, each stage aborts whenever it has one of a few numbers in its hands: those
must end as dead letters, and only those that died with them too often may.

With control="early" the stages ack before they send, with "forgetful" what they send does not say what it was made of:
both must go red, the one with something lost, the other with something twice.
"""
import signal
import time

import soak
import stage_oracle
from harness import Process, flags, program

ATTEMPTS_MAX = 4
EARLY_MS = 20
# Numbers that a stage of this name does not survive. Each would have effects.
POISON = {"one": (150, 1230), "two": (341, 1501)}
STAGES = {"one": ("s0", "s1", {}), "two": ("s1", "s2", {"fan": True})}


class StageCampaign(soak.Campaign):

    def set_up(self):
        c, control = self.c, self.arguments.control
        extra = ["--attempts-max", ATTEMPTS_MAX, "--retry-initial", "20ms"]
        extra += ["--no-elision"] if self.arguments.no_elision else []
        self.sidecars = [c.sidecar(f"n{n}", extra=extra) for n in range(self.rng.choice((1, 2, 2)))]
        near, far = self.sidecars[0], self.sidecars[-1]
        self.deaths = 0
        self.at = {"s0": near, "s1": far, "s2": near}
        self.wrongly = {"early": {"early": EARLY_MS}, "forgetful": {"forgetful": True}}.get(control, {})
        self.stages = {name: [self.stage(name, number) for number in (1, 2)] for name in STAGES}
        # The streams that are read have to be there: a sidecar refuses for a while who asks for another one.
        pulls = {f"s2@{number}": [near.ipc] for number in (1, 2)}
        self.sinks = [c.worker(f"sink{n}", pulls, effects=True) for n in (1, 2)]
        self.producers = [c.producer("p", near, stream="s0", size=60, size_max=600, rate=self.arguments.rate)]
        self.workers = [*self.stages["one"], *self.stages["two"], *self.sinks]
        self.everyone = self.sidecars + self.workers

    def stage(self, name, number):
        pulled, pushed, options = STAGES[name]
        reads, writes = self.at[pulled].ipc, self.at[pushed].ipc
        streams = [pulled] if pulled == "s0" else [f"{pulled}@{instance}" for instance in (1, 2)]
        wanted = options | self.wrongly | {"pull": [f"{stream}@{reads}" for stream in streams], "push": pushed,
                                           "instance": number, "sidecar": writes}
        if not self.wrongly:
            wanted["poison"] = POISON[name]

        def arguments(life):
            log = self.c.directory / f"stage-{name}{number}.{life}.log"
            return [program("traffic_stage"), "--log", log, *flags(wanted)]
        made = self.c.add(Process(self.c, f"stage-{name}{number}", arguments))
        made.crashed = lambda: False   # that of poison is expected; watch() looks at the others
        return made

    def absentees(self):
        return self.rng.choice([*self.stages.values(), self.sinks])

    def watch(self):
        for process in self.workers:
            poisoned = not process.alive and process.popen.returncode == -signal.SIGABRT
            if poisoned and process not in self.returns and process not in self.leaving:
                self.deaths += 1
                self.tell(f"{process.name} died of poison")
                self.returns[process] = time.monotonic()
        super().watch()

    def left(self, process):
        if process.popen.returncode == -signal.SIGABRT:   # it met poison on its way out
            del self.leaving[process]
            self.deaths += 1
            return
        super().left(process)

    def warm_up(self):
        self.c.until("the sinks have had something", lambda: self.c.tally.update().count("delivered") >= 100, 60)

    def drain(self, began):
        """Until nothing waits in any stream, looked at from the first to the last, twice: what is acked is behind."""
        def done():
            now = time.monotonic()
            self.watch()
            self.bring_back(now)
            return all(self.backlog(stream) == 0 for stream in self.at) and not self.returns
        self.c.until("the chain is drained", done, soak.DRAIN_S + 60)
        if self.wrongly:
            seen = time.monotonic() + 1   # they have more in hand than anybody knows
            self.c.until("the hands are empty", lambda: time.monotonic() >= seen)
            self.c.until("the chain is drained", done, soak.DRAIN_S)
        return time.monotonic() - began

    def backlog(self, stream):
        return sum(sub["backlog_messages"] for known in self.c.status(self.at[stream])["streams"]
                   if known["name"].partition("@")[0] == stream for sub in known["subscriptions"])

    def verdict(self):
        for process in self.everyone:
            process.kill()
        poison = () if self.wrongly else [number for numbers in POISON.values() for number in numbers]
        return stage_oracle.judge(self.c.directory, [sidecar.store for sidecar in self.sidecars], poison)

    def record(self, verdict):
        return super().record(verdict) | {"deaths": self.deaths}


def campaign(kills, seed, rate=300, **options):
    return soak.campaign(kills, seed, rate=rate, kind=StageCampaign, **options)

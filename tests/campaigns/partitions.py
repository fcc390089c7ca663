#!/usr/bin/env -S python3 -B
"""Partitions: a producer's machine, two consumers' machines, and wires that fail in every way; n counts the faults.

The machines are network namespaces (tests/system/namespaces.py). A third consumer and a producer on the hub's machine
are behind wires that delay, cut to single octets, half-close, corrupt, never answer or double what passes
(tests/system/chaos.py). Each consumer has a stream of its own, and all share one. In each round some wires get their
faults one after the other and are healed in another order; sometimes a sidecar or consumer is killed in between. Then
everything that was sent until then has to be delivered within 10 s and the time that the backlog takes. The control is
a sidecar that never misses a live copy. Needs root.
"""
import collections
import random
import signal
import time
import types

import campaign
import paths_test
from chaos import ChaosProxy
from harness import Cluster, Failure, resident, wait_until
from namespaces import PORT, SCOPES, Network, Wire

MIB = 1 << 20
RATE = 150               # messages a second of each producer
DRAIN_RATE = 2000        # of all streams together: what a backlog may take, on any machine
HEALED_S = 10.0
FLAT = 16 * MIB
CONTROL_ROUNDS = 5
UNCOUNTED = {"slow", "flap"}  # nobody counts what these keep from passing


class Partitions:
    def __init__(self, cluster, network, seed, planted=False):
        self.c, self.network, self.planted = cluster, network, planted
        self.rng = random.Random(seed)
        self.faults, self.kills, self.kinds, self.story = 0, 0, set(), []
        self.patient = False  # has time for long partitions
        self.slowest, self.memory = 0.0, []
        self.set_up()

    def set_up(self):
        c, network = self.c, self.network
        binary = "restante-deaf" if self.planted else "restante"
        self.sidecar = c.sidecar("s", listen=f"tcp://0.0.0.0:{PORT}", extra=["--insecure"], binary=binary,
                                 prefix=network.hub.prefix)
        self.wires, self.mortal = dict(network.wires), [self.sidecar]
        for name, wire in network.wires.items():
            end = [f"tcp://{wire.hub_address}:{PORT}"]
            self.mortal.append(c.worker(name, {name: end, "all": end}, prefix=wire.leaf.prefix, insecure=True))
        control = ChaosProxy("tcp://127.0.0.1:0", self.sidecar.ipc, self.rng)
        copies = ChaosProxy(f"ipc://{c.directory}/copies.sock", self.sidecar.ipc, self.rng)
        c.cleanups += [control.close, copies.close]
        near = c.worker("near", {"near": [control.front], "all": [control.front]})
        self.wires |= {"near control": control, "near live": paths_test.interpose(c, near, ChaosProxy, self.rng),
                       "copies of near": copies}
        self.producers = [self.producer(stream, self.sidecar) for stream in (*network.wires, "all")]
        self.producers.append(self.producer("near", types.SimpleNamespace(ipc=copies.front)))
        c.seen("delivered", 4 * RATE)

    def producer(self, stream, sidecar):
        return self.c.producer(stream, sidecar, stream=stream, prefix=self.network.hub.prefix, insecure=True, size=60,
                               size_max=1500, rate=RATE)

    def tell(self, what):
        self.story.append(f"{time.monotonic():.3f} {what}")

    def run(self, n):
        self.patient = n >= 50
        while self.faults < n:
            chosen = self.rng.sample(list(self.wires), k=min(n - self.faults, self.rng.randint(1, len(self.wires))))
            self.round({name: self.draw(name) for name in chosen})
        for producer in self.producers:
            producer.stop(deadline=30)
        self.c.settle()

    def draw(self, name):
        """(kind, scope, percent) of a wire's next fault."""
        kind = self.rng.choice(self.wires[name].KINDS)
        return kind, self.rng.choice(SCOPES), self.rng.randint(1, 30)

    def round(self, drawn, hold=None):
        for name, (kind, scope, percent) in drawn.items():
            packets = isinstance(self.wires[name], Wire)
            self.tell(f"{name}: {kind}" + (f" {scope} {percent} %" if packets else ""))
            if packets:
                self.wires[name].fault(kind, scope, percent)
            else:
                self.wires[name].fault(kind)
            self.faults += 1
            self.kinds.add(kind)
            self.go_on(self.rng.uniform(0.0, 0.4))
        self.go_on(hold or self.length())
        if not hold and self.rng.random() < 0.2:
            self.kill(self.rng.choice(self.mortal))
        for name in self.rng.sample(list(drawn), k=len(drawn)):
            self.tell(f"{name}: healed")
            self.wires[name].heal()
            self.go_on(self.rng.uniform(0.0, 0.4))
        self.healed()

    def kill(self, victim):
        self.tell(f"SIGKILL {victim.name}")
        victim.kill()
        self.kills += 1
        self.go_on(self.rng.uniform(0.0, 1.0))
        victim.start()

    def length(self):
        """Mostly shorter than the silence after which a link is given up, sometimes longer, now and then much so."""
        drawn = self.rng.random()
        bounds = (0.3, 2.0) if drawn < 0.7 else (3.5, 7.0) if drawn < 0.95 or not self.patient else (15.0, 25.0)
        return self.rng.uniform(*bounds)

    def go_on(self, seconds):
        """Lets the load go on for so long, and sees to it that nobody dies of it."""
        end = time.monotonic() + seconds
        wait_until("the next fault", lambda: time.monotonic() >= end, seconds + 5, check=self.c.check)

    def healed(self):
        tally, began = self.c.tally.update(), time.monotonic()
        due = {source: set(numbers - tally.delivered[source]) for source, numbers in tally.attempted.items()}
        backlog = sum(map(len, due.values()))

        def delivered():
            tally.update()
            for source, numbers in due.items():
                numbers -= tally.delivered[source]
            return not any(due.values())
        try:
            self.c.until("what was sent before the heal is delivered", delivered, HEALED_S + backlog / DRAIN_RATE)
        except Failure as failure:
            left = {source: len(numbers) for source, numbers in due.items() if numbers}
            raise Failure(f"{failure}: of {backlog} still due: {left}") from None
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.memory.append(resident(self.sidecar.pid))
        self.tell(f"all delivered, {backlog} were due, after {time.monotonic() - began:.2f} s")

    def figures(self, verdict):
        half = (len(self.memory) + 1) // 2
        hits = sum((wire.hits for wire in self.wires.values()), collections.Counter())
        grown = max(self.memory[half:], default=0) - max(self.memory[:half], default=0)
        return campaign.judged(verdict) | {
            "kills": self.kills, "kinds": len(self.kinds),
            "without_effect": len(self.kinds - hits.keys() - UNCOUNTED), "slowest_s": round(self.slowest, 2),
            "memory_mib": round(max(self.memory, default=0) / MIB), "bad_memory": int(grown > FLAT)}


def trials(n, seed):
    with Network(["a", "b"]) as network, Cluster() as c:
        run = None
        try:
            run = Partitions(c, network, seed)
            run.run(n)
        except Failure as failure:
            story = "\n".join(run.story[-20:]) if run else ""
            raise Failure(f"{failure}\n{story}\nso far: {c.verdict().line()}\nseed {seed}") from None
        return run.figures(c.verdict())


def control(seed):
    """Live copies are lost while the control link lives: who does not miss them leaves them lying."""
    with Network(["a", "b"]) as network, Cluster() as c:
        run = Partitions(c, network, seed, planted=True)
        for number in range(1, CONTROL_ROUNDS + 1):
            try:
                run.round({name: ("drop", "live", 0) for name in network.wires}, hold=5.0)
            except Failure:
                return number
        return 0


def end(*_):
    raise KeyboardInterrupt  # so that namespaces and processes go


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    raise SystemExit(campaign.main("partitions", trials, control, n=100, about=__doc__))

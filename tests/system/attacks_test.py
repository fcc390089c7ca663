"""Strangers at the sockets. Nobody dies, memory stays, and a legitimate pair goes on beside them."""
import os
import time

import paths_test
import zmtp
from harness import Cluster, Failure, expect, resident
from proxy import Proxy
from registry import scenario

MIB = 1 << 20


class Pair:
    """A producer and a worker whose traffic must never stop."""

    def __init__(self, c, s, rate=1000):
        self.c = c
        # Wires that only listen, to learn what genuine peers say.
        self.control = Proxy(f"ipc://{c.directory}/front.sock", s.ipc)
        c.cleanups.append(self.control.close)
        self.worker = c.worker("w", {"work": [self.control.front]})
        self.live = paths_test.interpose(c, self.worker)
        self.producer = c.producer(sidecar=s, rate=rate)
        c.seen("delivered", 500)

    def goes_on(self, after, deadline=15.0):
        try:
            self.c.seen("delivered", self.c.tally.update().count("delivered") + 200, deadline)
        except Failure as error:
            raise Failure(f"the legitimate pair stands still after `{after}`: {error}") from None

    def finish(self):
        self.producer.stop()
        self.c.settle()
        self.c.check()
        verdict = self.c.verdict()
        expect(verdict.good, f"{verdict.line()} {verdict.examples}")
        print(verdict.line())


def assault(c, pair, victim, endpoint, socket_type):
    """Every attack on one endpoint, one after the other; the seed is printed."""
    seed = int(os.environ.get("RESTANTE_TEST_SEED", "7"))
    print(f"{victim.name} at {endpoint}, seed {seed}")
    before = resident(victim.pid)
    wire = pair.live if socket_type == b"PUSH" else pair.control
    for name, attack in zmtp.attacks(seed, socket_type, bytes(wire.recorded)):
        try:
            attack(endpoint)
        except OSError as error:
            print(f"{name}: {error}")
        c.check()
        expect(victim.alive, f"{victim.name} ended after `{name}`")
        pair.goes_on(name)
    held = zmtp.half_open(endpoint, 200)
    pair.goes_on("200 half-open connections")
    for connection in held:
        connection.close()
    pair.goes_on("the half-open ones leave")
    grown = resident(victim.pid) - before
    print(f"{victim.name}: memory {before / MIB:.0f} MiB before, {grown / MIB:+.0f} MiB after")
    expect(grown < 96 * MIB, f"{victim.name} has grown by {grown / MIB:.0f} MiB")


@scenario
def garbage_at_the_sidecar_ipc():
    """Garbage, oversized and endless frames at the sidecar's ipc socket."""
    with Cluster() as c:
        s = c.sidecar()
        pair = Pair(c, s)
        assault(c, pair, s, s.ipc, b"DEALER")
        pair.finish()


@scenario
def garbage_at_the_sidecar_tcp():
    """Garbage, oversized and endless frames at the sidecar's tcp port."""
    with Cluster() as c:
        s = c.sidecar(listen="tcp://127.0.0.1:0")
        pair = Pair(c, s)
        assault(c, pair, s, s.listen, b"DEALER")
        pair.finish()


@scenario
def garbage_at_the_live_endpoint():
    """Garbage, oversized and endless frames at a worker's live endpoint, by ipc and by tcp."""
    with Cluster() as c:
        s = c.sidecar(listen="tcp://127.0.0.1:0")
        pair = Pair(c, s)
        assault(c, pair, pair.worker, pair.live.back, b"PUSH")
        remote = c.worker("remote", {"work": [s.listen]})

        def at_tcp():
            return [endpoint for endpoint in paths_test.listening(remote.pid) if endpoint.startswith("tcp")]
        assault(c, pair, remote, c.until("a live tcp endpoint", at_tcp)[0], b"PUSH")
        pair.finish()


@scenario
def endless_frames_leak_no_memory():
    """64 MiB of message parts without a last one, six times: what a stranger filled is free again for the next."""
    with Cluster() as c:
        s = c.sidecar()
        pair = Pair(c, s)
        part, peaks = zmtp.frame(b"p" * 60000, zmtp.MORE), []
        for _ in range(6):
            gone = zmtp.pour(zmtp.connect(s.ipc, b"DEALER"), (part for _ in range(1100)))
            pair.goes_on("parts without end")
            peaks.append(resident(s.pid) / MIB)
        print(f"{gone / MIB:.0f} MiB poured in each time, memory then: {' '.join(f'{peak:.0f}' for peak in peaks)} MiB")
        expect(peaks[-1] < peaks[0] + 40, f"memory grows with each stranger: {peaks}")
        pair.finish()


@scenario
def descriptors_run_out():
    """Far more connections than the sidecar may have descriptors: it survives, and serves again when they are gone."""
    with Cluster() as c:
        s = c.sidecar(listen="tcp://127.0.0.1:0", files_max=64)
        pair = Pair(c, s)
        for endpoint in (s.ipc, s.listen):
            held = zmtp.half_open(endpoint, 300)
            pair.goes_on(f"300 connections at {endpoint}")
            for connection in held:
                connection.close()
            began = time.monotonic()
            sent = c.cli("send", "other", "--sidecar", s.ipc, "--timeout", "15s", input=b"hello\n")
            expect(sent.returncode == 0, f"no newcomer can send: {sent.stderr.decode()}")
            got = c.cli("recv", "other", "--from", endpoint, "--count", 1, "--idle", "15s")
            expect(got.stdout == b"hello\n", f"no newcomer is served at {endpoint}: {got.stderr.decode()}")
            print(f"{endpoint}: newcomers were served after {time.monotonic() - began:.1f} s")
        expect(s.alive and s.life == 1, "the sidecar has ended")
        pair.finish()

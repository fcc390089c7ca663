"""A wire that a test can make worse than cut: late, in single octets, half open, silent from the start, doubled.

    wire = ChaosProxy(front, back)
    wire.fault("delay"); wire.heal()

One fault at a time; `heal` ends it and every connection that it has spoiled.
"""
import collections
import os
import socket
import time

from proxy import CHUNK, Proxy, dial

DELAY_S = 0.3


class ChaosProxy(Proxy):
    KINDS = ("cut", "stall", "delay", "one_octet", "half_close", "corrupt", "mute_handshake", "duplicate")

    def __init__(self, front, back, rng):
        self.kind, self.rng = None, rng
        self.hits = collections.Counter()  # pieces or connections that met each kind of fault
        self.late = []       # (due, end to write to, octets), in order
        self.spoiled = set()  # ends of half-closed connections
        self.ended = set()    # and those of them that have said all
        self.mute = []       # clients that nobody answers
        self.twins = {}      # client -> a second connection that says the same
        super().__init__(front, back)

    def fault(self, kind):
        with self.lock:
            self.kind = kind
            if kind in ("cut", "stall"):
                self.hits[kind] += len(self.peers)
                getattr(self, kind)()
            elif kind == "corrupt":
                self.damage_next(self.rng.randint(1, 5))
            elif kind == "half_close":
                for end in self.rng.sample(sorted(self.peers, key=id), k=(len(self.peers) + 1) // 2):
                    self.half_close(end)
            elif kind in ("mute_handshake", "duplicate"):
                self.drop_all()
        os.write(self.wake_write, b".")

    def heal(self):
        with self.lock:
            kind, self.kind, self.to_damage = self.kind, None, 0
            self.hits["corrupt"], self.damaged = self.hits["corrupt"] + self.damaged, 0
            if kind in ("cut", "stall"):
                self.mend()
            for end in list(self.spoiled) + list(self.twins):
                self.drop(end)
            for client in self.mute:
                client.close()
            self.mute.clear()
        os.write(self.wake_write, b".")

    def drop_all(self):
        for end in list(self.peers):
            self.drop(end)

    def half_close(self, end):
        """`end` is told that no more comes; what it says itself goes on passing, and nobody tells the other side."""
        if end not in self.peers:
            return
        self.spoiled |= {end, self.peers[end]}
        self.hits["half_close"] += 1
        try:
            end.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(end)

    # ---- what differs in the forwarding

    def pause(self):
        with self.lock:
            return max(0.0, self.late[0][0] - time.monotonic()) if self.late else None

    def after_events(self):
        now = time.monotonic()
        while self.late and (self.late[0][0] <= now or self.kind != "delay"):
            _, end, octets = self.late.pop(0)
            if end in self.peers:
                self.waiting[end] += octets
                self.watch(end)

    def accept(self):
        if self.kind == "mute_handshake":
            try:
                self.mute.append(self.listener.accept()[0])
                self.hits["mute_handshake"] += 1
            except OSError:
                pass
            return
        before = set(self.peers)
        super().accept()
        if self.kind != "duplicate":
            return
        for client in self.clients & (set(self.peers) - before):
            try:
                self.twins[client] = dial(self.back)
                self.twins[client].setblocking(False)
                self.hits["duplicate"] += 1
            except OSError:
                self.twins.pop(client, None)

    def pass_on(self, end, other, octets):
        if self.kind == "delay":
            self.late.append((time.monotonic() + DELAY_S, other, octets))
            self.hits["delay"] += 1
            return
        self.waiting[other] += octets
        twin = self.twins.get(end)
        if twin:
            try:
                twin.send(octets)     # what does not fit is lost: it is only a twin
                twin.recv(CHUNK)      # and nobody listens to its answers
            except OSError:
                pass

    def write(self, end):
        size = 1 if self.kind == "one_octet" else len(self.waiting[end])
        self.hits["one_octet"] += size == 1 < len(self.waiting[end])
        try:
            del self.waiting[end][:end.send(self.waiting[end][:size])]
        except BrokenPipeError:
            if end not in self.spoiled:
                raise
            self.waiting[end].clear()

    def reads(self, end):
        return end not in self.ended and super().reads(end)

    def on_end_of(self, end):
        if end not in self.spoiled:
            raise ConnectionError
        self.ended.add(end)

    def drop(self, end):
        for side in (end, self.peers.get(end)):
            self.spoiled.discard(side)
            self.ended.discard(side)
            twin = self.twins.pop(side, None)
            if twin:
                twin.close()
        super().drop(end)

"""A wire that a test can cut: forwards a unix or tcp endpoint to another one, counts, and keeps what clients sent.

    wire = Proxy("ipc:///tmp/x/front.sock", "ipc:///tmp/x/s.sock")
    wire.cut()      every connection ends and nobody is let in
    wire.stall()    connections stay and new ones are taken, but nothing passes (a dead router, a pulled cable)
    wire.mend()
    wire.damage_next(3)   a bit of each of the next three large pieces is changed
"""
import os
import selectors
import socket
import threading

CHUNK = 1 << 16


def parse(endpoint):
    """(family, address) of `ipc://PATH` or `tcp://HOST:PORT`."""
    kind, _, rest = endpoint.partition("://")
    if kind == "ipc":
        return socket.AF_UNIX, rest
    host, _, port = rest.rpartition(":")
    return socket.AF_INET, (host, int(port))


def dial(endpoint, timeout=5.0):
    family, address = parse(endpoint)
    made = socket.socket(family, socket.SOCK_STREAM)
    made.settimeout(timeout)
    made.connect(address)
    return made


class Proxy:
    def __init__(self, front, back):
        self.front, self.back = front, back
        self.up = self.down = 0          # octets from and to the clients
        self.recorded = bytearray()      # what the first client sent
        self.clients, self.first = set(), None
        self.to_damage = self.damaged = 0
        self.state = "open"
        self.lock = threading.RLock()
        self.selector = selectors.DefaultSelector()
        self.peers, self.waiting = {}, {}
        self.wake_read, self.wake_write = os.pipe()
        self.selector.register(self.wake_read, selectors.EVENT_READ)
        self.listener = None
        self.listen()
        self.ending = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def listen(self):
        family, address = parse(self.front)
        if family == socket.AF_UNIX and os.path.exists(address):
            os.unlink(address)
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
        self.listener.listen(64)
        self.listener.setblocking(False)
        if family == socket.AF_INET:
            self.front = "tcp://%s:%d" % self.listener.getsockname()
        self.selector.register(self.listener, selectors.EVENT_READ)

    def cut(self):
        with self.lock:
            self.state = "cut"
            if self.listener:
                self.selector.unregister(self.listener)
                self.listener.close()
                self.listener = None
                family, address = parse(self.front)
                if family == socket.AF_UNIX and os.path.exists(address):
                    os.unlink(address)
            for end in list(self.peers):
                self.drop(end)
        os.write(self.wake_write, b".")

    def stall(self):
        with self.lock:
            self.state = "stalled"
            for end in self.peers:
                self.watch(end)
        os.write(self.wake_write, b".")

    def mend(self):
        with self.lock:
            self.state = "open"
            if self.listener is None:
                self.listen()
            for end in self.peers:
                self.watch(end)
        os.write(self.wake_write, b".")

    def damage_next(self, pieces):
        with self.lock:
            self.to_damage += pieces

    def close(self):
        self.cut()
        self.ending = True
        os.write(self.wake_write, b".")
        self.thread.join(5)

    def run(self):
        while not self.ending:
            for key, events in self.selector.select(self.pause()):
                with self.lock:
                    if key.fd == self.wake_read:
                        os.read(self.wake_read, CHUNK)
                    elif key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.peers:
                        self.move(key.fileobj, events)
            with self.lock:
                self.after_events()

    def pause(self):
        """How long the thread may sleep: for those who do things later (chaos.py)."""
        return None

    def after_events(self):
        pass

    def accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            server = dial(self.back)
        except OSError:
            client.close()
            return
        for end, other in ((client, server), (server, client)):
            end.setblocking(False)
            self.peers[end] = other
            self.waiting[end] = bytearray()
        self.clients.add(client)
        self.first = self.first or client
        self.watch(client)
        self.watch(server)

    def watch(self, end):
        """Reads while the other end keeps up, writes while there is something to write, nothing while stalled."""
        events = 0
        if self.state != "stalled":
            if self.reads(end):
                events |= selectors.EVENT_READ
            if self.waiting[end]:
                events |= selectors.EVENT_WRITE
        registered = end in self.selector.get_map()
        if events and registered:
            self.selector.modify(end, events)
        elif events:
            self.selector.register(end, events)
        elif registered:
            self.selector.unregister(end)

    def reads(self, end):
        return len(self.waiting[self.peers[end]]) < 4 * CHUNK

    def move(self, end, events):
        other = self.peers[end]
        try:
            if events & selectors.EVENT_WRITE:
                self.write(end)
            if events & selectors.EVENT_READ:
                octets = end.recv(CHUNK)
                if octets:
                    self.note(end, octets)
                    self.pass_on(end, other, self.maybe_damage(octets))
                else:
                    self.on_end_of(end)
        except BlockingIOError:
            pass
        except OSError:
            self.drop(end)
            return
        self.watch(end)
        self.watch(other)

    def write(self, end):
        del self.waiting[end][:end.send(self.waiting[end])]

    def pass_on(self, end, other, octets):
        self.waiting[other] += octets

    def on_end_of(self, end):
        raise ConnectionError

    def maybe_damage(self, octets):
        """Flips a bit in the middle of a large piece, where a payload is rather than a length."""
        if self.to_damage and len(octets) > 400:
            self.to_damage -= 1
            self.damaged += 1
            at = len(octets) // 2
            return octets[:at] + bytes([octets[at] ^ 4]) + octets[at + 1:]
        return octets

    def note(self, end, octets):
        if end in self.clients:
            self.up += len(octets)
            if end is self.first and len(self.recorded) < 1 << 20:
                self.recorded += octets
        else:
            self.down += len(octets)

    def drop(self, end):
        for side in (end, self.peers.get(end)):
            if side in self.peers:
                if side in self.selector.get_map():
                    self.selector.unregister(side)
                del self.peers[side], self.waiting[side]
                side.close()

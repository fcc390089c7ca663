"""The wires of the campaigns do what they say: a fault without effect would prove nothing."""
import random
import socket
import threading
import time

from chaos import DELAY_S, ChaosProxy
from harness import Cluster, expect, wait_until
from proxy import dial
from registry import scenario


class Echo:
    """Listens at a path, keeps what each connection says and says it back."""

    def __init__(self, path):
        self.heard = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            heard = []
            self.heard.append(heard)
            threading.Thread(target=self.answer, args=(connection, heard), daemon=True).start()

    @staticmethod
    def answer(connection, heard):
        try:
            while octets := connection.recv(4096):
                heard.append(octets)
                connection.sendall(octets)
        except OSError:
            pass
        heard.append(b"")


def said(heard):
    return b"".join(heard)


def ended(client):
    try:
        return client.recv(99) == b""
    except ConnectionResetError:
        return True


@scenario
def chaos_wires_do_what_they_say():
    """Every fault of the chaos proxy, seen from both ends, and that it is over after its heal."""
    with Cluster() as c:
        echo = Echo(f"{c.directory}/back.sock")
        c.cleanups.append(echo.listener.close)
        wire = ChaosProxy(f"ipc://{c.directory}/front.sock", f"ipc://{c.directory}/back.sock", random.Random(1))
        c.cleanups.append(wire.close)
        for check in (late, single_octets, half_closed, corrupted, unanswered, doubled):
            check(wire, echo)
            client = dial(wire.front)
            client.sendall(b"again")
            expect(client.recv(99) == b"again", f"{check.__name__} is not healed")
            client.close()
        expect(len(wire.hits) == 6 and all(wire.hits.values()), f"not counted: {wire.hits}")


def late(wire, _):
    client = dial(wire.front)
    wire.fault("delay")
    began = time.monotonic()
    client.sendall(b"late")
    expect(client.recv(99) == b"late" and time.monotonic() - began >= 2 * DELAY_S, "it was not late")
    wire.heal()
    client.close()


def single_octets(wire, echo):
    client = dial(wire.front)
    wire.fault("one_octet")
    client.sendall(b"x" * 2000)
    got = b""
    while len(got) < 2000:
        got += client.recv(4096)
    expect(len(echo.heard[-1]) > 50, f"2000 octets came in {len(echo.heard[-1])} pieces")
    wire.heal()
    client.close()


def half_closed(wire, echo):
    client = dial(wire.front)
    client.sendall(b"word")
    expect(client.recv(99) == b"word", "no echo")
    wire.fault("half_close")
    # One of the two ends is told of an end; the other one hears nothing of it until the heal.
    client.settimeout(0.05)
    told = set()

    def somebody_is_told():
        try:
            told.update({"client"} if client.recv(99) == b"" else ())
        except TimeoutError:
            pass
        told.update({"server"} if echo.heard[-1][-1] == b"" else ())
        return told
    wait_until("one end is told", somebody_is_told)
    expect(len(told) == 1, f"told: {told}")
    wire.heal()
    client.settimeout(5)
    expect(ended(client), "a spoiled connection outlives its heal")
    client.close()


def corrupted(wire, echo):
    client = dial(wire.front)
    wire.fault("corrupt")
    client.sendall(b"x" * 1000)
    wait_until("the octets are there", lambda: len(said(echo.heard[-1])) == 1000)
    expect(said(echo.heard[-1]) != b"x" * 1000, "nothing was changed")
    wire.heal()
    client.close()


def unanswered(wire, echo):
    wire.fault("mute_handshake")
    count = len(echo.heard)
    client = dial(wire.front)
    client.sendall(b"hello?")
    wait_until("it is let in", lambda: wire.hits["mute_handshake"] == 1)
    expect(len(echo.heard) == count, "somebody answers")
    wire.heal()
    expect(ended(client), "it is still let wait")


def doubled(wire, echo):
    wire.fault("duplicate")
    count = len(echo.heard)
    client = dial(wire.front)
    client.sendall(b"twice")
    expect(client.recv(99) == b"twice", "no echo")
    wait_until("both have said it", lambda: [said(heard) for heard in echo.heard[count:]] == [b"twice", b"twice"])
    wire.heal()
    client.close()

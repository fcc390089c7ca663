"""One of the two paths is cut and the other lives. The wires are proxies in front of the sockets (proxy.py)."""
import os
import pathlib
import types

from harness import Cluster, expect
from proxy import Proxy
from registry import scenario


def sockets_of(pid):
    """Inodes of the sockets that a process has open."""
    found = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def listening(pid):
    """The endpoints at which a process listens, as the kernel tells it."""
    mine, found = sockets_of(pid), []
    for line in open("/proc/net/unix").read().splitlines()[1:]:
        part = line.split()
        if len(part) == 8 and part[3] == "00010000" and part[6] in mine:
            found.append(f"ipc://{part[7]}")
    for line in open(f"/proc/{pid}/net/tcp").read().splitlines()[1:]:
        part = line.split()
        if part[3] == "0A" and part[9] in mine:
            found.append("tcp://127.0.0.1:%d" % int(part[1].split(":")[1], 16))
    return found


def interpose(c, worker, kind=Proxy, *rest):
    """Puts a wire in front of a worker's live endpoint: the socket file is moved, the wire takes its name."""
    paths = c.until("the worker's live endpoint", lambda: [e for e in listening(worker.pid) if e.startswith("ipc://")])
    expect(len(paths) == 1, f"the worker listens at {paths}")
    path = paths[0][6:]
    os.rename(path, path + ".r")
    wire = kind(f"ipc://{path}", f"ipc://{path}.r", *rest)
    c.cleanups.append(wire.close)
    return wire


@scenario
def live_path_cut_control_alive():
    """The live wire is cut, and later stalls, under load: everything comes by the control path, nothing twice."""
    with Cluster() as c:
        s = c.sidecar()
        w = c.worker("w", s)
        live = interpose(c, w)
        p = c.producer(sidecar=s, count=12000, rate=3000)
        c.seen("delivered", 2000)
        c.until("the live wire carries the load", lambda: live.up > 2000 * 100)
        expect(c.tally.update().count("delivered") < 3000, "the test is pointless: little goes live")
        live.cut()
        c.seen("delivered", 5000)
        live.mend()
        c.seen("delivered", 7000)
        live.stall()
        c.seen("delivered", 9000)
        verdict = c.finish(p, count=12000)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")


@scenario
def live_path_never_there():
    """A worker whose live endpoint nobody can reach gets everything by the control path."""
    with Cluster() as c:
        s = c.sidecar()
        w = c.worker("w", s)
        interpose(c, w).cut()
        p = c.producer(sidecar=s, count=5000)
        verdict = c.finish(p, count=5000)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")


@scenario
def control_path_cut_live_alive():
    """The worker's control wire is cut, and later stalls, while its live wire is whole: nothing is lost."""
    for front in ("ipc", "tcp"):
        with Cluster() as c:
            s = c.sidecar(listen="tcp://127.0.0.1:0")
            wire = (Proxy(f"ipc://{c.directory}/front.sock", s.ipc) if front == "ipc"
                    else Proxy("tcp://127.0.0.1:0", s.listen))
            c.cleanups.append(wire.close)
            c.worker("w", {"work": [wire.front]})
            p = c.producer(sidecar=s, count=9000, rate=3000)
            c.seen("delivered", 1000)
            wire.cut()
            c.seen("attempted", c.tally.count("attempted") + 1500)
            wire.mend()
            c.seen("delivered", 5000)
            wire.stall()
            c.seen("attempted", c.tally.count("attempted") + 1500)
            wire.mend()
            c.finish(p, count=9000)


@scenario
def both_paths_flap():
    """Both wires of a worker and the producer's own are cut and mended over and over; a second worker is untouched."""
    with Cluster() as c:
        s = c.sidecar()
        control = Proxy(f"ipc://{c.directory}/front.sock", s.ipc)
        copies = Proxy(f"ipc://{c.directory}/copies.sock", s.ipc)
        c.cleanups += [control.close, copies.close]
        w = c.worker("w1", {"work": [control.front]})
        c.worker("w2", s)
        live = interpose(c, w)
        p = c.producer(sidecar=s, count=15000, rate=3000, environment={})
        p.kill()
        p.arguments = through(p.arguments, s.ipc, copies.front)
        p.start()
        wires = [control, live, copies]
        for step in range(9):
            c.seen("delivered", 1000 + 1000 * step)
            wires[step % 3].cut()
            c.seen("attempted", c.tally.count("attempted") + 300)
            wires[step % 3].mend()
        c.finish(p, count=15000, deadline=60)


def through(arguments, direct, front):
    return lambda life: [front if part == direct else part for part in arguments(life)]


@scenario
def copies_that_are_damaged_come_again():
    """The producer's own wire damages copies, and copies that are sent again: each is confirmed in the end."""
    with Cluster() as c:
        s = c.sidecar()
        c.worker("w", s)
        copies = Proxy(f"ipc://{c.directory}/copies.sock", s.ipc)
        c.cleanups.append(copies.close)
        p = c.producer(sidecar=types.SimpleNamespace(ipc=copies.front), count=6000, rate=2000)
        for due in range(500, 6000, 500):
            c.seen("attempted", due)
            copies.damage_next(10)
        c.finish(p, count=6000)
        expect(copies.damaged >= 20, f"the test is pointless: only {copies.damaged} pieces were damaged")


@scenario
def wire_that_corrupts_is_noticed():
    """Octets changed on the live wire and on the control wire are never delivered: the checksum sees them."""
    with Cluster() as c:
        s = c.sidecar()
        control = Proxy(f"ipc://{c.directory}/front.sock", s.ipc)
        c.cleanups.append(control.close)
        w = c.worker("w", {"work": [control.front]})
        live = interpose(c, w)
        p = c.producer(sidecar=s, count=8000, rate=3000)
        for due, wire in ((1000, live), (3000, control), (5000, live)):
            c.seen("delivered", due)
            wire.damage_next(5)
        c.finish(p, count=8000)
        expect(live.damaged + control.damaged >= 10, "the test is pointless: nothing was damaged")

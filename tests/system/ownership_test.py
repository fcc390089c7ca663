"""Two that want to be the one: sidecars on one store or path, writers on one stream."""
import os
import socket
import time

from harness import Cluster, Sidecar, expect
from registry import scenario


def refused(c, second, holder, what):
    """`second` must end at once with exit status 4, saying what is held and by which process."""
    second.forgiven = False
    status = second.wait(10)
    text = second.text()
    print(text.strip())
    expect(status == 4, f"exit status {status}, not 4: {text}")
    expect("ready" not in second.out.read_text(), "the second one said it is ready")
    expect(str(holder.pid) in text, f"the refusal does not name pid {holder.pid}: {text}")
    expect(what in text, f"the refusal does not name {what}: {text}")


@scenario
def second_sidecar_on_one_store():
    """A second sidecar on a store is refused with the holder's pid, and the first one does not notice."""
    with Cluster() as c:
        s = c.sidecar()
        p = c.producer(sidecar=s, count=4000, rate=4000)
        second = c.add(Sidecar(c, "second", store=s.store), start=False).start(wait=False)
        refused(c, second, s, str(s.store))
        c.worker("w", s)
        c.finish(p, count=4000)
        expect(not os.path.exists(second.ipc[6:]), "the refused sidecar left its socket behind")


@scenario
def second_sidecar_on_one_ipc_path():
    """A second sidecar on an ipc path is refused with the holder's pid; the path stays the first one's."""
    with Cluster() as c:
        s = c.sidecar()
        before = os.stat(s.ipc[6:]).st_ino
        p = c.producer(sidecar=s, count=4000, rate=4000)
        second = c.add(Sidecar(c, "second", ipc=s.ipc), start=False).start(wait=False)
        refused(c, second, s, s.ipc[6:])
        expect(os.stat(s.ipc[6:]).st_ino == before, "the socket was replaced")
        c.worker("w", s)
        c.finish(p, count=4000)


@scenario
def second_sidecar_on_one_port():
    """A taken tcp port is refused with the endpoint, and nothing is left behind."""
    with Cluster() as c, socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = "tcp://127.0.0.1:%d" % taken.getsockname()[1]
        s = c.add(Sidecar(c, "s", listen=endpoint), start=False).start(wait=False)
        status = s.wait(10)
        print(s.text().strip())
        expect(status == 4, f"exit status {status}, not 4: {s.text()}")
        expect(endpoint in s.text(), f"the refusal does not name {endpoint}: {s.text()}")
        s.listen = None
        s.start()


@scenario
def killed_sidecar_leaves_nothing_in_the_way():
    """After kill -9 the stale lock and socket stop nobody, even if the pid was given to another process."""
    with Cluster() as c:
        s = c.sidecar()
        s.kill()
        expect(os.path.exists(s.ipc[6:]), "the test is pointless: no stale socket")
        began = time.monotonic()
        s.start()
        expect(time.monotonic() - began < 3, f"ready after {time.monotonic() - began:.1f} s")
        p = c.producer(sidecar=s, count=500)
        c.worker("w", s)
        c.finish(p, count=500)


@scenario
def second_writer_on_a_stream():
    """A second writer is refused with the pid of the first; after kill -9 of that one it succeeds at once."""
    with Cluster() as c:
        s = c.sidecar()
        c.worker("w", s)
        p = c.producer(sidecar=s, rate=500)
        c.seen("confirmed", 200)
        done = c.cli("send", "work", "--sidecar", s.ipc, input=b"intruder\n")
        text = done.stderr.decode()
        print(text.strip())
        expect(done.returncode == 4, f"exit status {done.returncode}, not 4: {text}")
        expect(str(p.pid) in text, f"the refusal does not name pid {p.pid}: {text}")
        c.seen("confirmed", c.tally.count("confirmed") + 200)  # the first one goes on
        p.kill()
        began = time.monotonic()
        p.start()
        c.seen("confirmed", max(c.tally.update().confirmed["p"]) + 1, deadline=5)
        spent = time.monotonic() - began
        print(f"the successor had its first confirm after {spent:.2f} s")
        expect(spent < 1.5, f"the successor waited {spent:.1f} s")
        p.stop()
        c.finish()


@scenario
def other_streams_and_instances_have_writers_of_their_own():
    """One writer a stream, but any number of streams, and instances of one stream beside each other."""
    with Cluster() as c:
        s = c.sidecar()
        producers = [c.producer(f"p{n}", s, stream=f"stream-{n}", count=1000) for n in range(4)]
        c.worker("w", {f"stream-{n}": [s.ipc] for n in range(4)})
        c.finish(*producers, count=4000)


@scenario
def stopped_writer_is_fenced_or_goes_on_but_never_both():
    """A writer that was stopped by SIGSTOP while another tries: nothing confirmed is lost, no id means two things."""
    with Cluster() as c:
        s = c.sidecar()
        c.worker("w", s)
        p = c.producer(sidecar=s, rate=1000)
        c.seen("confirmed", 500)
        p.pause()
        rival = c.cli("send", "work", "--sidecar", s.ipc, "--timeout", "1s", input=b"")
        expect(rival.returncode in (0, 1, 3, 4), f"exit status {rival.returncode}: {rival.stderr.decode()}")
        p.resume()
        p.stop()
        c.settle()
        c.check()
        verdict = c.verdict()
        expect(verdict.good, f"{verdict.line()} {verdict.examples}")

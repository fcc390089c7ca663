"""What docs/commands.md promises of `restante send` and `restante recv`, said to real processes."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

from harness import Cluster, expect, program, wait_until
from registry import scenario


def lines(count, start=1):
    return [f"line {number}" for number in range(start, start + count)]


def text_of(records, end="\n"):
    return "".join(record + end for record in records).encode()


def send(c, s, records, *options, stream="orders", end="\n"):
    done = c.cli("send", stream, "--sidecar", s.ipc, *options, input=text_of(records, end))
    expect(done.returncode == 0, f"send {options} ended with {done.returncode}: {done.stderr.decode()}")
    return done


def recv(c, s, *options, stream="orders", status=0):
    done = c.cli("recv", stream, "--sidecar", s.ipc, *options)
    expect(done.returncode == status, f"recv {options} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def workers(c, s):
    return c.status(s)["streams"][0]["subscriptions"][0]


def running(c, s, *words, **streams):
    """A command that is left to run; ended with the cluster."""
    started = subprocess.Popen([program("restante"), *words, "--sidecar", s.ipc], env=c.environment, **streams)
    c.cleanups.append(lambda: (started.kill(), started.wait()))
    return started


def waiting_in(pipe):
    """Octets that nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


@scenario
def recv_writes_before_it_acks_and_gives_back():
    """The reader of its output goes with all in hand: what it had not read is given back, and no attempt is counted."""
    with Cluster() as c:
        s = c.sidecar()
        end, start = os.pipe()
        fcntl.fcntl(start, fcntl.F_SETPIPE_SZ, 4096)  # room for one message and a part of the next
        broken = running(c, s, "recv", "orders", stdout=start, stderr=subprocess.PIPE)
        os.close(start)
        c.until("it takes part", lambda: c.status(s)["streams"] and workers(c, s)["sessions"] == 1)
        large = [record.ljust(3000, ".") for record in lines(5)]
        send(c, s, large)
        c.until("the pipe is full", lambda: waiting_in(end) > 3000 and workers(c, s)["in_flight"] == 5)
        os.close(end)
        expect(broken.wait(20) == 0, f"it ended with {broken.returncode}: {broken.stderr.read()}")
        expect(workers(c, s)["backlog_messages"] == 5, f"acked and not read: {workers(c, s)}")
        got = [json.loads(line) for line in recv(c, s, "--count", 5, "--json").splitlines()]
        expect(sorted(one["payload"] for one in got) == large, f"{got}")
        expect({one["attempt"] for one in got} == {1}, f"an attempt was counted: {got}")
        c.until("all is acked", lambda: workers(c, s)["backlog_messages"] == 0)


@scenario
def recv_exec_settles_by_exit_status():
    """--exec: 0 acks, 75 comes again, all else is a dead letter; what cannot run gives the message back."""
    with Cluster() as c:
        s = c.sidecar(extra=["--retry-initial", "10ms"])
        send(c, s, ["good", "later", "bad"])
        seen = c.directory / "seen"
        command = (f'read word; echo "$word $RESTANTE_ATTEMPT" >> {seen}; case "$word $RESTANTE_ATTEMPT" in '
                   '"later 1") exit 75 ;; bad*) exit 9 ;; esac')
        worker = running(c, s, "recv", "orders", "--exec", command, stderr=subprocess.PIPE)
        c.until("each is settled", lambda: workers(c, s)["backlog_messages"] == 0 and workers(c, s)["dead"] == 1)
        worker.terminate()
        expect(worker.wait(15) == 0, f"it ended with {worker.returncode}: {worker.stderr.read()}")
        expect(sorted(seen.read_text().splitlines()) == ["bad 1", "good 1", "later 1", "later 2"], seen.read_text())
        expect(workers(c, s)["acked"] == 2, f"{workers(c, s)}")
        send(c, s, ["kept"])
        recv(c, s, "--exec", "/no/such/command", "--idle", "5s", status=4)
        expect(recv(c, s, "--count", 1) == "kept\n", "the message of a command that cannot run is gone")


@scenario
def records_are_cut_as_asked():
    """Lines, NUL-ended records and the whole of the input, out as they went in; --json says where each is from."""
    with Cluster() as c:
        s = c.sidecar()
        send(c, s, ["one\ntwo", "three"], "--null", end="\0")
        expect(sorted(recv(c, s, "--count", 2, "--null").split("\0")) == ["", "one\ntwo", "three"], "NUL-ended records")
        send(c, s, ["first", "second"], "--whole")
        expect(recv(c, s, "--count", 1, "--null") == "first\nsecond\n\0", "the whole input")
        odd = c.cli("send", "orders", "--sidecar", s.ipc, input=b"\xff\n\nx\n")
        expect(odd.stderr.decode().splitlines()[-1] == "accepted 2 confirmed 2 unconfirmed 0 empty 1", f"{odd.stderr}")
        got = [json.loads(line) for line in recv(c, s, "--count", 2, "--json").splitlines()]
        expect({one.get("payload_base64", one.get("payload")) for one in got} == {"/w==", "x"}, f"{got}")
        expect({(one["node"], one["stream"], one["marker"]) for one in got} == {("s", "orders", 1), ("s", "orders", 3)},
               f"{got}")


@scenario
def send_resumes_after_a_kill():
    """`send` is killed with half of its input confirmed; --resume sends the other half, and nothing twice."""
    with Cluster() as c:
        s = c.sidecar()
        first = running(c, s, "send", "orders", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        first.stdin.write(text_of(lines(500)))
        first.stdin.flush()
        c.until("the half is confirmed", lambda: c.status(s)["streams"] and workers(c, s)["backlog_messages"] == 500)
        first.kill()
        first.wait()
        said = send(c, s, lines(1000), "--resume").stderr.decode()
        expect("accepted 500 confirmed 500 unconfirmed 0" in said, said)
        got = recv(c, s, "--count", 1000).splitlines()
        expect(sorted(got) == sorted(lines(1000)), f"{len(got)} lines, {len(set(got))} of them different")


@scenario
def exit_statuses_tell_what_happened():
    """1 not all done, 2 usage, 3 nobody there, 4 refused, each with what to do next."""
    with Cluster() as c:
        s = c.sidecar()
        nowhere = f"ipc://{c.directory}/nobody.sock"
        expect(recv(c, s, "--count", 2, "--idle", "300ms", status=1) == "", "there was nothing to get")
        holder = running(c, s, "send", "held", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        c.until("it has the stream", lambda: any(one["writer"] for one in c.status(s)["streams"]))
        cases = [
            (2, ("send", "orders", "--timeot", "1s"), "did you mean --timeout?"),
            (2, ("send", "No Good"), "instead of a-z or 0-9"),
            (2, ("recv", "orders", "--null", "--json"), "contradict"),
            (2, ("send", "orders@2"), "--instance 2"),
            (2, ("recv", "orders", "--from", "nonsense"), "nonsense"),
            (3, ("send", "orders", "--sidecar", nowhere, "--timeout", "300ms"), "`restante up`"),
            (3, ("recv", "orders", "--sidecar", nowhere, "--idle", "300ms"), "`restante up`"),
            (3, ("status", "--sidecar", nowhere), "`restante up`"),
            (4, ("send", "held", "--sidecar", s.ipc, "--timeout", "2s"), f"pid {holder.pid}"),
            (4, ("up", "--store", c.directory / "x", "--ipc", nowhere, "--listen", "tcp://0.0.0.0:0"), "--insecure"),
        ]
        for status, words, text in cases:
            done = c.cli(*words, input=b"x\n")
            said = done.stderr.decode()
            expect(done.returncode == status and text in said, f"{words}: {done.returncode}, not {status}: {said}")
        holder.stdin.close()
        expect(holder.wait(15) == 0, f"the holder ended with {holder.returncode}")


@scenario
def progress_is_for_terminals():
    """On a terminal what takes longer than a second shows how far it is; in a pipe there is the last line only."""
    with Cluster() as c:
        s = c.sidecar()
        terminal, end = pty.openpty()
        for shown in (True, False):
            stderr = end if shown else subprocess.PIPE
            started = running(c, s, "send", "orders", stdin=subprocess.PIPE, stderr=stderr)
            started.stdin.write(b"one\n")
            started.stdin.flush()
            if shown:
                os.set_blocking(terminal, False)
                wait_until("progress is shown", lambda: b"accepted 1  confirmed 1" in read(terminal), 10)
            started.stdin.close()
            expect(started.wait(15) == 0, f"it ended with {started.returncode}")
            if not shown:
                expect(started.stderr.read() == b"accepted 1 confirmed 1 unconfirmed 0\n", "a pipe gets the last line")


def read(descriptor, seen=bytearray()):
    """All that was ever read from a terminal that does not block."""
    try:
        seen += os.read(descriptor, 65536)
    except BlockingIOError:
        pass
    return bytes(seen)


@scenario
def recv_collects_from_several_sidecars():
    """--from twice: the messages of both nodes, each with its node's name, and no sidecar of the consumer's own."""
    with Cluster() as c:
        ends = [c.sidecar(name, listen="tcp://127.0.0.1:0") for name in ("north", "south")]
        for s in ends:
            send(c, s, [f"from {s.name}"])
        done = c.cli("recv", "orders", "--from", ends[0].ipc, "--from", ends[1].listen, "--count", "2", "--json")
        expect(done.returncode == 0, f"it ended with {done.returncode}: {done.stderr.decode()}")
        got = {(one["node"], one["payload"]) for one in map(json.loads, done.stdout.decode().splitlines())}
        expect(got == {("north", "from north"), ("south", "from south")}, f"{got}")
        for s in ends:
            expect(s.stop() == 0, f"{s.name} ended with {s.popen.returncode} after SIGTERM")


@scenario
def status_tells_how_it_is():
    """What DESIGN asks of the status is there, for people and as JSON, and agrees with what was done."""
    with Cluster() as c:
        s = c.sidecar()
        send(c, s, lines(10))
        known = c.status(s)
        stream = known["streams"][0]
        one = stream["subscriptions"][0]
        figures = stream["head"], stream["confirmed_to"], one["backlog_messages"], one["floor"]
        expect(figures == (10, 10, 10, 0), f"{known}")
        expect((one["live"], one["why"]) == (False, "no consumer") and one["oldest_age_ms"] > 0, f"{known}")
        expect(known["stored"] == 10 and known["commits"] > 0 and known["store"]["octets_written"] > 0, f"{known}")
        expect(len(known["incarnation"]) == 32 and known["elided_share"] == 0, f"{known}")
        for command, words in (("status", ("incarnation", "written", "commits", "elided", "no consumer")),
                               ("streams", ("head 10", "confirmed 10", "backlog 10", "cursor 0", "attempts 0"))):
            said = c.cli(command, "--sidecar", s.ipc).stdout.decode()
            expect(all(word in said for word in words), f"{command}: {said}")

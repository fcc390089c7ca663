"""A subscriber that is not ours: examples/interop/subscribe.py hears what is published, with pyzmq alone."""
import importlib.util
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import types

from commands_test import running
from harness import Cluster, Process, Skip, expect
from registry import scenario

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "examples" / "interop" / "subscribe.py"
WARM = b"\tup\n"
# Everything that a line can hold, the smallest and 64 KiB. A number in front tells apart what may look alike.
STRANGE = [bytes(range(256)).replace(b"\n", b""), b"\xff\xfe\x00", b"\t", b"x", b"7 octets", b"\0" * 8, b"z" * 65536]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def python_with_zmq():
    """Debian's python3-zmq is for Debian's Python, which need not be the first that is found."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import zmq"], capture_output=True).returncode == 0:
            return python
    raise Skip("there is no Python with python3-zmq")


def published(count):
    """(topic, payload) of each message: several topics in turns, runs of one that share a batch, all STRANGE ones."""
    topics = [b"north/oslo", b"north/bergen", b"south/rome", b"northern"]
    for number in range(count):
        strange = STRANGE[number % len(STRANGE)] if number % 5 == 0 else b"plain"
        yield topics[number // 7 % len(topics)], b"%d " % number + strange


def listen(c, name, endpoint, *prefixes):
    return c.add(Process(c, name, lambda life: [python_with_zmq(), "-B", PROGRAM, endpoint, *prefixes]))


def heard(subscriber):
    """What it printed, but for what was published until it listened. A line may hold any octet but a newline."""
    lines = subscriber.out.read_bytes().split(b"\n")[:-1]
    return [tuple(line.split(b"\t", 1)) for line in lines if not (line + b"\n").endswith(WARM)]


def hears_what_is_published(*options):
    with Cluster() as c:
        s = c.sidecar()
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        prefixes = {"all": [], "north": ["north"], "level": ["north/"], "two": ["south/", "northern"], "none": ["x"]}
        lasts = {"all": 4, "north": 2, "level": 1, "two": 2, "none": 1}
        there = {name: listen(c, name, endpoint, *wanted) for name, wanted in prefixes.items()}
        writer = running(c, s, "pub", "weather", "-", "--publish-at", endpoint, *options, stdin=subprocess.PIPE,
                         stderr=subprocess.PIPE)

        def say(*records):
            writer.stdin.write(b"".join(topic + b"\t" + payload + b"\n" for topic, payload in records))
            writer.stdin.flush()
            return True

        # A PUB drops what nobody is connected for. The warm-up goes to each prefix, one after another.
        warm = [(topic, b"up") for topic in (b"north/", b"northern", b"south/", b"x")]
        c.until("each of them hears", lambda: say(*warm) and all(one.out.stat().st_size for one in there.values()))
        sent = list(published(600))
        say(*sent, (b"south/rome", b""), *((topic, b"last") for topic, _ in warm))  # `pub` skips what is empty
        c.until("each has heard the last of its topics", lambda: all(
            sum(payload == b"last" for _, payload in heard(one)) == lasts[name] for name, one in there.items()))
        writer.stdin.close()
        status, said = writer.wait(20), writer.stderr.read().decode()
        expect(status == 0 and said.endswith(" empty 1\n"), f"pub ended with {status}: {said}")
        for name, wanted in prefixes.items():
            got = [one for one in heard(there[name]) if one[1] != b"last"]
            owed = [one for one in sent if not wanted or one[0].startswith(tuple(p.encode() for p in wanted))]
            for topic in {topic for topic, _ in sent}:
                mine, its = ([payload for at, payload in of if at == topic] for of in (got, owed))
                expect(mine == its, f"{name}, {topic}: {len(mine)} of {len(its)} messages, or not in their order")
            expect(len(got) == len(owed), f"{name}: {len(got)} instead of {len(owed)}")
            expect(there[name].stop() == -signal.SIGTERM and not there[name].err.read_text(), there[name].text())
        print(f"{len(sent)} messages, {options or 'batches of several'}: " +
              ", ".join(f"{name} {len(heard(one)) - lasts[name]}" for name, one in there.items()))


@scenario
def a_stock_subscriber_reads_batches():
    """Python's zmq alone, by prefixes: all that was published, each topic in its order, octet by octet."""
    hears_what_is_published()


@scenario
def a_stock_subscriber_reads_single_messages():
    """The same with --keep-single, and of a stream that keeps nothing."""
    hears_what_is_published("--keep-single")
    hears_what_is_published("--keep-single", "--live-only")


@scenario
def a_stock_subscriber_takes_batches_apart():
    """Its walk over a batch, with attributes, an empty payload and a skip; a frame that is none is refused."""
    spec = importlib.util.spec_from_file_location("subscribe", PROGRAM)
    subscribe = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("zmq", types.ModuleType("zmq"))  # not needed for the walk
    spec.loader.exec_module(subscribe)

    def batch(*records, flags=0, count=None, magic=b"RB", form=1):
        body = b"".join(struct.pack("<II", len(payload), len(attributes)) + padded(attributes) + padded(payload)
                        for payload, attributes in records)
        count = len(records) if count is None else count
        return struct.pack("<2sBBIII", magic, form, flags, 2, 0, count) + b"h" * 16 + body

    def padded(octets):
        return octets + b"\0" * (-len(octets) % 8)

    records = [(b"one", b""), (b"", b""), (b"two octet", b"attributes"), (b"", b"12345678"), (b"12345678", b"a")]
    got = list(subscribe.messages(batch(*records)))
    expect(got == [payload for payload, _ in records], f"{got}")
    expect(list(subscribe.messages(batch(flags=1, count=7))) == [], "a skip holds nothing")
    for bad in (b"", b"RB", batch(*records, magic=b"RC"), batch(*records, form=2), batch(*records, count=6),
                batch(*records)[:-8], batch(*records)[:-17]):
        try:
            got = list(subscribe.messages(bad))
        except ValueError:
            continue
        expect(False, f"taken for a batch: {bad[:24]} {got}")

"""What docs/commands.md promises of `restante pub` and `restante sub`, said to real processes."""
import json
import shutil
import signal
import subprocess

from commands_test import lines, running, text_of
from harness import Cluster, expect
from registry import scenario


def pub(c, s, topic, records, *options, status=0):
    """What `pub` said, to its end."""
    done = c.cli("pub", "weather", topic, "--sidecar", s.ipc, *options, input=text_of(records))
    said = done.stderr.decode()
    expect(done.returncode == status, f"pub {topic} {options} ended with {done.returncode}, not {status}: {said}")
    return said


def sub(c, s, *words, status=0):
    """The lines that `sub` printed, to its end."""
    done = c.cli("sub", "weather", *words, "--sidecar", s.ipc)
    expect(done.returncode == status, f"sub {words} ended with {done.returncode}, not {status}: {done.stderr.decode()}")
    return done.stdout.decode().splitlines()


def subscription(c, s, name="screen"):
    """Its books; nothing if there is none."""
    known = [one for stream in c.status(s)["streams"] for one in stream["subscriptions"]]
    return next((one for one in known if one["name"] == name), {})


def begin(c, s, *words, name="screen"):
    """A `sub` that is left to run and has subscribed; its output is a pipe."""
    started = running(c, s, "sub", "weather", *words, "--durable", name, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    c.until("it has subscribed", lambda: subscription(c, s, name).get("sessions"))
    return started


def end(started, status=0):
    """SIGTERM; all that it had printed and not been read of."""
    started.terminate()
    out, err = started.communicate(timeout=20)
    started.said = err.decode()
    expect(started.returncode == status, f"sub ended with {started.returncode}: {started.said}")
    return out.decode().splitlines()


def remember(c, s, *words, name="screen"):
    """Makes the subscription and goes away."""
    expect(end(begin(c, s, *words, name=name)) == [], "there was nothing to print")


@scenario
def sub_prints_what_was_published_and_what_it_missed():
    """A durable `sub` prints in order what `pub` published and, after it was away, what it missed; nothing twice."""
    with Cluster() as c:
        s = c.sidecar()
        there = begin(c, s)
        said = pub(c, s, "north/oslo", lines(500))
        expect(said == "accepted 500 confirmed 500 unconfirmed 0\n", said)
        c.until("all is acked", lambda: subscription(c, s)["acked"] == 500)
        expect(end(there) == lines(500), "not what was published, or not in its order")
        pub(c, s, "north/oslo", lines(500, start=501))
        pub(c, s, "south/rome", ["and there"])
        c.until("nobody is there", lambda: subscription(c, s)["sessions"] == 0)
        expect(subscription(c, s)["backlog_messages"] == 501, f"{subscription(c, s)}")
        got = sub(c, s, "--durable", "screen", "--count", 501)
        expect(sorted(got) == sorted(lines(500, start=501) + ["and there"]), f"{len(got)} lines")
        expect([line for line in got if line != "and there"] == lines(500, start=501), "not in the order of the topic")
        expect(sub(c, s, "--durable", "screen", "--idle", "1s") == [], "something came twice")


@scenario
def topics_of_lines_meet_filters():
    """`pub -` takes the topic from each line, and each filter gets what matches; --topics prints what `pub -` reads."""
    records = ["north/oslo\t-4", "north/oslo/port\t-2", "south/rome\t21", "north\tcold", "south/rome\ta\tb"]
    wanted = {"all": ((), [0, 1, 2, 3, 4]), "under": (("north/#",), [0, 1, 3]), "one": (("+/oslo",), [0]),
              "two": (("+/rome", "north/oslo/+"), [1, 2, 4]), "exact": (("north",), [3])}
    with Cluster() as c:
        s = c.sidecar()
        for name, (filters, _) in wanted.items():
            remember(c, s, *filters, name=name)
        remember(c, s, name="never-read")
        said = pub(c, s, "-", [*records[:2], "", "north/oslo\t", *records[2:]])
        expect(said == "accepted 5 confirmed 5 unconfirmed 0 empty 2\n", said)
        for name, (filters, numbers) in wanted.items():
            got = sub(c, s, *filters, "--durable", name, "--topics", "--count", len(numbers))
            expect(sorted(got) == sorted(records[number] for number in numbers), f"{filters}: {got}")
            c.until("nothing is owed", lambda name=name: subscription(c, s, name)["backlog_messages"] == 0)
            expect(subscription(c, s, name)["acked"] == len(numbers), f"{filters}: {subscription(c, s, name)}")
        early = sub(c, s, "--durable", "early", "--start", "beginning", "--topics", "--count", 5)
        expect(sorted(early) == sorted(records), f"--start beginning: {early}")
        told = sub(c, s, "--durable", "told", "--start", "beginning", "--count", 5,
                   "--exec", 'printf "%s\\t%s\\n" "$RESTANTE_TOPIC" "$(cat)"')
        expect(sorted(told) == sorted(records), f"--exec is told topics: {told}")
        expect(sub(c, s, "--durable", "late", "--start", "new", "--idle", "1s") == [], "--start new")


@scenario
def bad_topics_end_the_reading():
    """A line without TAB, or with a topic that is none, is told by its number; the lines before it are published."""
    with Cluster() as c:
        s = c.sidecar()
        remember(c, s)
        cases = [("no tab", "line 3: it has no TAB"), ("a/+\tx", "'+', which only filters"),
                 ("\tx", "a topic that is empty"), ("x" * 300 + "\ty", "first 257 octets")]
        for number, (bad, why) in enumerate(cases):
            said = pub(c, s, "-", [f"a\t{number}", f"b\t{number}", bad, "c\tnever"], status=4)
            expect(why in said and "line 3" in said and "nothing from there on was sent" in said, said)
            expect(said.endswith("accepted 2 confirmed 2 unconfirmed 0\n"), said)
            expect(sorted(sub(c, s, "--durable", "screen", "--count", 2)) == [str(number)] * 2, "what was before it")
        large = c.cli("pub", "weather", "-", "--sidecar", s.ipc, input=b"a\t" + b"x" * (1 << 20) + b"\na\t" +
                      b"x" * ((1 << 20) + 1) + b"\n")
        expect(large.returncode == 4 and b"line 2: it is larger than 1 MiB" in large.stderr, f"{large.stderr}")
        expect([len(line) for line in sub(c, s, "--durable", "screen", "--count", 1)] == [1 << 20], "the largest")
        pub(c, s, "a/#", ["x"], status=2)
        pub(c, s, "a", ["x"], "--publish-at", "tcp://0.0.0.0:0", status=4)


@scenario
def pub_resumes_where_it_was_refused():
    """--resume goes on behind the last line that was confirmed, once the line that was wrong is put right."""
    with Cluster() as c:
        s = c.sidecar()
        remember(c, s)
        records = [f"{topic}\t{number}" for number in range(50) for topic in ("a", "b/c")]
        pub(c, s, "-", [*records[:60], "wrong", *records[61:]], status=4)
        said = pub(c, s, "-", records, "--resume")
        expect("accepted 40 confirmed 40 unconfirmed 0" in said, said)
        got = sub(c, s, "--durable", "screen", "--topics", "--count", len(records))
        for topic in ("a\t", "b/c\t"):
            expect([one for one in got if one.startswith(topic)] == [one for one in records if one.startswith(topic)],
                   f"{topic}: {got}")


@scenario
def sub_ends_as_it_was_asked():
    """--count and --idle, the newer of two readers, options that need a name; --shared parts the work."""
    with Cluster() as c:
        s = c.sidecar()
        remember(c, s)
        pub(c, s, "north", lines(5))
        expect(sub(c, s, "--durable", "screen", "--count", 2) == lines(2), "no more than --count")
        rest = sub(c, s, "--durable", "screen", "--count", 9, "--idle", "2s", status=1)
        expect(rest == lines(3, start=3), f"{rest}")
        older = begin(c, s)
        newer = begin(c, s)
        expect(older.wait(20) == 4, f"the older reader ended with {older.returncode}")
        said = older.stderr.read().decode()
        expect("restante: receive from stream weather: " in said, said)
        pub(c, s, "north", ["for the newer"])
        c.until("it is acked", lambda: subscription(c, s)["backlog_messages"] == 0)
        expect(end(newer) == ["for the newer"], "the newer reader")
        workers = [begin(c, s, "--shared", name="workers-of-two") for _ in range(2)]
        c.until("both are there", lambda: subscription(c, s, "workers-of-two")["sessions"] == 2)
        pub(c, s, "north", lines(200))
        c.until("all is acked", lambda: subscription(c, s, "workers-of-two")["acked"] == 200)
        parts = [end(worker) for worker in workers]
        expect(sorted(parts[0] + parts[1]) == sorted(lines(200)), f"{[len(part) for part in parts]} lines")
        for words, why in ((("--shared",), "--durable"), (("--start", "new"), "--durable"), (("a/#/b",), "FILTER")):
            done = c.cli("sub", "weather", *words, "--sidecar", s.ipc)
            expect(done.returncode == 2 and why in done.stderr.decode(), f"{words}: {done.returncode} {done.stderr}")


@scenario
def sub_without_a_name_hears_what_is_published():
    """Only what is published while it runs, and only what its filters want; nothing is kept for it."""
    with Cluster() as c:
        s = c.sidecar()
        pub(c, s, "north/oslo", ["before"])
        out = c.directory / "heard"
        with out.open("wb") as heard:
            there = running(c, s, "sub", "weather", "north/#", "--topics", stdout=heard, stderr=subprocess.PIPE)
        writer = running(c, s, "pub", "weather", "-", stdin=subprocess.PIPE, stderr=subprocess.PIPE)

        def say(*records):
            writer.stdin.write(text_of(records))
            writer.stdin.flush()
            return True

        # A PUB drops what nobody is connected for.
        c.until("it hears", lambda: say("north/warm\tup") and out.stat().st_size > 0)
        say(*(f"south/rome\t{number}" for number in range(50)), *(f"north/oslo\t{number}" for number in range(200)))
        expected = [f"north/oslo\t{number}" for number in range(200)]
        c.until("it has heard all", lambda: out.read_text().endswith(expected[-1] + "\n"))
        said = [line for line in out.read_text().splitlines() if line != "north/warm\tup"]
        expect(said == expected, f"{len(said)} lines")
        stream = c.status(s)["streams"][0]
        expect(stream["listeners"] == 1 and stream["subscriptions"] == [] and stream["rows"] == 0, f"{stream}")
        writer.stdin.close()
        expect(writer.wait(20) == 0, writer.stderr.read().decode())
        there.terminate()
        expect(there.wait(20) == 0, there.stderr.read().decode())
        c.until("it has left", lambda: c.status(s)["streams"][0]["listeners"] == 0)


@scenario
def what_the_sidecar_refuses_is_said_once():
    """Whoever comes to a stream that is something else is told why in one line, and ends with 4, in every command."""
    with Cluster() as c:
        s = c.sidecar()
        expect(c.cli("send", "jobs", "--sidecar", s.ipc, input=b"1\n").returncode == 0, "send")
        expect(c.cli("pub", "news", "a", "--sidecar", s.ipc, input=b"1\n").returncode == 0, "pub")
        reader = running(c, s, "sub", "news", "--durable", "desk", stdout=subprocess.PIPE)
        c.until("it reads", lambda: any(name["sessions"] for one in c.status(s)["streams"] if one["name"] == "news"
                                        for name in one["subscriptions"]))
        cases = [
            (("sub", "jobs"), "is a pipeline"),
            (("pub", "jobs", "a"), "is a pipeline"),
            (("send", "news"), "is a published one"),
            (("recv", "news"), "is a published one"),
            (("sub", "news", "--durable", "desk", "--shared"), "exists as an exclusive subscription"),
        ]
        for words, text in cases:
            done = c.cli(*words, "--sidecar", s.ipc, input=b"x\n")
            said = done.stderr.decode()
            expect(done.returncode == 4, f"{words}: {done.returncode}: {said}")
            expect(said.count(text) == 1, f"{words}: {said}")
        reader.terminate()
        expect(reader.wait(20) == 0, "the reader that was there first goes on, and ends in good order")


@scenario
def sub_tells_gaps():
    """An older copy of the store is put back: who reads is told which messages are gone, with --json on its output."""
    with Cluster() as c:
        s = c.sidecar()
        readers = [begin(c, s, "--json", name="a"), begin(c, s, name="b")]

        def publish_and_see(records):
            pub(c, s, "north", records)
            c.until("each is there and has acked all",
                    lambda: all((one["sessions"], one["backlog_messages"]) == (1, 0) for one in
                                (subscription(c, s, name) for name in ("a", "b"))))

        publish_and_see(lines(3))
        expect(s.stop() == 0, s.text())
        copy = c.directory / "copy"
        shutil.copytree(s.store, copy)
        s.start()
        publish_and_see(lines(3, start=4))
        for reader in readers:  # so that nobody tells the copy what was given away after it was made
            reader.send_signal(signal.SIGSTOP)
        s.kill()
        shutil.rmtree(s.store)
        copy.rename(s.store)
        s.start()
        pub(c, s, "north", ["after"])
        for reader in readers:
            reader.send_signal(signal.SIGCONT)
        c.until("what came after is acked", lambda: all(subscription(c, s, name)["backlog_messages"] == 0
                                                        for name in ("a", "b")))
        as_json, as_text = (end(reader) for reader in readers)
        got = [json.loads(line) for line in as_json]
        expect([one.get("payload", "gap") for one in got] == [*lines(6), "gap", "after"], f"{got}")
        gap = got[6]["gap"]
        expect((gap["node"], gap["stream"]) == ("s", "weather") and "was replaced" in gap["reason"], f"{gap}")
        expect(as_text == [*lines(6), "after"], f"{as_text}")
        said = f"restante: gap in 'weather' of node 's': messages {gap['from']:,} to {gap['to']:,} are gone: "
        expect(said in readers[1].said, readers[1].said)

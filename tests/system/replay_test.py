"""What docs/commands.md promises of what is kept, replays, resets and where they start, said to real processes."""
import json
import math
import subprocess
import time

from commands_test import lines, running, send
from harness import Cluster, expect
from pubsub_test import begin, end, pub, remember, sub, subscription
from registry import scenario
from subscriptions_test import subscriptions


def keep(c, s, *rules, stream="weather"):
    done = c.cli("streams", "set", stream, *rules, "--sidecar", s.ipc)
    expect(done.returncode == 0, f"streams set {rules} ended with {done.returncode}: {done.stderr.decode()}")


def replay(c, s, *words, stream="weather", status=0):
    """The lines that `replay` printed, to its end."""
    done = c.cli("replay", stream, *words, "--sidecar", s.ipc)
    said = done.stderr.decode()
    expect(done.returncode == status, f"replay {words} ended with {done.returncode}, not {status}: {said}")
    return done.stdout.decode().splitlines()


def as_values(printed):
    return [json.loads(line) for line in printed]


@scenario
def replay_gives_what_is_kept_and_ends():
    """Everything that a subscriber had acked comes again in order, as often as asked for; its cursor does not move."""
    with Cluster() as c:
        s = c.sidecar()
        keep(c, s, "retain_age=1h")
        there = begin(c, s)
        pub(c, s, "north/oslo", lines(300))
        pub(c, s, "south/rome", lines(300, start=301))
        c.until("all is acked", lambda: subscription(c, s)["backlog_messages"] == 0)
        before = subscription(c, s)
        for _ in range(2):
            expect(replay(c, s) == lines(600), "not all of it, or not in order")
        expect(replay(c, s, "south/#") == lines(300, start=301), "by a filter")
        again = as_values(replay(c, s, "--json"))
        part = replay(c, s, "--start", again[99]["sequence"], "--until", again[199]["sequence"])
        expect(part == lines(101, start=100), f"--start and --until: {part[:1]} to {part[-1:]}, {len(part)} lines")
        expect(replay(c, s, "--count", 5) == lines(5), "--count")
        after = subscription(c, s)
        keys = ("floor", "acked", "redelivered", "attempts", "dead", "backlog_messages", "sessions")
        expect([after[key] for key in keys] == [before[key] for key in keys], f"{before} became {after}")
        expect(end(there) == lines(600), "something of the replays went to the subscriber")
        for words, why in ((("--start", "new"), "--start"), (("--until", "0"), "--until"), (("a/#/b",), "FILTER")):
            done = c.cli("replay", "weather", *words, "--sidecar", s.ipc)
            expect(done.returncode == 2 and why in done.stderr.decode(), f"{words}: {done.returncode} {done.stderr}")
        replay(c, s, stream="wether", status=4)
        keep(c, s, "retain=none")
        expect(replay(c, s) == [], "what was kept came though it is not kept any more")


@scenario
def a_reset_subscription_gets_again_what_it_had():
    """What a reset would do is told first; a consumer is in the way but for --force; then all of it comes again."""
    with Cluster() as c:
        s = c.sidecar()
        keep(c, s, "retain_messages=1000")
        there = begin(c, s)
        pub(c, s, "north", lines(50))
        c.until("all is acked", lambda: subscription(c, s)["backlog_messages"] == 0)
        from_start = ("reset", "weather", "screen", "--start", "beginning")
        expect(b"needs --yes" in subscriptions(c, s, *from_start, status=2).stderr, "nobody can be asked here")
        dry = subscriptions(c, s, *from_start, "--dry-run").stdout.decode()
        expect(dry.startswith("would reset subscription screen of stream weather: it begins with sequence 1, and 50 "
                              "messages ("), dry)
        refused = subscriptions(c, s, *from_start, "--yes", status=4).stderr.decode()
        expect(f"pid {there.pid}" in refused and "--force" in refused, refused)
        expect(there.poll() is None and subscription(c, s)["backlog_messages"] == 0, "something changed already")
        told = json.loads(subscriptions(c, s, *from_start, "--yes", "--force", "--json").stdout)
        expect((told["stream"], told["subscription"], told["reset"]) == ("weather", "screen", True), f"{told}")
        expect(there.wait(20) == 4, f"the reader ended with {there.returncode}")
        out, err = there.communicate()
        expect(out.decode().splitlines() == lines(50) and b"was reset" in err, f"{len(out)} octets, {err}")
        expect(sub(c, s, "--durable", "screen", "--count", 50) == lines(50), "not what it had")
        c.until("all is acked again", lambda: subscription(c, s)["backlog_messages"] == 0)
        subscriptions(c, s, "reset", "weather", "scren", "--start", "new", "--yes", status=1)
        again = as_values(replay(c, s, "--json"))
        subscriptions(c, s, "reset", "weather", "screen", "--start", again[39]["sequence"], "--yes")
        s.kill()
        s.start()
        expect(sub(c, s, "--durable", "screen", "--idle", "1s") == lines(11, start=40), "after a crash")
        subscriptions(c, s, "reset", "weather", "screen", "--start", "beginning", "--yes")
        subscriptions(c, s, "reset", "weather", "screen", "--start", "new", "--yes")
        expect(sub(c, s, "--durable", "screen", "--idle", "1s") == [], "what was skipped came")


@scenario
def workers_of_a_pipeline_are_reset():
    """The work of a pipeline is done again from a sequence on, and a replay of it reads it without doing it."""
    with Cluster() as c:
        s = c.sidecar()
        keep(c, s, "retain_age=1h", stream="orders")
        send(c, s, lines(30))

        def work(*words):
            done = c.cli("recv", "orders", *words, "--json", "--sidecar", s.ipc)
            expect(done.returncode == 0, f"recv ended with {done.returncode}: {done.stderr.decode()}")
            return as_values(done.stdout.decode().splitlines())

        first = sorted(work("--count", 30), key=lambda one: one["sequence"])
        c.until("nothing is left", lambda: subscription(c, s, "workers")["backlog_messages"] == 0)
        expect(replay(c, s, stream="orders") == lines(30), "a replay of a pipeline")
        subscriptions(c, s, "reset", "orders", "workers", "--start", first[20]["sequence"], "--yes")
        again = sorted(work("--count", 10), key=lambda one: one["sequence"])
        expect([one["payload"] for one in again] == lines(10, start=21), f"{again}")
        expect([one["grant"] for one in again] == [one["grant"] for one in first[20:]], "other ids than before")
        c.until("nothing is left again", lambda: subscription(c, s, "workers")["backlog_messages"] == 0)
        expect(work("--idle", "1s") == [], "more than what was reset")


@scenario
def what_retention_no_longer_has_is_a_gap():
    """A replay from a sequence that is not kept any more begins with a gap: from there to the last that is gone."""
    with Cluster() as c:
        s = c.sidecar()
        remember(c, s)
        for number in range(10):
            pub(c, s, "north", lines(10, start=1 + 10 * number))
        every = as_values(sub(c, s, "--durable", "screen", "--count", 100, "--json"))
        expect([one["payload"] for one in every] == lines(100), "what there was")
        c.until("it is gone", lambda: c.status(s)["streams"][0]["rows"] == 0)
        keep(c, s, "retain_messages=25")
        for number in range(10, 20):
            pub(c, s, "north", lines(10, start=1 + 10 * number))
        every += as_values(sub(c, s, "--durable", "screen", "--count", 100, "--json"))
        # At least 25 stay and at most one batch more, and a batch has at most 10 here.
        stream = c.until("the rest is gone", lambda: next(
            (one for one in c.status(s)["streams"] if one["kept_messages"] < 25 + 10), None))
        kept = stream["kept_messages"]
        expect(kept >= 25, f"{stream}")
        for asked in (0, 70, 150):
            gap, *got = as_values(replay(c, s, "--start", every[asked]["sequence"], "--json"))
            expect([one["payload"] for one in got] == lines(kept, start=201 - kept), f"{kept} kept, {len(got)} came")
            wanted = {"node": "s", "stream": "weather", "from": every[asked]["sequence"],
                      "to": every[199 - kept]["sequence"], "reason": gap["gap"]["reason"]}
            expect(gap == {"gap": wanted} and "no longer keeps" in gap["gap"]["reason"], f"{gap}, not {wanted}")
        expect(as_values(replay(c, s, "--json")) == got, "from the beginning of what is kept there is no gap")
        text = c.cli("replay", "weather", "--start", 1, "--sidecar", s.ipc)
        said = f"restante: gap in 'weather' of node 's': messages 1 to {wanted['to']:,} are gone: "
        expect(said in text.stderr.decode() and text.stdout.decode().splitlines() == lines(kept, start=201 - kept),
               f"{text.stderr}")
        told = json.loads(subscriptions(c, s, "reset", "weather", "screen", "--start", 1, "--dry-run", "--json").stdout)
        expect(told["gone_to"] == wanted["to"], f"{told}")


@scenario
def a_replay_survives_the_death_of_the_sidecar():
    """The sidecar is killed in the course of a replay: it goes on with the next one, in order, and ends."""
    count = 20_000
    with Cluster() as c:
        s = c.sidecar()
        keep(c, s, "retain_octets=100MiB")
        pub(c, s, "north", lines(count))
        told = c.directory / "told"
        with told.open("wb") as err:
            reader = running(c, s, "replay", "weather", stdout=subprocess.PIPE, stderr=err)
        got = [reader.stdout.readline().decode().rstrip("\n") for _ in range(1000)]
        s.kill()  # what is in the pipe and in its memory is far from all
        expect(reader.poll() is None, "it had ended before the kill")
        s.start()
        got += reader.stdout.read().decode().splitlines()
        expect(reader.wait(20) == 0, f"replay ended with {reader.returncode}: {told.read_text()}")
        numbers = [int(line.removeprefix("line ")) for line in got]
        expect(numbers[0] == 1 and numbers[-1] == count and set(numbers) == set(range(1, count + 1)), "not all came")
        ahead = [(one, other) for one, other in zip(numbers, numbers[1:]) if other > one + 1]
        expect(not ahead, f"not in order: {ahead[:3]}")
        expect(sum(other <= one for one, other in zip(numbers, numbers[1:])) <= 1, "it began again more than once")
        expect("gap" not in told.read_text(), told.read_text())


@scenario
def a_subscription_begins_at_a_time():
    """--start with a time: with what was stored then or later, for a new subscription, a reset and a replay."""
    with Cluster() as c:
        s = c.sidecar()
        keep(c, s, "retain_age=1h")
        pub(c, s, "north", lines(20))
        second = math.ceil(time.time() + 0.2)  # a time is said in whole seconds
        c.until("the next second has begun", lambda: time.time() > second + 0.1)
        pub(c, s, "north", lines(20, start=21))
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
        late = lines(20, start=21)
        expect(sub(c, s, "--durable", "late", "--start", when, "--idle", "1s") == late, "a new subscription")
        expect(replay(c, s, "--start", when) == late, "a replay")
        expect(replay(c, s, "--start", "1h") == lines(40), "how long ago")
        expect(sub(c, s, "--durable", "old", "--start", "1h", "--idle", "1s") == lines(40), "an old subscription")
        subscriptions(c, s, "reset", "weather", "old", "--start", when, "--yes")
        expect(sub(c, s, "--durable", "old", "--idle", "1s") == late, "a reset one")
        expect(replay(c, s, "--start", "2999-01-01T00:00:00Z") == [], "nothing is as new as that")
        wrong = c.cli("replay", "weather", "--start", "2026-02-30T00:00:00Z", "--sidecar", s.ipc)
        expect(wrong.returncode == 2 and b"there is no such time" in wrong.stderr, f"{wrong.stderr}")

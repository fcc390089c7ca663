"""What docs/commands.md promises of `restante subscriptions`, said to real processes."""
import json
import subprocess

from harness import Cluster, expect, program
from registry import scenario


def subscriptions(c, s, *words, status=0):
    done = c.cli("subscriptions", *words, "--sidecar", s.ipc)
    expect(done.returncode == status, f"subscriptions {words} ended with {done.returncode}: {done.stderr.decode()}")
    return done


def subscribe(c, s, name, *options):
    """Makes a durable subscription and leaves it."""
    done = c.cli("sub", "weather", "--durable", name, "--idle", "300ms", "--sidecar", s.ipc, *options)
    expect(done.returncode == 0, f"sub ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def publish(c, s, count):
    text = "".join(f"message {number}\n" for number in range(count)).encode()
    done = c.cli("pub", "weather", "north/oslo", "--sidecar", s.ipc, input=text)
    expect(done.returncode == 0, f"pub ended with {done.returncode}: {done.stderr.decode()}")


def rows(c, s):
    return c.status(s)["streams"][0]["rows"]


@scenario
def subscriptions_are_listed_and_shown():
    """Each has a line, with --json an object; what is not there is named, with what is near."""
    with Cluster() as c:
        s = c.sidecar()
        expect(b"no subscriptions yet" in subscriptions(c, s, "list").stderr, "an empty node")
        subscribe(c, s, "screen")
        publish(c, s, 3)
        table = subscriptions(c, s, "list").stdout.decode().splitlines()
        columns = ["STREAM", "NAME", "MODE", "BACKLOG", "OLDEST", "SESSIONS", "LIMIT", "STATE"]
        expect(table[0].split() == columns, f"{table}")
        expect(table[1].split()[:4] == ["weather", "screen", "exclusive", "3"], f"{table}")
        expect(table[1].endswith("no consumer"), f"{table}")
        [one] = json.loads(subscriptions(c, s, "list", "weather", "--json").stdout)
        expect((one["stream"], one["name"], one["backlog_messages"]) == ("weather", "screen", 3), f"{one}")
        shown = json.loads(subscriptions(c, s, "show", "weather", "screen", "--json").stdout)
        expect(shown | {"oldest_age_ms": 0} == one | {"oldest_age_ms": 0}, f"{shown}")
        expect(b"subscription screen (exclusive)" in subscriptions(c, s, "show", "weather", "screen").stdout, "show")
        expect(b"did you mean screen?" in subscriptions(c, s, "show", "weather", "scren", status=1).stderr, "a name")
        expect(b"did you mean weather?" in subscriptions(c, s, "list", "wether", status=1).stderr, "a stream")


@scenario
def subscription_is_removed():
    """A backlog that nobody will ever collect: asked for, shown, removed, freed; also after a restart it stays away."""
    with Cluster() as c:
        s = c.sidecar()
        subscribe(c, s, "screen")
        publish(c, s, 20)
        expect(rows(c, s) > 0, "nothing was stored")
        refused = subscriptions(c, s, "remove", "weather", "screen", status=2)
        expect(b"needs --yes" in refused.stderr, f"{refused.stderr}")
        dry = subscriptions(c, s, "remove", "weather", "screen", "--dry-run").stdout.decode()
        expect(dry.startswith("would remove subscription screen of stream weather: 20 messages"), dry)
        expect(rows(c, s) > 0, "a dry run freed something")
        unknown = subscriptions(c, s, "remove", "weather", "scren", "--yes", status=1)
        expect(b"did you mean screen?" in unknown.stderr, f"{unknown.stderr}")
        told = json.loads(subscriptions(c, s, "remove", "weather", "screen", "--yes", "--json").stdout)
        expect(told["removed"] and told["messages"] == told["freed_messages"] == 20, f"{told}")
        expect(rows(c, s) == 0 and not c.status(s)["streams"][0]["subscriptions"], f"{c.status(s)}")
        expect(subscribe(c, s, "screen") == "", "a new one begins with what is new")


@scenario
def subscription_with_a_consumer_is_removed_by_force_only():
    """Who is in the way is named; with --force the consumer ends with the reason, and makes none anew."""
    with Cluster() as c:
        s = c.sidecar()
        reader = subprocess.Popen([program("restante"), "sub", "weather", "--durable", "screen", "--sidecar", s.ipc],
                                  env=c.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        c.cleanups.append(lambda: (reader.kill(), reader.wait()))
        c.until("it is there", lambda: c.status(s)["streams"] and c.status(s)["streams"][0]["subscriptions"]
                and c.status(s)["streams"][0]["subscriptions"][0]["sessions"] == 1)
        refused = subscriptions(c, s, "remove", "weather", "screen", "--yes", status=4)
        expect(f"pid {reader.pid}".encode() in refused.stderr and b"--force" in refused.stderr, f"{refused.stderr}")
        subscriptions(c, s, "remove", "weather", "screen", "--yes", "--force")
        expect(reader.wait(20) == 4, f"the reader ended with {reader.returncode}")
        expect(b"was removed" in reader.stderr.read(), "the reader did not say why")
        expect(not c.status(s)["streams"][0]["subscriptions"], f"{c.status(s)}")
        c.cli("send", "orders", "--sidecar", s.ipc, input=b"42 apples\n")
        refused = subscriptions(c, s, "remove", "orders", "workers", "--yes", "--force", status=4)
        expect(b"belongs to the pipeline" in refused.stderr, f"{refused.stderr}")


def shown(c, s, name="screen"):
    return json.loads(subscriptions(c, s, "show", "weather", name, "--json").stdout)


@scenario
def subscription_at_its_limit_is_cut_and_told():
    """The oldest go, also over a kill of the sidecar; the next reader is told once, in front of what is left."""
    with Cluster() as c:
        s = c.sidecar()
        subscribe(c, s, "screen", "--max-messages", "16")
        publish(c, s, 100)
        one = shown(c, s)
        expect(14 <= one["backlog_messages"] <= 16 and one["cut"] == 100 - one["backlog_messages"], f"{one}")
        expect((one["max_messages"], one["on_limit"], one["gaps"]) == (16, "cut", 1), f"{one}")
        text = subscriptions(c, s, "show", "weather", "screen").stdout
        expect(b"limit 16 messages" in text and b"gaps to be told 1" in text, text.decode())
        s.kill()
        s = c.sidecar()
        lines = [json.loads(line) for line in subscribe(c, s, "screen", "--json").splitlines()]
        gap = lines[0]["gap"]
        expect("limit of 16 messages" in gap["reason"] and gap["stream"] == "weather", f"{gap}")
        left = [line["sequence"] for line in lines[1:]]
        expect(left == list(range(gap["to"] + 1, gap["to"] + 1 + len(left))), f"{gap} {left}")
        expect(gap["to"] - gap["from"] + 1 + len(left) == 100, f"{gap} {left}")
        c.until("the gap is told", lambda: shown(c, s)["gaps"] == 0)
        s.kill()
        s = c.sidecar()
        expect(subscribe(c, s, "screen", "--json") == "", "what was told and acked comes again")


@scenario
def subscription_at_its_limit_holds_its_publisher():
    """If that was asked for: nothing goes, the publisher waits, and goes on when somebody reads."""
    with Cluster() as c:
        s = c.sidecar()
        subscribe(c, s, "screen", "--max-messages", "10", "--on-limit", "refuse")
        publish(c, s, 10)
        text = "".join(f"more {number}\n" for number in range(5)).encode()
        done = c.cli("pub", "weather", "north/oslo", "--sidecar", s.ipc, "--timeout", "2s", input=text)
        expect(done.returncode == 1, f"pub ended with {done.returncode}: {done.stderr.decode()}")
        one = shown(c, s)
        expect((one["backlog_messages"], one["cut"], one["on_limit"]) == (10, 0, "refuse"), f"{one}")
        expect(len(subscribe(c, s, "screen").splitlines()) == 10, "what was published before")
        publish(c, s, 3)
        expect(len(subscribe(c, s, "screen").splitlines()) == 3, "what was published then")


@scenario
def strict_subscription_holds_its_topic():
    """One message comes later again: its topic waits for it, over kills of sidecar and reader; others go on."""
    with Cluster() as c:
        late = ["--retry-initial", "3s"]
        s = c.sidecar(extra=late)
        subscribe(c, s, "ledger", "--strict")
        text = b"a\tone\na\ttwo\nb\tthree\na\tfour\nb\tfive\n"
        done = c.cli("pub", "weather", "-", "--sidecar", s.ipc, input=text)
        expect(done.returncode == 0, done.stderr.decode())
        seen = c.directory / "seen"
        seen.touch()
        command = (f'read word; echo "$word $RESTANTE_ATTEMPT" >> {seen}; '
                   '[ "$word $RESTANTE_ATTEMPT" != "one 1" ] || exit 75')
        reading = [program("restante"), "sub", "weather", "--durable", "ledger", "--strict", "--exec", command]

        def read():
            started = subprocess.Popen([*reading, "--sidecar", s.ipc], env=c.environment)
            c.cleanups.append(lambda: (started.kill(), started.wait()))
            return started

        reader = read()
        c.until("the other topic goes on", lambda: len(seen.read_text().splitlines()) == 3)
        s.kill()
        reader.kill()
        reader.wait()
        s = c.sidecar(extra=late)
        expect(shown(c, s, "ledger")["mode"] == "strict", f"{shown(c, s, 'ledger')}")
        read()
        c.until("all is settled", lambda: shown(c, s, "ledger")["backlog_messages"] == 0)
        words = seen.read_text().splitlines()
        expect(words[:3] == ["one 1", "three 1", "five 1"], f"{words}")
        expect(words[-3:] == ["one 2", "two 1", "four 1"], f"{words}")
        other = c.cli("sub", "weather", "--durable", "ledger", "--idle", "300ms", "--sidecar", s.ipc)
        expect(other.returncode == 4 and b"exists as a strict subscription" in other.stderr, other.stderr.decode())

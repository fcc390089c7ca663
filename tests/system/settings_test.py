"""What docs/commands.md promises of `streams set`, `subscriptions set` and `--expire`, said to real processes."""
import json
import time

from harness import Cluster, expect
from registry import scenario


def said(done, what):
    expect(done.returncode == 0, f"{what} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def subscription(c, s, stream="orders"):
    streams = {each["name"]: each for each in c.status(s)["streams"]}
    return streams[stream]["subscriptions"][0]


@scenario
def messages_that_are_too_old_are_gone_or_dead_letters():
    """`send --expire`, `expire_after`: a gap tells of it, or they are dead letters; age survives kill -9."""
    with Cluster() as c:
        s = c.sidecar()
        said(c.cli("send", "orders", "--expire", "1500ms", "--sidecar", s.ipc, input=b"fish\n"), "send")
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"stones\n"), "send")
        s.kill()
        s.start()
        c.until("the fish is gone", lambda: subscription(c, s)["expired"] == 1)
        got = c.cli("recv", "orders", "--count", "1", "--from", s.ipc, "--json")
        expect('"stones"' in said(got, "recv") and b"expired" in got.stderr, f"{got.stdout} {got.stderr}")
        told = json.loads(said(c.cli("streams", "set", "orders", "expire_after=300ms", "expired=dead", "--json",
                                     "--sidecar", s.ipc), "streams set"))
        expect(told["expire_after_ms"] == 300 and told["expired_dead"] is True, f"{told}")
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"milk\n"), "send")
        c.until("the milk is a dead letter", lambda: subscription(c, s)["dead"] == 1)
        letters = said(c.cli("dead", "list", "orders", "--sidecar", s.ipc), "dead list")
        expect("expired" in letters, letters)
        unknown = c.cli("streams", "set", "orders", "expires=1h", "--sidecar", s.ipc)
        expect(unknown.returncode == 2 and b"did you mean" in unknown.stderr, unknown.stderr.decode())


@scenario
def each_subscription_tries_again_in_its_own_way():
    """`subscriptions set`: after two attempts the message is a dead letter, also after a restart."""
    with Cluster() as c:
        s = c.sidecar()
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"2 apples\n"), "send")
        rules = ["attempts_max=2", "retry_initial=100ms", "retry_factor=1.5", "retry_max=1s"]
        told = json.loads(said(c.cli("subscriptions", "set", "orders", "workers", *rules, "--json", "--sidecar", s.ipc),
                               "subscriptions set"))
        rule = {"initial_ms": 100, "factor_percent": 150, "max_ms": 1000, "attempts_max": 2}
        expect(told["retry"] == rule, f"{told}")
        s.kill()
        s.start()
        shown = subscription(c, s)
        expect((shown["attempts_max"], shown["retry_initial_ms"]) == (2, 100), f"{shown}")
        worker = c.cli("recv", "orders", "--exec", "exit 75", "--idle", "3s", "--from", s.ipc)
        expect(subscription(c, s)["dead"] == 1, f"{subscription(c, s)} {worker.stderr.decode()}")
        odd = ((["workers", "attempts_max=0"], "at least 1"), (["workers", "retry_factor=0.5"], "from 1 to"),
               (["workers", "tries=2"], "is no rule"), (["nobody", "attempts_max=2"], "nobody"))
        for words, why in odd:
            done = c.cli("subscriptions", "set", "orders", *words, "--sidecar", s.ipc)
            expect(done.returncode != 0 and why in done.stderr.decode(), f"{words}: {done.stderr.decode()}")


@scenario
def a_delayed_message_comes_at_its_time():
    """`send --delay`: nobody gets it before, what is sent later does not wait for it, and a kill -9 changes nothing."""
    with Cluster() as c:
        s = c.sidecar()
        began = time.monotonic()
        said(c.cli("send", "orders", "--delay", "4s", "--sidecar", s.ipc, input=b"later\n"), "send")
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"now\n"), "send")
        c.until("it is parked", lambda: subscription(c, s)["parked"] == 1)
        s.kill()
        s.start()
        first = said(c.cli("recv", "orders", "--count", "1", "--from", s.ipc), "recv")
        expect(first == "now\n", first)
        second = said(c.cli("recv", "orders", "--count", "1", "--from", s.ipc), "recv")
        expect(second == "later\n", second)
        expect(time.monotonic() - began >= 4, f"it came after {time.monotonic() - began:.1f} s")
        odd = ((["send", "orders", "--delay", "2s", "--expire", "1s"], "longer than --delay"),
               (["pub", "weather", "oslo", "--delay", "2s"], "--delay"))
        for words, why in odd:
            refused = c.cli(*words, "--sidecar", s.ipc, input=b"x\n")
            expect(refused.returncode == 2 and why in refused.stderr.decode(), refused.stderr.decode())


@scenario
def where_a_message_is_can_be_asked_for():
    """`restante outcome`: waiting, in hand, tried, a dead letter, done; and what is not there."""
    with Cluster() as c:
        s = c.sidecar()

        def state(number):
            told = c.cli("outcome", f"orders/{number}", "--json", "--sidecar", s.ipc)
            return json.loads(said(told, "outcome"))["subscriptions"][0]
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"good\nbad\nlate\n"), "send")
        expect(state(1)["state"] == "waiting", f"{state(1)}")
        work = 'read -r line; case $line in good) exit 0;; bad) exit 65;; *) exit 75;; esac'
        c.cli("recv", "orders", "--exec", work, "--count", "2", "--from", s.ipc)
        c.until("the bad one is a dead letter", lambda: subscription(c, s)["dead"] == 1)
        c.until("the good one is done", lambda: state(1)["state"] == "done")
        expect(state(2)["reason"] == "a dead letter", f"{state(2)}")
        text = said(c.cli("outcome", "orders/2", "--sidecar", s.ipc), "outcome")
        expect("restante dead show orders/workers/2" in text, text)
        nobody = c.cli("outcome", "orders/99", "--sidecar", s.ipc)
        expect(nobody.returncode == 1 and b"has no message 99 yet" in nobody.stderr, nobody.stderr.decode())
        odd = c.cli("outcome", "orders", "--sidecar", s.ipc)
        expect(odd.returncode == 2 and b"orders/1042" in odd.stderr, odd.stderr.decode())


@scenario
def a_stream_at_its_limit_drops_the_oldest_or_holds_its_sender():
    """`streams set max_messages= on_limit=`: a gap, or the sender waits and is told which limit it is."""
    with Cluster() as c:
        s = c.sidecar()
        many = b"".join(b"%d\n" % n for n in range(100))
        for stream, then in (("telemetry", "drop_oldest"), ("orders", "refuse")):
            said(c.cli("streams", "set", stream, "max_messages=16", f"on_limit={then}", "--sidecar", s.ipc), "set")
        said(c.cli("send", "telemetry", "--sidecar", s.ipc, input=many), "send")
        c.until("the oldest went", lambda: subscription(c, s, "telemetry")["cut"] >= 84)
        got = c.cli("recv", "telemetry", "--idle", "1s", "--from", s.ipc)
        expect(said(got, "recv").split()[-1] == "99" and b"the stream had reached its limit" in got.stderr, f"{got}")
        held = c.cli("send", "orders", "--window", "1KiB", "--timeout", "2s", "--sidecar", s.ipc, input=many * 20)
        expect(held.returncode == 1, held.stderr.decode())
        for part in (b"stream orders is at its limit of 16 messages", b"streams set orders max_messages="):
            expect(part in held.stderr, held.stderr.decode())
        said(c.cli("streams", "set", "*", "limit=none", "--sidecar", s.ipc), "set of all")
        streams = {each["name"]: each for each in c.status(s)["streams"]}
        expect({each["max_messages"] for each in streams.values()} == {0}, f"{streams}")


@scenario
def a_backlog_is_handed_out_at_its_rate():
    """`drain_messages=`: so many a second, whoever takes them; without it at once."""
    with Cluster() as c:
        s = c.sidecar()
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"".join(b"%d\n" % n for n in range(1000))), "send")
        said(c.cli("streams", "set", "orders", "drain_messages=100", "--sidecar", s.ipc), "set")
        began = time.monotonic()
        said(c.cli("recv", "orders", "--count", "300", "--from", s.ipc), "recv")
        took = time.monotonic() - began
        expect(2.5 <= took < 15, f"300 at 100 a second took {took:.1f} s")
        said(c.cli("streams", "set", "orders", "drain=none", "--sidecar", s.ipc), "set")
        began = time.monotonic()
        said(c.cli("recv", "orders", "--count", "700", "--from", s.ipc), "recv")
        expect(time.monotonic() - began < 5, f"the rest took {time.monotonic() - began:.1f} s")


@scenario
def rules_of_a_file_hold_for_streams_that_are_still_to_be_made():
    """`up --rules`: by pattern, for what is there too, and a file that is half right is refused with its line."""
    with Cluster() as c:
        rules = c.directory / "rules.toml"
        rules.write_text('[stream."telemetry.*"]\nmax_messages = 16\non_limit = "drop_oldest"\n\n'
                         '[stream."*"]\nexpire_after = "1h"\n')
        s = c.sidecar()
        said(c.cli("send", "telemetry.old", "--sidecar", s.ipc, input=b"x\n"), "send")
        s.stop()
        s.extra = [*s.extra, "--rules", str(rules)]
        s.start()
        said(c.cli("send", "telemetry.new", "--sidecar", s.ipc, input=b"x\n"), "send")
        said(c.cli("send", "orders", "--sidecar", s.ipc, input=b"x\n"), "send")
        streams = {each["name"]: (each["max_messages"], each["expire_after_ms"]) for each in c.status(s)["streams"]}
        expect(streams == {"telemetry.old": (16, 0), "telemetry.new": (16, 0), "orders": (0, 3_600_000)}, f"{streams}")
        for text, why in (("[stream.a]\nretain = 5\n", "line 2"), ("[stream.a]\nmax_message = 5\n", "did you mean"),
                          ("[streams.a]\n", "no 'streams'"), ("[stream.a\n", "line 1"),
                          ('[stream.a]\non_limit = "refuse"\n', "max_messages"), ("[stream]\na = 5\n", "a table")):
            rules.write_text(text)
            refused = c.cli("up", "--rules", str(rules), "--store", str(c.directory / "other"))
            expect(refused.returncode == 2 and why in refused.stderr.decode(), f"{text}: {refused.stderr.decode()}")

"""What docs/commands.md promises of `streams set`, `subscriptions set` and `--expire`, said to real processes."""
import json

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

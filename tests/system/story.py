"""A cluster for one story of publish and subscribe: a sidecar, publishers on one stream, and subscriptions of it.

    with Story(Subscription("one", ("#",), frozenset("p"))) as c:
        c.read("one"), c.known()
        c.end(c.publish(count=1000))

The oracle judges each subscription by itself: all that was confirmed and that it owns, once, each topic in order.
"""
import dataclasses
import json

import subscription_oracle
from harness import Cluster, Process, expect, program, resident
from subscription import Subscription
from subscription_tally import SubscriptionTally

TOPICS = ["north", "north/oslo", "north/bergen/port", "south/rome", "south/oslo", "$sys/load"]
STREAM = "news"
PATIENCE = 60.0   # seconds for one step: these run beside other work, and are not about speed


def wants(name, *filters, exclusive=True, sources="p"):
    return Subscription(name, filters or ("#",), frozenset(sources), exclusive)


class Story(Cluster):
    def __init__(self, *subscriptions, **sidecar):
        super().__init__()
        self.subscriptions = {each.name: each for each in subscriptions}
        self.tally = SubscriptionTally(self.directory, subscriptions)
        self.s = self.sidecar(**sidecar)

    def until(self, what, condition, deadline=PATIENCE):
        return super().until(what, condition, deadline)

    def seen(self, kind, count, deadline=PATIENCE):
        return super().seen(kind, count, deadline)

    def read(self, name, number=0, end=None, **options):
        """A reader of the subscription `name`, by the endpoint `end`."""
        each = self.subscriptions.setdefault(name, wants(name))
        shared = {} if each.exclusive else {"shared": True}
        return self.worker(f"{name}-{number}", {STREAM: [end or self.s.ipc]}, filter=each.filters,
                           **({"subscription": name} | shared | options))

    def listen(self, name):
        """A subscriber without a name, of everything: nothing is kept for it, and live_oracle.py judges it."""
        def arguments(life):
            return [program("traffic_worker"), "--log", self.directory / f"listener-{name}.{life}.log", "--pull",
                    f"{STREAM}@{self.s.ipc}", "--subscription", "", "--filter", "#"]
        return self.add(Process(self, f"listener-{name}", arguments))

    def publish(self, source="p", **options):
        topics = {} if "topics" in options else {"topic": TOPICS}
        return self.producer(source, self.s, stream=STREAM, **(topics | options))

    def stream(self):
        return next((one for one in self.status(self.s)["streams"] if one["name"] == STREAM), {})

    def books(self, name):
        """What the sidecar says of the subscription; nothing if there is none."""
        return next((one for one in self.stream().get("subscriptions", []) if one["name"] == name), {})

    def known(self, *names):
        """Waits until each has a reader at the sidecar."""
        for name in names or self.subscriptions:
            self.until(f"{name} has subscribed", lambda name=name: self.books(name).get("sessions"))

    def heard(self, count):
        """Waits until so many subscribers without a name are there."""
        self.until(f"{count} are listening", lambda: self.stream().get("listeners") == count)

    def got(self, name, count):
        """Waits until the subscription has had so many messages."""
        self.until(f"{name} has had {count}", lambda: len(self.tally.update().got[name]) >= count)

    def nothing_is_owed(self, *names):
        """Every ack has arrived, also those on their way when the last message came."""
        for name in names or self.subscriptions:
            self.until(f"nothing waits for {name}",
                       lambda name=name: self.books(name)["backlog_messages"] == 0)

    def drop(self, name):
        """Nothing is expected of the subscription any more: its logs go."""
        del self.subscriptions[name]
        self.tally.subscriptions = dict(self.subscriptions)
        self.tally.owners.clear()
        self.tally.missing.pop(name, None)
        for log in self.directory.glob(f"worker-{name}-*.log-*"):
            log.unlink()

    def expect_from_now_on(self, subscription):
        """It was made in mid-stream: what is not attempted yet it must have."""
        since = self.tally.update().count("attempted") + 1
        self.subscriptions[subscription.name] = dataclasses.replace(subscription, since=since)
        self.tally.subscriptions = dict(self.subscriptions)
        self.tally.owners.clear()

    def verdict(self):
        return subscription_oracle.judge(self.directory, self.subscriptions.values())

    def verdict_of(self, name):
        return subscription_oracle.judge_each(self.directory, self.subscriptions.values())[1][name]

    def end(self, *publishers, count=None, names=(), deadline=PATIENCE):
        """Publishers end by themselves, everything comes, and every ack (of `names`) is in; then the oracle speaks."""
        for publisher in publishers:
            status = publisher.wait(deadline)
            expect(status == 0, f"{publisher.name} ended with {status}: {publisher.text()}")
        self.settle(deadline)
        self.nothing_is_owed(*names)
        self.check()
        verdict = self.verdict()
        print(verdict.line())
        expect(verdict.good, f"{verdict.line()} reordered {verdict.reordered} gaps {verdict.gaps} "
                             f"{json.dumps(verdict.examples)}")
        if count is not None:
            expect(verdict.confirmed == count, f"confirmed {verdict.confirmed}, not {count}: {verdict.line()}")
        return verdict


def memory_stays_below(octets, process):
    """The most that it ever took."""
    used = resident(process.pid, "VmHWM")
    print(f"{process.name}: at most {used >> 20} MiB")
    expect(used < octets, f"{process.name} took {used >> 20} MiB, more than {octets >> 20}")

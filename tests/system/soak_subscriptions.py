#!/usr/bin/env -S python3 -B
"""Kills anything, any time, while several publish on many topics and subscriptions of both modes read them.

    soak_subscriptions.py --kills 500 [as soak.py]

Three publishers, each with a stream of its own, at one or two sidecars. Five subscriptions with filters that are drawn
anew each time: three exclusive ones (one reader, each topic in order), one of them strict, and two shared ones (two
readers). They are there before the first message is published, so each must have all that its filters match. Now and
then all readers of one of them, or of all, stay away for a while. SIGTERM is for publishers too, and a SIGSTOP may be
longer than a link may be silent.

With control="ack-first" the readers ack before they write down what came: that must go red as well.
"""
import itertools
import sys

import soak
import subscription_oracle
from subscription import Subscription
from subscription_tally import SubscriptionTally

TOPICS = ["north", "north/", "north/oslo", "north/bergen/port", "south/rome", "south/oslo", "east", "east//dock",
          "/west", "$sys/load", *(f"room/{number}/heat" for number in range(20))]
FILTERS = ["#", "+", "+/+", "+/oslo", "+/+/heat", "/#", "/+", "north/#", "north/+", "north/oslo", "south/rome",
           "east/#", "east/+/dock", "room/+/heat", "room/7/heat", "room/#", "$sys/#", "$sys/load"]
ACK_FIRST_MS = 20   # from the ack to the record, in the control


class SubscriptionCampaign(soak.Campaign):
    stop_s = (0.1, 5.0)
    stop_share, term_share = 0.15, 0.15
    producers_leave = True

    def set_up(self):
        c, arguments = self.c, self.arguments
        extra = ["--no-elision"] if arguments.no_elision else []
        binary = "restante-control" if arguments.control is True else "restante"
        self.sidecars = [c.sidecar(f"s{n}", extra=extra, binary=binary, listen="tcp://127.0.0.1:0")
                         for n in range(self.rng.choice((1, 2, 2)))]
        near, far = self.sidecars[0], self.sidecars[-1]
        self.ends = {"a": ("news", near), "b": ("news" if far is not near else "views", far), "c": ("prices", far)}
        self.subscriptions = [self.draw(name, exclusive) for name, exclusive in
                              (("one", True), ("two", True), ("all", True), ("crowd", False), ("team", False))]
        c.tally = SubscriptionTally(c.directory, self.subscriptions)
        self.readers = {each: [self.reader(each, number) for number in range(2 - each.exclusive)]
                        for each in self.subscriptions}
        self.workers = list(itertools.chain.from_iterable(self.readers.values()))
        c.until("every subscription is known", self.all_known)
        self.producers = [c.producer(source, sidecar, stream=stream, size=60, size_max=1500, topic=TOPICS,
                                     rate=arguments.rate)
                          for source, (stream, sidecar) in self.ends.items()]
        self.everyone = self.sidecars + self.producers + self.workers

    def draw(self, name, exclusive):
        filters = ["#"] if name == "all" else self.rng.sample(FILTERS, self.rng.randint(1, 3))
        sources = self.ends if name == "all" else self.rng.sample(sorted(self.ends), self.rng.randint(2, 3))
        return Subscription(name, tuple(filters), frozenset(sources), exclusive)

    def reader(self, subscription, number):
        pulls = {}
        for source in sorted(subscription.sources):
            stream, sidecar = self.ends[source]
            pulls.setdefault(stream, []).append(self.rng.choice((sidecar.ipc, sidecar.listen)))
        options = {} if subscription.exclusive else {"shared": True}
        if subscription.name == "two":
            options["strict"] = True
        if self.arguments.control == "ack-first":
            options["ack_first"] = ACK_FIRST_MS
        return self.c.worker(f"{subscription.name}-{number}", pulls, subscription=subscription.name,
                             filter=subscription.filters, **options)

    def all_known(self):
        due = {(sidecar.name, stream, subscription.name) for subscription in self.subscriptions
               for stream, sidecar in map(self.ends.get, subscription.sources)}
        known = {(sidecar.name, stream["name"], subscription["name"]) for sidecar in self.sidecars
                 for stream in self.c.status(sidecar)["streams"] for subscription in stream["subscriptions"]}
        return due <= known

    def warm_up(self):
        self.c.until("each subscription has had something", lambda: self.c.tally.update().begun(TOPICS))

    def absentees(self):
        if self.rng.random() < 0.3:
            return self.workers
        return self.readers[self.rng.choice(self.subscriptions)]

    def verdict(self):
        return subscription_oracle.judge(self.c.directory, self.subscriptions)

    def record(self, verdict):
        return super().record(verdict) | {
            "subscriptions": {s.name: [*s.filters, "of", *sorted(s.sources)] for s in self.subscriptions}}


def campaign(kills, seed, rate=800, **options):
    return soak.campaign(kills, seed, rate=rate, kind=SubscriptionCampaign, **options)


if __name__ == "__main__":
    sys.exit(soak.main(campaign, rate=800))

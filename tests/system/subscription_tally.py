"""What the logs of publishers and subscribers say so far, read as they grow: what each subscription is still owed."""
import collections

from harness import Tally
from subscription import subscription_of


class SubscriptionTally(Tally):
    """`count("delivered")` counts a message once, whoever got it first; `owed()` once for each subscription."""

    def __init__(self, directory, subscriptions):
        super().__init__(directory)
        self.subscriptions = {subscription.name: subscription for subscription in subscriptions}
        self.topics = {}                                   # (source, number) -> topic
        self.got = collections.defaultdict(set)            # name of a subscription -> {(source, number)}
        self.missing = collections.defaultdict(set)        # the same, of what is confirmed and was not delivered
        self.owners = {}                                   # (source, topic) -> names of subscriptions

    def owners_of(self, source, topic):
        if (source, topic) not in self.owners:
            self.owners[source, topic] = [name for name, subscription in self.subscriptions.items()
                                          if source in subscription.sources and subscription.owns(topic)]
        return self.owners[source, topic]

    def note(self, name, line):
        known = {source: set(numbers) for source, numbers in self.confirmed.items()} if line.startswith("M ") else None
        super().note(name, line)
        kind, _, rest = line.partition(" ")
        if kind == "A":
            number, _, topic = rest.split(" ", 2)
            self.topics[self.sources[name], int(number)] = topic
        elif kind == "C":
            self.confirm(self.sources[name], int(rest))
        elif kind == "M":
            source = self.sources[name]
            for number in self.confirmed[source] - known.get(source, set()):
                self.confirm(source, number)
        elif kind == "D":
            source, number = rest.split(" ")[:2]
            subscription = subscription_of(name)
            self.got[subscription].add((source, int(number)))
            self.missing[subscription].discard((source, int(number)))

    def confirm(self, source, number):
        for name in self.owners_of(source, self.topics[source, number]):
            if number >= self.subscriptions[name].since and (source, number) not in self.got[name]:
                self.missing[name].add((source, number))

    def owed(self):
        return sum(map(len, self.missing.values()))

    def begun(self, topics):
        """Whether each subscription has had something of each of its publishers that has `topics` for it."""
        return all({source for source, _ in self.got[name]} >= subscription.sources
                   for name, subscription in self.subscriptions.items() if any(map(subscription.owns, topics)))

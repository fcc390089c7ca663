"""The oracle of publish/subscribe: each subscription is judged by itself, as if the others were not there.

What a publisher attempted on a topic that no filter of a subscription matches is unexpected there. An exclusive one has
one reader at a time, so that the logs of its lives follow each other: of each publisher and topic, what comes there for
the first time must be newer than all that came before it.
"""
import collections
import dataclasses
import pathlib
import re

from oracle import Oracle, Verdict, by_life
from subscription import subscription_of

MOST = ("stable_ms_p50", "stable_ms_p99", "stable_ms_max")


class SubscriptionOracle(Oracle):
    """Of one subscription, by what another oracle has read of its publishers."""

    def __init__(self, subscription, publishers):
        super().__init__()
        self.subscription = subscription
        for source in sorted(subscription.sources & publishers.attempts.keys()):
            attempts = {number: content for number, content in publishers.attempts[source].items()
                        if subscription.owns(topic_of(content))}
            self.attempts[source] = attempts
            confirms = publishers.confirms[source]
            self.confirms[source] = {number: ms for number, ms in confirms.items()
                                     if number in attempts and number >= subscription.since}
        self.newest = collections.defaultdict(int)    # (source, topic) -> number

    def came_first(self, name, source, number, content, ident):
        place = source, topic_of(content)
        if self.subscription.exclusive and number < self.newest[place]:
            self.verdict.reordered += 1
            self.example("reordered", f"{source} {number} ({ident}) of {place[1]} after {self.newest[place]} in {name}")
        self.newest[place] = max(self.newest[place], number)


def topic_of(content):
    return content.partition(" ")[2]


def judge_each(directory, subscriptions):
    """What the publishers said, and a verdict for each subscription by its name."""
    publishers = Oracle()
    for path in sorted(pathlib.Path(directory).glob("producer-*.log"), key=by_life):
        publishers.read_producer(path.read_text(errors="replace"))
    logs = collections.defaultdict(list)
    for path in sorted(pathlib.Path(directory).glob("worker-*.log-*"), key=life_of):
        logs[subscription_of(path.name)].append(path)
    verdicts = {}
    for subscription in subscriptions:
        oracle = SubscriptionOracle(subscription, publishers)
        for path in logs.pop(subscription.name, []):
            oracle.read_worker(path.name, path.read_text(errors="replace"))
        verdicts[subscription.name] = oracle.judge()
    if logs:
        raise ValueError(f"logs of subscriptions that nobody asked for: {sorted(logs)}")
    return publishers, verdicts


def judge(directory, subscriptions):
    """One verdict on all subscriptions. `delivered` and what is wrong count once for each; the messages once in all."""
    publishers, verdicts = judge_each(directory, subscriptions)
    verdict = Verdict(forgotten=publishers.verdict.forgotten, examples=publishers.verdict.examples)
    for name, each in verdicts.items():
        add(verdict, name, each)
    verdict.attempted = sum(map(len, publishers.attempts.values()))
    verdict.confirmed = sum(map(len, publishers.confirms.values()))
    return verdict


def life_of(path):
    return int(re.search(r"\.(\d+)\.log-", path.name).group(1)), path.name


def add(verdict, name, other):
    for field in dataclasses.fields(Verdict):
        if field.name == "examples":
            for kind, examples in other.examples.items():
                verdict.examples.setdefault(kind, []).extend(f"{name}: {example}" for example in examples)
        elif field.name in MOST:
            setattr(verdict, field.name, max(getattr(verdict, field.name), getattr(other, field.name)))
        else:
            setattr(verdict, field.name, getattr(verdict, field.name) + getattr(other, field.name))

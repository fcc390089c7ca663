"""The oracle of traffic_crowd: for each of its very many subscriptions, whether it had what its filters own, in order.

Subscription I owns `room/I/heat` and `all`. subscription_oracle.py would match each message against each filter.
"""
import collections
from dataclasses import dataclass, field

from oracle import Oracle, whole_lines


@dataclass
class CrowdVerdict:
    confirmed: int = 0
    owed: int = 0            # to all subscriptions together
    delivered: int = 0
    duplicates: int = 0
    missing: int = 0
    unexpected: int = 0      # not owned, never attempted, or other octets
    reordered: int = 0       # first deliveries of older messages, of their subscription and topic
    examples: dict = field(default_factory=dict)

    @property
    def good(self):
        return not (self.duplicates or self.missing or self.unexpected or self.reordered)

    def wrong(self, kind, what):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples.setdefault(kind, [])) < 5:
            self.examples[kind].append(what)


def owns(number, topic):
    return topic in ("all", f"room/{number}/heat")


def judge(producer_logs, crowd_logs, count):
    """Of `count` subscriptions that were there all the time; the logs in the order of lives."""
    publishers, verdict = Oracle(), CrowdVerdict()
    for log in producer_logs:
        publishers.read_producer(log.read_text())
    [attempts], [confirms] = publishers.attempts.values(), publishers.confirms.values()
    got, newest = collections.defaultdict(set), collections.defaultdict(int)
    for line in (line for log in crowd_logs for line in whole_lines(log.read_text()) if not line.startswith("T ")):
        reader, _, _, number, crc, _, _, topic = line.split(" ", 7)
        reader, number = int(reader), int(number)
        if attempts.get(number) != f"{crc} {topic}" or not owns(reader, topic):
            verdict.wrong("unexpected", line)
        elif number in got[reader]:
            verdict.wrong("duplicates", line)
        else:
            got[reader].add(number)
            if number < newest[reader, topic]:
                verdict.wrong("reordered", line)
            newest[reader, topic] = number
    verdict.confirmed, verdict.delivered = len(confirms), sum(map(len, got.values()))
    for number in confirms:
        topic = attempts[number].partition(" ")[2]
        owners = range(count) if topic == "all" else [int(topic.split("/")[1])]
        verdict.owed += len(owners)
        for reader in owners:
            if number not in got[reader]:
                verdict.wrong("missing", f"{number} at {reader}")
    return verdict

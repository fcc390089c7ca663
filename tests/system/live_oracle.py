"""The oracle of a subscriber without a name that wants `#`: what it was not able to hear it must have been told.

The reference is what a durable subscription of the same stream got. Only for topics that `#` wants: a gap may stand for
those that begin with `$`, too. Before the first that it heard, and behind the last, nothing is promised.
"""
import collections
import json
from dataclasses import dataclass, field

from oracle import whole_lines


@dataclass
class Heard:
    heard: int = 0
    missed: int = 0          # published, not heard, and told
    gaps: int = 0
    untold: int = 0          # missed, and the next message came without a word about it: the first that must be zero
    empty: int = 0           # gaps in which nothing was missed
    again: int = 0           # heard twice, or heard after it was told as missed
    reordered: int = 0
    other: int = 0           # not what was published under that id
    examples: dict = field(default_factory=dict)

    @property
    def good(self):
        return not (self.untold or self.empty or self.again or self.reordered or self.other)

    def wrong(self, kind, what):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples.setdefault(kind, [])) < 5:
            self.examples[kind].append(what)

    def line(self):
        return (f"heard {self.heard} missed {self.missed} gaps {self.gaps} untold {self.untold} empty {self.empty} "
                f"again {self.again} reordered {self.reordered} other {self.other} {json.dumps(self.examples)}")


def published(log_text):
    """sequence -> content, of what a durable subscription got."""
    found = {}
    for line in whole_lines(log_text):
        if line.startswith("D "):
            source, number, crc, ident, _, topic = line[2:].split(" ", 5)
            found[int(ident.partition(":")[2])] = (source, number, crc, topic)
    return found


def judge(text, reference):
    """`text`: the log of one life. `reference`: what published() said."""
    verdict, order = Heard(), sorted(reference)
    place = {sequence: at for at, sequence in enumerate(order)}
    seen, newest, told_to, next_due = set(), collections.defaultdict(int), 0, None
    missed = set()
    for line in whole_lines(text):
        kind, _, rest = line.partition(" ")
        if kind == "G":
            first, last = map(int, rest.split(" ")[:2])
            verdict.gaps += 1
            fresh = [] if next_due is None else [s for s in order[next_due:] if first <= s <= last]
            if not fresh:
                verdict.wrong("empty", rest)
            else:
                missed.update(fresh)
                told_to = max(told_to, last)
        elif kind == "D":
            source, number, crc, ident, _, topic = rest.split(" ", 5)
            sequence = int(ident.partition(":")[2])
            verdict.heard += 1
            if reference.get(sequence) != (source, number, crc, topic):
                verdict.wrong("other", rest)
                continue
            if sequence in seen or sequence in missed:
                verdict.wrong("again", rest)
            if sequence < newest[topic]:
                verdict.wrong("reordered", rest)
            newest[topic] = max(newest[topic], sequence)
            seen.add(sequence)
            for before in order[place[sequence] if next_due is None else next_due:place[sequence]]:
                if before not in seen and before not in missed:
                    verdict.wrong("untold", f"{before} before {rest}")
            next_due = place[sequence] + 1
    verdict.missed = len(missed)
    return verdict

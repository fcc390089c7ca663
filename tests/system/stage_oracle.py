"""What became of each input of a chain of stages, from outside of the product.

The producer's log says what went in (oracle.py). The sinks wrote down each output before they acked it: beside the line
`D` a line `E <effect id>`. The dead letters are read from the stores when nobody serves them any more. The effects are
applied to a table with a unique key, as an application with an inbox would do it.
"""
import collections
import pathlib
import sqlite3
from dataclasses import asdict, dataclass, field

import oracle

FAN_STAGE = "s1"   # what the stage with several outputs reads


def fan_of(number):
    """How many outputs a message has at the end. As traffic_stage.cpp has it."""
    if number % 7 == 0:
        return 0
    return 3 if number % 5 == 0 else 1


@dataclass
class Verdict:
    """The first group must be zero."""
    lost: int = 0        # effects of confirmed inputs that are not there, though no dead letter says why
    twice: int = 0       # effects beyond what an input has: one work under two effect ids
    unexpected: int = 0  # what nobody sent
    corrupt: int = 0     # other octets than were sent, or one effect id with two contents
    unburied: int = 0    # poison without a dead letter, or with an effect

    attempted: int = 0
    confirmed: int = 0
    effects: int = 0     # rows in the table
    due: int = 0         # what it should be: of all inputs, less the dead letters
    delivered: int = 0   # to sinks
    again: int = 0       # of those, what the table had already
    dead: int = 0
    dead_innocents: int = 0  # died with others too often: allowed, they are not lost
    examples: dict = field(default_factory=dict)

    @property
    def good(self):
        return not (self.lost or self.twice or self.unexpected or self.corrupt or self.unburied)

    def line(self):
        return (f"inputs {self.confirmed} effects {self.effects} due {self.due} delivered {self.delivered} "
                f"again {self.again} dead {self.dead} innocents {self.dead_innocents} lost {self.lost} "
                f"twice {self.twice} unexpected {self.unexpected} corrupt {self.corrupt} unburied {self.unburied}")

    def record(self):
        return asdict(self) | {"good": self.good}

    def example(self, kind, what):
        seen = self.examples.setdefault(kind, [])
        if len(seen) < 5:
            seen.append(what)


def dead_letters(stores):
    """{number: Counter of the streams in which it died}. A killed sidecar's log is read as its successor would."""
    letters = collections.defaultdict(collections.Counter)
    for store in stores:
        database = sqlite3.connect(pathlib.Path(store) / "restante.db")
        rows = database.execute("SELECT stream.name, dead.payload FROM dead JOIN stream ON stream.id = dead.stream")
        for stream, payload in rows.fetchall():
            number = int(bytes(payload).split(b" ")[1])
            letters[number][stream.partition("@")[0]] += 1
        database.close()
    return letters


class EffectTable:
    """What an application would keep: one row an effect, whatever comes how often."""

    def __init__(self):
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE TABLE effect(id TEXT PRIMARY KEY, number INTEGER NOT NULL, crc TEXT NOT NULL)")

    def apply(self, effect, number, crc):
        """Whether it was new; None if the id stands for something else already."""
        new = self.database.execute("INSERT OR IGNORE INTO effect VALUES(?, ?, ?)", (effect, number, crc)).rowcount
        if new:
            return True
        known = self.database.execute("SELECT number, crc FROM effect WHERE id = ?", (effect,)).fetchone()
        return False if known == (number, crc) else None

    def by_number(self):
        return dict(self.database.execute("SELECT number, count(*) FROM effect GROUP BY number"))


def read_sinks(directory, table, attempts, verdict):
    for path in sorted(pathlib.Path(directory).glob("worker-sink*.log*")):
        number = crc = None
        for line in oracle.whole_lines(path.read_text(errors="replace")):
            kind, _, rest = line.partition(" ")
            if kind == "D":
                number, crc = int(rest.split(" ")[1]), rest.split(" ")[2]
            if kind != "E":
                continue
            verdict.delivered += 1
            if number not in attempts:
                verdict.unexpected += 1
                verdict.example("unexpected", f"{number} as {rest} in {path.name}")
            elif attempts[number] != crc:
                verdict.corrupt += 1
                verdict.example("corrupt", f"{number} as {rest} in {path.name}")
            new = table.apply(rest, number, crc)
            verdict.again += new is False
            verdict.corrupt += new is None
            if new is None:
                verdict.example("corrupt", f"{rest} is another message than {number} too, in {path.name}")


def judge(directory, stores, poison=()):
    """The verdict on the logs in `directory`. `poison` is what no stage survives."""
    of_producers, verdict, table = oracle.Oracle(), Verdict(), EffectTable()
    for path in sorted(pathlib.Path(directory).glob("producer-*.log"), key=oracle.by_life):
        of_producers.read_producer(path.read_text(errors="replace"))
    attempts = {number: crc for each in of_producers.attempts.values() for number, crc in each.items()}
    confirmed = {number for each in of_producers.confirms.values() for number in each}
    verdict.attempted, verdict.confirmed = len(attempts), len(confirmed)
    read_sinks(directory, table, attempts, verdict)
    letters, effects = dead_letters(stores), table.by_number()
    verdict.effects = sum(effects.values())
    for number in sorted(attempts):
        judge_input(verdict, number, effects.get(number, 0), letters.get(number), number in confirmed)
        if number in poison and number in confirmed and (number not in letters or effects.get(number)):
            verdict.unburied += 1
            verdict.example("unburied", f"{number}: {effects.get(number, 0)} effects, {letters.get(number)}")
    verdict.dead = sum(sum(each.values()) for each in letters.values())
    verdict.dead_innocents = sum(sum(each.values()) for number, each in letters.items() if number not in poison)
    return verdict


def judge_input(verdict, number, effects, letters, confirmed):
    wanted = fan_of(number)
    excused = 0
    if letters:
        whole = letters["s0"] + letters[FAN_STAGE] > 0
        excused = wanted if whole else min(wanted, letters["s2"])
    # A dead letter excuses what is missing; what it did not take (an output that went twice) is due all the same.
    missing = wanted - effects
    verdict.due += effects if 0 <= missing <= excused else wanted
    if missing < 0:
        verdict.twice -= missing
        verdict.example("twice", f"{number} has {effects} effects, not {wanted}")
    if confirmed and missing > excused:
        verdict.lost += missing - excused
        verdict.example("lost", f"{number} has {effects} effects, not {wanted}; dead letters: {letters}")

"""Workers that count in a database of their own are killed all the time, and what they count is exact all the same."""
import random
import sqlite3

from harness import Cluster, Process, expect, program
from registry import scenario

MESSAGES = 4000


class Counter(Process):
    """exactly_once_worker on the database `db`; workers may share one."""

    def __init__(self, cluster, name, sidecar, stream, db=None, to=None, plain=False):
        self.db = cluster.directory / f"{db or name}.db"
        more = [*(["--to", to] if to else []), *(["--plain"] if plain else [])]
        super().__init__(cluster, name, lambda life: [
            program("exactly_once_worker"), "--db", self.db, "--stream", stream, "--from", sidecar.ipc,
            "--sidecar", sidecar.ipc, *more])

    def ask(self, query):
        try:
            books = sqlite3.connect(self.db, timeout=5)
            try:
                return books.execute(query).fetchone()[0]
            finally:
                books.close()
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0

    def counted(self):
        return self.ask("SELECT n FROM counter")


def send(c, sidecar, count):
    lines = "".join(f"message {number}\n" for number in range(count))
    done = c.cli("send", "work", "--sidecar", sidecar.ipc, input=lines.encode(), deadline=60)
    expect(done.returncode == 0, done.stderr.decode())


def kill_at_random(c, rng, victims, counter, count, kills):
    """Each victim dies about equally often, at moments that are spread over all that `counter` has to count."""
    for due in sorted(rng.randrange(1, count) for _ in range(kills)):
        c.until(f"{due} are counted", lambda: counter.counted() >= due, deadline=60)
        victim = rng.choice(victims)
        victim.kill().start()


def judge(counter, count):
    n, distinct = counter.counted(), counter.ask("SELECT count(*) FROM done")
    twice = counter.ask("SELECT count(*) FROM done WHERE times > 1")
    expect((n, distinct, twice) == (count, count, 0), f"{counter.name}: counted {n} of {count}, {distinct} different "
                                                      f"ones, {twice} more than once")


def run_chain(c, rng, count, kills):
    """Two workers with one database send what they count on to a third. Returns these, in that order."""
    s = c.sidecar()
    send(c, s, count)
    first = c.add(Counter(c, "first", s, "work", db="shared", to="next"))
    second = c.add(Counter(c, "second", s, "work", db="shared", to="next"))
    last = c.add(Counter(c, "last", s, "next"))
    kill_at_random(c, rng, [first, second, last, s], last, count, kills)
    c.until("all are counted by the last one", lambda: last.counted() >= count, deadline=60)
    c.until("nobody is owed any more", lambda: all(
        subscription["backlog_messages"] == 0
        for stream in c.status(s)["streams"] for subscription in stream["subscriptions"]))
    c.check()
    judge(first, count)
    judge(last, count)
    return first, last


@scenario
def exactly_once_under_kills():
    """Workers with inbox and outbox, the last of the chain and the sidecar die 40 times; each message counts once."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with Cluster() as c:
        came_again = 0
        for worker in run_chain(c, random.Random(seed), MESSAGES, 40):
            again, rows = worker.ask("SELECT again FROM counter"), worker.ask("SELECT count(*) FROM restante_inbox")
            print(f"{worker.name}: {worker.counted()} counted, {again} came again, {rows} rows in the inbox")
            came_again += again
            expect(rows <= 100, f"the inbox of {worker.name} grows with the messages: {rows} rows")
        expect(came_again > 0, "the test is pointless: nothing came again")


@scenario
def without_an_inbox_kills_count_twice():
    """The negative control: the same worker that commits and then acks counts some messages twice."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with Cluster() as c:
        s = c.sidecar()
        send(c, s, MESSAGES)
        plain = c.add(Counter(c, "plain", s, "work", plain=True))
        kill_at_random(c, random.Random(seed), [plain], plain, MESSAGES, 20)
        c.until("all are counted", lambda: plain.ask("SELECT count(*) FROM done") >= MESSAGES, deadline=60)
        twice = plain.ask("SELECT count(*) FROM done WHERE times > 1")
        print(f"{twice} of {MESSAGES} were counted more than once, {plain.counted()} in all")
        expect(twice > 0, "the test would not notice a message that is done twice")

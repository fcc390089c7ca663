"""Very many topics, subscriptions that want nothing of what is published, and subscribers that stand still."""
import json
import resource
import time

import crowd_oracle
import live_oracle
from harness import Process, expect, program
from registry import scenario
from story import STREAM, Story, memory_stays_below, wants

CROWD = 1000


@scenario
def filter_that_matches_nothing_pins_nothing():
    """A subscription wants nothing of what is published: its cursor moves and rows go; with another it gets on."""
    with Story(wants("none", "nobody/home"), wants("all"), extra=["--no-elision"]) as c:
        none = c.read("none")
        c.read("all")
        c.known()
        p = c.publish(rate=5000)
        c.got("all", 5000)
        none.stop()
        c.got("all", 12000)
        p.stop(60)
        c.end(p)
        end = c.stream()["confirmed_to"]
        expect(c.stream()["stored"] > 5000, f"the test is pointless: {c.stream()}")
        c.until("its cursor is at the end", lambda: c.books("none")["floor"] == end)
        c.until("nothing is kept", lambda: c.stream()["rows"] == 0)
        c.s.kill().start()
        c.until("nothing is kept after the kill", lambda: c.stream()["rows"] == 0)  # the last prune may come anew
        expect(c.books("none")["backlog_messages"] == 0, f"{c.stream()}")
        before = c.tally.count("attempted")
        p.start()
        c.seen("attempted", before + 3000)
        c.subscriptions["none"] = wants("none", "north/#")
        c.read("none", 1)
        c.known("none")
        c.expect_from_now_on(c.subscriptions["none"])
        c.seen("attempted", c.tally.count("attempted") + 4000)
        p.stop(60)
        c.end(p)
        expect(min(c.tally.got["none"])[1] > before + 3000 - 100, "something from before its filter was changed")


def rate_between(log, kind, begin, end):
    """Lines of a kind a second, between two times of time.monotonic()."""
    found, now = 0, 0
    for line in log.read_text().splitlines():
        if line.startswith("T "):
            now = int(line[2:]) / 1000
        found += line.startswith(kind) and begin <= now < end
    return found / (end - begin)


@scenario
def stopped_subscriber_overruns_the_publisher():
    """Two subscribers stand still until the PUB's limit is overrun: nobody else notices, one gets all, one is told."""
    with Story(wants("one"), wants("stopped"), wants("two", "room/+/heat")) as c:
        c.read("one"), c.read("two")
        still, ear, free = c.read("stopped"), c.listen("ear"), c.listen("free")
        c.known(), c.heard(2)
        p = c.publish(topics=300, size=400, rate=6000)
        c.got("one", 2000)
        marks = [time.monotonic()]
        c.got("one", 14000)
        marks.append(time.monotonic())
        still.pause(), ear.pause()
        c.got("one", 32000)
        marks.append(time.monotonic())
        still.resume(), ear.resume()
        c.got("stopped", 32000)
        c.got("one", len(c.tally.update().got["one"]) + 3000)
        p.stop(60)
        verdict = c.end(p)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")
        for log, kind in (("producer-p.1.log", "C "), (f"worker-one-0.1.log-{STREAM}", "D "),
                          (f"worker-two-0.1.log-{STREAM}", "D "), (f"{free.name}.1.log-{STREAM}", "D ")):
            alone, beside = (rate_between(c.directory / log, kind, *between) for between in (marks[:2], marks[1:]))
            print(f"{log}: {alone:.0f}/s with all awake, {beside:.0f}/s with two that stand still")
            expect(beside > alone / 2, f"{log} was slowed from {alone:.0f}/s to {beside:.0f}/s")
        reference = live_oracle.published((c.directory / f"worker-one-0.1.log-{STREAM}").read_text())
        for listener in (ear, free):
            heard = live_oracle.judge((c.directory / f"{listener.name}.1.log-{STREAM}").read_text(), reference)
            print(f"{listener.name}: {heard.line()}")
            expect(heard.good, f"{listener.name}: {heard.line()}")
            expect(listener is free or heard.missed > 1000, f"the test is pointless: {heard.line()}")


@scenario
def hundred_thousand_topics():
    """100,000 topics in turn, more than any table holds: all arrives in order, and memory stays bounded."""
    with Story(wants("one"), wants("some", "room/7/#", "room/99999/+")) as c:
        readers, ear = [c.read("one"), c.read("some")], c.listen("ear")
        c.known(), c.heard(1)
        p = c.publish(topics=100000, size=60, rate=20000)
        c.seen("attempted", 220000)  # then each is met again that was forgotten
        memory_stays_below(128 << 20, p)
        p.stop(60)
        c.end(p)
        for process in (c.s, *readers, ear):
            memory_stays_below(128 << 20, process)
        print({key: c.books("one")[key] for key in ("acked", "redelivered")}, c.status(c.s)["counters"])
        reference = live_oracle.published((c.directory / f"worker-one-0.1.log-{STREAM}").read_text())
        heard = live_oracle.judge((c.directory / f"{ear.name}.1.log-{STREAM}").read_text(), reference)
        print(f"{ear.name}: {heard.line()}")
        expect(heard.good, heard.line())


class Crowd(Process):
    """traffic_crowd: CROWD durable subscriptions in one process."""

    def __init__(self, c):
        super().__init__(c, "crowd", lambda life: [
            program("traffic_crowd"), "--log", c.directory / f"crowd.{life}.log", "--stream", STREAM, "--from", c.s.ipc,
            "--count", CROWD])

    def logs(self):
        return [self.cluster.directory / f"crowd.{life}.log" for life in range(1, self.life + 1)]


def listed(c):
    done = c.cli("subscriptions", "list", STREAM, "--json", "--sidecar", c.s.ipc)
    return json.loads(done.stdout) if done.returncode == 0 else []


def waiting_for(c):
    """-1: the sidecar has not told of all of them, as one that is busy."""
    known = listed(c)
    return sum(one["backlog_messages"] for one in known) if len(known) == CROWD else -1


def crowd_is_there(c, sessions):
    def there():
        known = listed(c)
        return len(known) == CROWD and sum(one["sessions"] for one in known) == sessions
    begin = time.monotonic()
    c.until(f"{CROWD} subscriptions, {sessions} of them read", there)
    return time.monotonic() - begin


@scenario
def thousand_subscriptions_of_one_stream():
    """1,000 durable subscriptions: read, left alone, over a kill of their sidecar, and read again; each has its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the publisher has a connection from each of them
    with Story() as c:
        c.cleanups.append(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
        crowd = c.add(Crowd(c))
        print(f"{CROWD} subscriptions made in {crowd_is_there(c, CROWD):.1f} s")
        p = c.publish(topics=CROWD, topic=["all"], size=100, rate=2000)
        c.seen("confirmed", 1500)
        memory_stays_below(256 << 20, p)
        p.stop(60)
        c.until("each has its own", lambda: waiting_for(c) == 0)
        memory_stays_below(256 << 20, crowd)
        expect(crowd.stop() == 0, crowd.text())
        known = c.tally.update().count("confirmed")
        p.start()
        c.seen("confirmed", known + 1500)
        p.stop(60)
        expect(waiting_for(c) > 10000, f"the test is pointless: {waiting_for(c)} messages wait for them")
        memory_stays_below(256 << 20, c.s)
        c.s.kill()
        begin = time.monotonic()
        c.s.start()
        print(f"ready again in {time.monotonic() - begin:.1f} s")
        crowd.start()
        print(f"all are there again in {crowd_is_there(c, CROWD):.1f} s")
        c.until("each has what it missed", lambda: waiting_for(c) == 0)
        c.until("nothing is kept", lambda: c.stream()["rows"] == 0)
        expect(crowd.stop() == 0, crowd.text())
        memory_stays_below(256 << 20, c.s)
        verdict = crowd_oracle.judge(sorted(c.directory.glob("producer-p.*.log")), crowd.logs(), CROWD)
        print(verdict)
        expect(verdict.good and verdict.owed > 30000, f"{verdict}")

"""Publishers and subscribers that come and go in mid-stream: each subscription misses nothing and keeps its order."""
import json

from harness import expect
from kills_test import first_attempt
from registry import scenario
from story import STREAM, Story, wants


@scenario
def subscriber_comes_back_at_full_rate():
    """A subscriber is away for 20,000 messages, and comes back while its publisher goes on as fast as it can."""
    with Story(wants("away"), wants("beside", "north/#", "$sys/#")) as c:
        away = c.read("away")
        c.read("beside")
        c.known()
        p = c.publish(size=2000)
        c.got("away", 2000)
        expect(away.stop() == 0, f"it did not end in good order: {away.text()}")
        c.seen("confirmed", c.tally.update().count("confirmed") + 20000)
        missed = c.tally.count("attempted")
        c.read("away", 1)
        c.until("it is back", lambda: c.tally.update().by_log[f"worker-away-1.1.log-{STREAM}"])
        c.got("away", missed)
        c.seen("attempted", missed + 10000)
        p.stop(60)
        verdict = c.end(p)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")


@scenario
def publisher_killed_in_mid_burst():
    """A publisher is killed in a burst, twice: what was confirmed arrives, and subscribers go on with its successor."""
    with Story(wants("one"), wants("north", "north/#"), wants("crew", exclusive=False)) as c:
        c.read("one"), c.read("north"), c.read("crew"), c.read("crew", 1)
        c.known()
        p = c.publish(size=2000)
        for due in (3000, 12000):
            c.seen("confirmed", due)
            p.kill()
            known = max(c.tally.update().confirmed["p"])
            p.start()
            began = first_attempt(c, p)
            expect(began > known, f"{known} was confirmed to the predecessor, but the successor began at {began}")
        c.seen("attempted", c.tally.count("attempted") + 3000)
        expect(p.stop(60) == 0, p.text())
        verdict = c.end()
        expect(verdict.forgotten == 0, f"{verdict.forgotten} confirmed messages were sent again")
        expect(verdict.duplicates_in_instance == 0, f"{verdict.line()}")


@scenario
def sidecar_killed_during_catch_up():
    """The sidecar is killed four times while two subscriptions catch up: each goes on where it was, in order."""
    with Story(wants("one"), wants("crew", exclusive=False)) as c:
        readers = [c.read("one", work_ms=1), c.read("crew", work_ms=1), c.read("crew", 1, work_ms=1)]
        c.known()
        for reader in readers:
            reader.stop()
        p = c.publish(count=6000)
        expect(p.wait(60) == 0, p.text())
        for reader in readers:
            reader.start()
        for due in (400, 1000, 1600, 2200):
            c.got("one", due)
            expect(c.tally.update().owed() > 0, "the test is pointless: everything has come")
            c.s.kill().start()
        c.end(p, count=6000)


def remove(c, name):
    """`restante subscriptions remove`, whoever is there; what it said."""
    done = c.cli("subscriptions", "remove", STREAM, name, "--yes", "--force", "--json", "--sidecar", c.s.ipc)
    expect(done.returncode == 0, f"remove {name}: exit {done.returncode}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def told_and_whole_until_then(c, reader, name):
    """The reader was told that its subscription is gone; until then it had everything of each publisher in order."""
    expect(reader.wait(20) == 4 and "was removed" in reader.text(), f"{reader.popen.returncode}: {reader.text()}")
    verdict = c.verdict_of(name)
    expect(not (verdict.lost_prefix or verdict.lost_middle or verdict.reordered or verdict.duplicates or verdict.gaps
                or verdict.unexpected or verdict.corrupt), f"{name} until it was removed: {verdict}")
    expect(verdict.lost_postfix, "the test is pointless: it had everything")


@scenario
def subscription_removed_while_its_publisher_sends():
    """A live reader's subscription is removed in mid-stream; made anew it has all from then on, and others all."""
    with Story(wants("gone"), wants("stays")) as c:
        gone = c.read("gone", until_refused=True)
        c.read("stays")
        c.known("gone", "stays")
        p = c.publish(size=1000, rate=5000)
        c.got("gone", 3000)
        before = c.tally.update().count("confirmed")
        expect(remove(c, "gone")["removed"], "nothing was removed")
        c.seen("attempted", c.tally.update().count("attempted") + 3000)
        told_and_whole_until_then(c, gone, "gone")
        c.drop("gone")
        c.read("anew", subscription="gone")
        c.until("it is there anew", lambda: c.books("gone").get("sessions"))
        c.expect_from_now_on(wants("anew"))
        c.seen("attempted", c.tally.count("attempted") + 5000)
        p.stop(60)
        expect(c.books("gone")["backlog_messages"] == 0, f"{c.books('gone')}")
        c.end(p, names=["stays"])
        expect(min(c.tally.got["anew"])[1] > before, "it has something from before it was made")


@scenario
def subscription_removed_while_it_catches_up():
    """A subscription with a long backlog is removed while its reader collects it and while more is published."""
    with Story(wants("gone"), wants("stays")) as c:
        gone, stays = c.read("gone", until_refused=True, credit=10000), c.read("stays")
        c.known()
        gone.stop()
        p = c.publish(size=1000, rate=8000)
        c.seen("confirmed", 12000)
        gone.start()
        c.got("gone", 1000)
        expect(remove(c, "gone")["removed"], "nothing was removed")
        c.seen("attempted", c.tally.update().count("attempted") + 3000)
        told_and_whole_until_then(c, gone, "gone")
        c.drop("gone")
        p.stop(60)
        c.end(p)
        c.until("its rows are gone", lambda: c.stream()["rows"] == 0)
        c.s.kill().start()
        expect(not c.books("gone"), f"it is back: {c.stream()}")
        c.until("its rows stay away", lambda: c.stream()["rows"] == 0)
        expect(stays.alive, stays.text())

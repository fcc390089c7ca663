"""Who gets the work, and what becomes of work that cannot be done."""
import time

from harness import Cluster, expect
from registry import scenario


@scenario
def slow_worker_beside_a_fast_one():
    """50 ms against 2 ms a message: shares by speed, and the slow one never holds up the end."""
    with Cluster() as c:
        s = c.sidecar()
        slow, fast = c.worker("slow", s, work_ms=50), c.worker("fast", s, work_ms=2)
        p = c.producer(sidecar=s, count=1500, rate=1000)
        c.finish(p, count=1500)
        share = c.tally.by_log["worker-fast.1.log-work"] / 1500
        tail = slow_tail(c)
        print(f"the fast worker did {share:.0%}; the slow one was last for {tail} ms")
        expect(share > 0.85, f"the fast worker did only {share:.0%} of the work")
        expect(tail < 1000, f"the slow worker had work for {tail} ms after the fast one had none")
        expect(slow.alive and fast.alive, "a worker has ended")


def slow_tail(c):
    ends = {}
    for name in ("slow", "fast"):
        lines = (c.directory / f"worker-{name}.1.log-work").read_text().splitlines()
        times = [line for line in lines if line[0] == "T"]
        ends[name] = int(times[-1][2:])
    return ends["slow"] - ends["fast"]


@scenario
def four_workers_do_the_work_of_four():
    """5 ms a message: four workers do at least 3.6 times the work of one, and a fifth has work within a second."""
    with Cluster() as c:
        s = c.sidecar()
        c.producer(sidecar=s, size=100, rate=2000)
        workers = [c.worker("w0", s, work_ms=5)]
        c.seen("delivered", 50)
        one = rate(c, seconds=2)
        workers += [c.worker(f"w{n}", s, work_ms=5) for n in (1, 2, 3)]
        c.until("each worker has work", lambda: len(c.tally.update().first_at) == 4)
        four = rate(c, seconds=2)
        print(f"one {one:.0f}/s, four {four:.0f}/s: {four / one:.2f} times")
        expect(four >= 3.6 * one, f"four workers did {four:.0f}/s, one {one:.0f}/s: {four / one:.2f} times, not 3.6")
        late = c.worker("late", s, work_ms=5)
        c.until("the added worker has work", lambda: "worker-late.1.log-work" in c.tally.update().first_at, 5)
        spent = time.monotonic() - late.started
        print(f"the added worker had work after {spent:.2f} s")
        expect(spent < 1.0, f"the added worker waited {spent:.2f} s for work")
        for process in workers + [late]:
            expect(process.alive, f"{process.name} has ended")
        verdict = c.verdict()
        expect(verdict.duplicates == 0 and verdict.corrupt == 0 and verdict.unexpected == 0, verdict.line())


def rate(c, seconds):
    """Messages a second over a window that begins now."""
    began, first = time.monotonic(), c.tally.update().count("delivered")
    c.until("the window has passed", lambda: time.monotonic() - began >= seconds, seconds + 5)
    spent, last = time.monotonic() - began, c.tally.update().count("delivered")
    return (last - first) / spent


@scenario
def message_that_crashes_its_worker():
    """A poison message aborts every worker that takes it: it ends as a dead letter, and the rest flows."""
    with Cluster() as c:
        s = c.sidecar(extra=["--attempts-max", "3", "--retry-initial", "20ms"])
        p = c.producer(sidecar=s, count=1000, rate=500)
        workers = [c.worker(f"w{n}", s, poison=" 400 ") for n in (1, 2)]
        deaths = 0

        def buried():
            nonlocal deaths
            for worker in workers:
                if not worker.alive:
                    expect(worker.popen.returncode == -6, f"{worker.name} ended with {worker.popen.returncode}")
                    deaths += 1
                    worker.start()
            c.tally.update()
            return not p.alive and c.tally.delivered["p"] == set(range(1, 1001)) and dead(c, s) == 1

        for worker in workers:
            worker.crashed = lambda: False  # that is what this test is about
        c.until("the rest is delivered and the poison is buried", buried, 60)
        c.until("everything is settled", lambda: backlog(c, s) == 0)
        print(f"{deaths} deaths before it was buried; {c.verdict().line()}")
        expect(deaths <= 16, f"{deaths} workers died of one message")
        after, calm = deaths, time.monotonic()
        c.until("nobody dies of it any more", lambda: buried() and time.monotonic() - calm > 1)
        expect(deaths == after, "a worker died of a buried message")
        verdict = c.verdict()
        expect(verdict.good, f"{verdict.line()} {verdict.examples}")


def subscriptions(c, s):
    return [sub for stream in c.status(s)["streams"] for sub in stream["subscriptions"]]


def dead(c, s):
    return sum(sub["dead"] for sub in subscriptions(c, s))


def backlog(c, s):
    return sum(sub["backlog_messages"] for sub in subscriptions(c, s))


@scenario
def full_window():
    """Without a sidecar a window fills: try_send says no and why; then the sidecar comes and all of it flows."""
    with Cluster() as c:
        s = c.sidecar(start=False)
        p = c.producer(sidecar=s, fresh=True, count=4000, size=1000, window=1 << 20)
        c.worker("w", s)
        c.until("the producer is held back", lambda: c.tally.update().refusals)
        reason = c.tally.refusals[0]
        print(f"held back: {reason}")
        expect("sidecar" in reason, f"the reason does not say that the sidecar is missing: {reason}")
        accepted = c.tally.count("attempted")
        expect(500 < accepted < 1300, f"{accepted} messages of 1000 octets went into a window of 1 MiB")
        expect(c.tally.count("confirmed") == 0, "something was confirmed without a sidecar")
        s.start()
        c.finish(p, count=4000)

#!/usr/bin/env -S python3 -B
"""What an alarm has to wait for while another stream of its sidecar drains; n counts the messages that are drained.

    ./dev soak alarm --n 1000000 [--rate R] [--rounds N] [--kept K] [--only WAY]

Messages of 100 octets lie on the disks of two sidecars, and the alarm stream belongs to the first: a producer that
sends R messages a second (default 200) and a worker, both of its own. An alarm's time is from just before it is sent to
when it is handed out and written down; the time to its confirm is told beside it (to the next millisecond, as its
producer looks so often). Each round measures it three times, one after the other:

    quiet    nobody drains: for as long as the drain before took
    here     the backlog of its own sidecar is drained
    beside   that of the other is: what the processors and the disk of this machine cost, and no order in a sidecar can
             save

Told with each is what other processes took of the machine, in percent of one processor: with much of it a time says
little about a sidecar. There are N rounds (default 5), and one before them that is not counted, of each way that an
alarm can go:

    live     straight to its worker
    sidecar  its worker cannot be reached live: all of it is redelivered by the sidecar, from memory

and then, in as many rounds, `kept`: K alarms (default 1000) lie on the disk too, the sidecar is started anew so that it
has none of them in memory, and their worker comes when a tenth of the backlog is drained; told is when the first and
the last of them are there, from the start of its process. Figures are medians of the rounds; of ratios the range too.
Nothing may be lost or come twice, of either stream. The control is a worker that stops for a while, a bulk message and
an alarm that are left out: all must be seen.
"""
import argparse
import os
import shutil
import statistics
import sys
import time

import campaign
from harness import Cluster, Process, Skip, expect, program, wait_until
from memory import judge, mib

SIZE = 100
ON_DISK = 300         # octets a message that the disk must have free
STUCK_S = 90          # without any progress: failed
BUSY = 0.15           # of a processor: below it a sidecar has nothing to do but alarms
QUIET_MIN_S = 1.0
CONTROL = 100_000     # messages
PAUSE_S = 0.5         # of the control's worker: more than one alarm in a hundred, and no lease ends
CONDITIONS = ("quiet", "here", "beside")
WAYS = ("live", "sidecar", "kept")
TICKS = os.sysconf("SC_CLK_TCK")


class Bulk:
    """The backlog of one sidecar: filled and drained again and again, each time by other processes."""

    def __init__(self, cluster, sidecar, count, plants=()):
        self.c, self.s, self.count = cluster, sidecar, count
        self.figures = {}

        def place(what, life):
            return cluster.directory / f"{what}-{sidecar.name}.{life}"
        self.sent = lambda: place("sent", self.producer.life)
        self.taken, self.bitmap = (lambda: place("taken", self.worker.life)), lambda: place("bits", self.worker.life)
        self.producer = cluster.add(Process(cluster, f"bulk-producer-{sidecar.name}", lambda life: [
            program("flood_producer"), "--sidecar", sidecar.ipc, "--size", SIZE, "--count", count, "--progress",
            place("sent", life), "--flush-ms", 600_000]), start=False)
        self.worker = cluster.add(Process(cluster, f"bulk-worker-{sidecar.name}", lambda life: [
            program("flood_worker"), "--from", sidecar.ipc, "--progress", place("taken", life), "--bitmap",
            place("bits", life), *plants]), start=False)

    def distinct(self):
        path = self.taken()
        return int(path.read_text().split()[1]) if path.exists() else 0

    def fill(self):
        self.producer.start()
        status = self.producer.wait(600)
        expect(status == 0, f"not everything was confirmed: {self.producer.text()}")

    def drain(self, until=None, look=lambda: None):
        """Starts the worker, or goes on; until `until` of the messages are there. [(seconds, messages)]"""
        began = since = time.monotonic()
        if not self.worker.alive:
            self.worker.start()
        told = [(0.0, 0)]

        def done():
            nonlocal since
            count = self.distinct()
            if count > told[-1][1]:
                since = time.monotonic()
                told.append((since - began, count))
            look()
            expect(time.monotonic() - since < STUCK_S, f"no progress for {STUCK_S} s: {count} of {self.count}")
            return count >= (self.count if until is None else until)
        wait_until("the backlog is drained", done, 86400, self.c.check, poll=0.02)
        return told

    def judged(self):
        """The worker ends; its bits are added to the figures."""
        expect(self.worker.stop() == 0, f"the bulk worker has failed: {self.worker.text()}")
        accepted, confirmed = (int(word) for word in self.sent().read_text().split()[:2])
        deliveries, distinct, corrupt, _ = (int(word) for word in self.taken().read_text().split())
        campaign.add(self.figures, judge(self.bitmap().read_bytes(), accepted, confirmed) | {
            "bad_duplicates": deliveries - distinct - corrupt, "bad_corrupt": corrupt})


class Alarms:
    """The logs of the alarm stream, as times in nanoseconds."""

    def __init__(self, directory):
        self.sent, self.confirmed, self.taken = {}, {}, {}
        for path in sorted(directory.glob("producer-alarm.*.log")):
            self.read(path, {"A": self.sent, "C": self.confirmed}, 0)
        for path in sorted(directory.glob("worker-alarm.*.log-alarm")):
            self.read(path, {"D": self.taken}, 1)

    @staticmethod
    def read(path, books, at):
        now = 0
        for line in path.read_text().splitlines():
            kind, *words = line.split(" ")
            if kind == "N":
                now = int(words[0])
            elif kind in books:
                books[kind].setdefault(int(words[at]), now)

    def waits(self, book, window):
        """Microseconds, of what was sent in the window; sorted."""
        return sorted((book[number] - sent) / 1000 for number, sent in self.sent.items()
                      if window[0] <= sent < window[1] and number in book)


def ticks_of(pid):
    return sum(map(int, open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11:13]))


class Processors:
    """How much of this machine others took meanwhile: with much of it a time says little about a sidecar."""

    def __init__(self, cluster):
        self.c, self.began = cluster, time.monotonic()
        self.before = self.used()

    def used(self):
        """Of all, and of what belongs to this campaign."""
        every = list(map(int, open("/proc/stat").readline().split()[1:9]))
        ours = {one.pid: ticks_of(one.pid) for one in self.c.processes if one.alive}
        return sum(every) - every[3] - every[4], ours | {os.getpid(): ticks_of(os.getpid())}

    def others(self):
        """In percent of one processor."""
        (all_before, ours_before), (all_now, ours_now) = self.before, self.used()
        ours = sum(now - ours_before.get(pid, 0) for pid, now in ours_now.items())
        return max(0, round(100 * (all_now - all_before - ours) / TICKS / (time.monotonic() - self.began)))


def part(waits, share):
    return waits[int(share * (len(waits) - 1))]


def a_second(told):
    """How many were drained in each whole second: what was told last before its end, and the one before."""
    ends = [max(count for at, count in told if at <= second) for second in range(int(told[-1][0]) + 1)]
    return [later - earlier for earlier, later in zip(ends, ends[1:])]


class Stage:
    """Two sidecars with a backlog each, and the alarms of the first."""

    def __init__(self, cluster, count, live, plants=()):
        self.c = cluster
        self.here, self.beside = (Bulk(cluster, cluster.sidecar(name), count, plants) for name in ("here", "beside"))
        options = {} if live else {"live": "none"}
        self.producer = cluster.producer("alarm", self.here.s, stream="alarm", start=False, rate=given.rate, size=SIZE,
                                         fine=True, flush_ms=60_000)
        self.worker = cluster.worker("alarm", {"alarm": [self.here.s.ipc]}, start=False, fine=True, **options)

    def calm(self):
        """Waits until what is settled is swept from the stores: else the next measurement pays for the last."""
        def used():
            return [ticks_of(one.s.pid) for one in (self.here, self.beside)]

        def is_calm():
            before = used()
            time.sleep(0.5)
            return all(later - earlier < BUSY * TICKS / 2 for earlier, later in zip(before, used()))
        self.c.until("the sidecars have nothing to do", is_calm, 300)

    def fill(self):
        for bulk in (self.here, self.beside):
            bulk.fill()
        self.calm()

    def measure(self, bulk, seconds, look=lambda: None):
        """What happened to the alarms is in their logs. The window, the drain, and what others took of the machine."""
        processors, began, told = Processors(self.c), time.monotonic_ns(), None
        if bulk is None:
            time.sleep(seconds)
        else:
            told = bulk.drain(look=look)
        window, others = (began, time.monotonic_ns()), processors.others()
        if bulk is not None:
            bulk.judged()
        self.calm()
        return window, told, others

    def round(self, seconds):
        """The three windows, and how long the drain here took."""
        self.fill()
        windows = {"quiet": self.measure(None, seconds)}
        for name in ("here", "beside"):
            windows[name] = self.measure(getattr(self, name), None)
        return windows, max(QUIET_MIN_S, windows["here"][1][-1][0])

    def end(self):
        """The producer stops, all that is confirmed comes; then the verdict on both streams."""
        self.producer.forgiven = True
        self.producer.signal(15)
        expect(self.producer.wait(60) == 0, f"not all alarms were confirmed: {self.producer.text()}")
        self.c.settle()
        expect(self.worker.stop() == 0, f"the alarm worker has failed: {self.worker.text()}")
        return verdict(self.c, self.here, self.beside)


def verdict(cluster, *bulks):
    judged = cluster.verdict()
    figures = {"lost": judged.lost, "alarms": judged.confirmed, "bad_alarms_twice": judged.duplicates,
               "bad_alarms": judged.unexpected + judged.corrupt + judged.rebound}
    for bulk in bulks:
        campaign.add(figures, bulk.figures)
    return figures


def way(name, n, rounds):
    """All rounds of one way: {condition: [figures of a round]}, and the verdict."""
    with Cluster() as c:
        stage = Stage(c, n, name == "live")
        stage.worker.start()
        stage.producer.start()
        _, seconds = stage.round(QUIET_MIN_S)
        done = []
        for _ in range(rounds):
            windows, seconds = stage.round(seconds)
            done.append(windows)
        verdict_of_both = stage.end()
        alarms = Alarms(c.directory)
    return [told_of(name, number, windows, alarms) for number, windows in enumerate(done, 1)], verdict_of_both


def told_of(name, number, windows, alarms):
    figures = {}
    for condition, (window, told, others) in windows.items():
        waits, confirms = alarms.waits(alarms.taken, window), alarms.waits(alarms.confirmed, window)
        expect(len(waits) >= 20, f"only {len(waits)} alarms in a window: more messages, or a higher rate")
        figures[condition] = {"p50": part(waits, 0.5), "p99": part(waits, 0.99), "max": waits[-1],
                              "confirm_p99": part(confirms, 0.99)}
        said = ", ".join(f"{what} {value:,.0f} us" for what, value in figures[condition].items())
        drained = "" if told is None else f"; {told[-1][1]} in {told[-1][0]:.2f} s, a second: {a_second(told)}"
        print(f"{name} {number} {condition:6}: {len(waits)} alarms, {said}; others {others} %{drained}", flush=True)
        figures[condition]["others"] = others
        if told is not None:
            figures[condition]["drained_per_s"] = told[-1][1] / told[-1][0]
    return figures


def summary(name, rounds):
    """Medians of the rounds, and of the ratios of each."""
    figures = {}
    for condition in CONDITIONS:
        for what in rounds[0][condition]:
            unit = {"others": "_percent", "drained_per_s": ""}.get(what, "_us")
            figures[f"{name}_{condition}_{what}{unit}"] = round(
                statistics.median(one[condition][what] for one in rounds))
    for one, other in (("here", "quiet"), ("beside", "quiet"), ("here", "beside")):
        figures[f"{name}_p99_{one}_to_{other}"] = ranged([each[one]["p99"] / each[other]["p99"] for each in rounds])
    return figures


def ranged(values):
    return f"{statistics.median(values):.2f} [{min(values):.2f} to {max(values):.2f}]"


def kept(n, rounds):
    """Alarms that wait on the disk: when the first and the last come, in ms, quiet and during a drain, in turns."""
    with Cluster() as c:
        stage = Stage(c, n, True)
        stage.worker.start()
        c.until("it has subscribed", lambda: sessions(c, stage.here.s, "alarm") == 1)
        stage.worker.stop()
        times = {condition: [] for condition in CONDITIONS}
        for number in range(3 * rounds):
            condition = CONDITIONS[number % 3]
            times[condition].append(return_to_kept(stage, condition, number))
            first, last = times[condition][-1]
            print(f"kept {number // 3 + 1} {condition:6}: first {first:.1f} ms, last {last:.1f} ms", flush=True)
        c.settle()
        judged = verdict(c, stage.here, stage.beside)
    return {f"kept_{condition}_{what}_ms": ranged([one[at] for one in times[condition]])
            for condition in CONDITIONS for at, what in enumerate(("first", "last"))}, judged


def sessions(cluster, sidecar, stream):
    known = [one for one in cluster.status(sidecar)["streams"] if one["name"] == stream]
    return sum(one["sessions"] for stream in known for one in stream["subscriptions"])


def return_to_kept(stage, condition, number):
    c, bulk = stage.c, {"here": stage.here, "beside": stage.beside}.get(condition)
    if bulk:
        bulk.fill()
    producer = c.producer("alarm", stage.here.s, stream="alarm", start=False, count=given.kept * (number + 1),
                          size=SIZE, fine=True)
    producer.life = number
    producer.start()
    expect(producer.wait(60) == 0, f"not all alarms were confirmed: {producer.text()}")
    stage.here.s.kill().start(deadline=60)
    stage.calm()
    if bulk:
        bulk.drain(until=bulk.count // 10)
    before = c.tally.update().count("delivered")
    began = time.monotonic_ns()
    stage.worker.start()
    c.until("the kept alarms are there", lambda: c.tally.update().count("delivered") >= before + given.kept, 60)
    if bulk:
        expect(bulk.distinct() < bulk.count, "the drain was over before the alarms came: more messages are needed")
        bulk.drain()
        bulk.judged()
    expect(stage.worker.stop() == 0, f"the alarm worker has failed: {stage.worker.text()}")
    stage.calm()
    taken = sorted(at for at in Alarms(c.directory).taken.values() if at > began)
    return (taken[0] - began) / 1e6, (taken[-1] - began) / 1e6


def trials(n, seed):
    with Cluster() as c:
        if shutil.disk_usage(c.directory).free < 2 * n * ON_DISK:
            raise Skip(f"{mib(2 * n * ON_DISK)} MiB are needed in {c.directory.parent}")
    print(f"load before: {os.getloadavg()[0]:.2f}, processors: {os.cpu_count()}", flush=True)
    figures, sums = {}, {}
    for name in [given.only] if given.only else WAYS:
        if name == "kept":
            told, judged = kept(n, given.rounds)
        else:
            rounds, judged = way(name, n, given.rounds)
            told = summary(name, rounds)
        figures |= told
        campaign.add(sums, judged)
    return figures | sums


def control(seed):
    """A worker that stops is seen in the times; what is left out of either stream is lost."""
    with Cluster() as c:
        stage = Stage(c, CONTROL, True, plants=["--drop", 5000])
        stage.here.count -= 1  # it waits for what can come
        stage.worker.start()
        stage.producer.start()
        stage.here.fill()
        began = time.monotonic_ns()
        stage.here.drain()
        stage.worker.pause()
        time.sleep(PAUSE_S)
        stage.worker.resume()
        window = (began, time.monotonic_ns())
        stage.here.judged()
        lost = stage.end()["lost"]
        late = part(Alarms(c.directory).waits(Alarms(c.directory).taken, window), 0.99)
        log = next(c.directory.glob("worker-alarm.*.log-alarm"))
        lines = log.read_text().splitlines(keepends=True)
        lines.remove(next(line for line in lines if line.startswith("D alarm 7 ")))
        log.write_text("".join(lines))
        left_out = c.verdict().lost
    return int(lost == 1 and left_out == 1 and late > 1e6 * PAUSE_S / 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kept", type=int, default=1000)
    parser.add_argument("--only", choices=WAYS)
    given, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    raise SystemExit(campaign.main("alarm", trials, control, n=1_000_000, about=__doc__))

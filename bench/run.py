#!/usr/bin/env python3
"""Measures the durable pipeline beside a bare PUSH/PULL pair, and publishing beside a bare PUB with the same number of
SUBs, in turns, and prints ratios with medians.

usage: run.py [--quick] [--json] [--healthy SECONDS] [--pubsub]

Absolute figures of these machines mean little; the two run in turns (ours, bare, ours, bare ...) and the median of the
ratios is quoted. "Durable" is everything on: envelope, CRC, dedupe, every message confirmed and acknowledged.
A published message counts at each subscriber that got it; subscribers have no name, so nothing is sent to them again.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile
from pathlib import Path

build = Path(os.environ.get("RESTANTE_BUILD_DIR", Path(__file__).resolve().parent.parent / "build" / "release"))


def program(name):
    found = [path for path in build.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        sys.exit(f"bench: {name} is not built in {build}; run ./dev bench")
    return str(found[0])


def start(*words, **streams):
    return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, **streams)


def pair(sender, receiver):
    """Starts the receiving end, waits until it is ready, runs the sending end; the answers of both."""
    recv = start(*receiver)
    if recv.stdout.readline().strip() != "ready":
        raise RuntimeError("the receiving end did not start: " + " ".join(map(str, receiver)))
    send = start(*sender)
    sent, _ = send.communicate(timeout=300)
    seen, _ = recv.communicate(timeout=300)
    if send.returncode or recv.returncode:
        raise RuntimeError(f"an end failed: {send.returncode} {recv.returncode}")
    return json.loads(sent), json.loads(seen)


class Sidecar:
    """A sidecar with a store of its own, on the disk that the build is on."""

    def __init__(self, *options):
        self.home = Path(tempfile.mkdtemp(prefix="rb", dir=build))
        os.chmod(self.home, 0o700)
        self.endpoint = f"ipc://{self.home}/s.sock"
        self.process = start(program("restante"), "up", "--store", self.home / "store", "--ipc", self.endpoint,
                             *options)
        if not self.process.stdout.readline().startswith("ready"):
            raise RuntimeError("the sidecar did not start")

    def written(self):
        fields = dict(line.split(": ") for line in Path(f"/proc/{self.process.pid}/io").read_text().splitlines())
        return int(fields["write_bytes"])

    def memory_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
        return 0

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def bare(size, count, rate, endpoint):
    end = program("pipeline")
    return pair([end, "bare-send", endpoint, size, count, rate], [end, "bare-recv", endpoint, size, count, rate])


def durable(size, count, rate, *options):
    sidecar = Sidecar(*options)
    os.environ["RESTANTE_RUNTIME_DIR"] = str(sidecar.home)
    try:
        end = program("pipeline")
        before = sidecar.written()
        sent, seen = pair([end, "send", sidecar.endpoint, size, count, rate],
                          [end, "recv", sidecar.endpoint, size, count, rate])
        return sent, seen, (sidecar.written() - before) / count, sidecar.memory_kib()
    finally:
        sidecar.stop()


def throughput(size, count, runs):
    ours, plain, ratios, written = [], [], [], []
    for run in range(runs):
        sent, seen, bytes_written, memory = durable(size, count, 0)
        ours.append(count / (max(sent["ended_ns"], seen["done_ns"]) - sent["begun_ns"]) * 1e9)
        written.append(bytes_written)
        sent, seen = bare(size, count, 0, f"tcp://127.0.0.1:{20000 + os.getpid() % 20000 + run}")
        plain.append(count / (seen["done_ns"] - sent["begun_ns"]) * 1e9)
        ratios.append(ours[-1] / plain[-1])
    return {"size": size, "count": count, "runs": runs, "durable_per_s": statistics.median(ours),
            "bare_per_s": statistics.median(plain), "ratio": statistics.median(ratios),
            "ratio_min": min(ratios), "ratio_max": max(ratios), "written_per_message": statistics.median(written)}


def healthy(seconds, rate=5000, size=1024):
    count = rate * seconds
    _, seen, written, memory = durable(size, count, rate)
    _, plain = bare(size, count, rate, f"tcp://127.0.0.1:{20000 + os.getpid() % 20000}")
    return {"rate": rate, "size": size, "seconds": seconds, "written_per_message": written, "sidecar_vmhwm_kib": memory,
            "p50_us": seen["p50_us"], "p99_us": seen["p99_us"],
            "bare_p50_us": plain["p50_us"], "bare_p99_us": plain["p99_us"]}


def publication(role, where, size, count, subscribers):
    """A publisher, and its subscribers in one process, on both sides. What arrived a second and subscriber."""
    words = [where, size, count, subscribers]
    recv = start(program("pubsub"), "sub" if role in ("live", "kept") else "bare-sub", *words)
    send = start(program("pubsub"), role, *words, stdin=subprocess.PIPE)
    try:
        if recv.stdout.readline().strip() != "ready":
            raise RuntimeError("the subscribers did not hear the publisher")
        send.stdin.write("g")
        send.stdin.flush()
        sent = json.loads(send.stdout.readline())
        seen, _ = recv.communicate(timeout=300)
        send.communicate(timeout=60)  # closes its input
        if send.returncode or recv.returncode:
            raise RuntimeError(f"an end failed: {send.returncode} {recv.returncode}")
    finally:
        for process in (recv, send):
            process.kill()
            process.wait()
    seen = json.loads(seen)
    if seen["disorder"]:
        raise RuntimeError(f"{seen['disorder']} messages were out of order")
    seconds = (seen["done_ns"] - sent["begun_ns"]) / 1e9
    return {"per_s": seen["arrived"] / subscribers / seconds, "arrived": seen["arrived"] / subscribers / count,
            "least": seen["least"] / count}


def published(role, *sizes):
    """With a sidecar of its own, or bare. Both by ipc."""
    sidecar = Sidecar()
    os.environ["RESTANTE_RUNTIME_DIR"] = str(sidecar.home)
    try:
        return publication(role, f"ipc://{sidecar.home}/bare" if role == "bare-pub" else sidecar.endpoint, *sizes)
    finally:
        sidecar.stop()


def fan_out(subscribers, count, runs, size=100):
    """A row for each of a stream that keeps nothing and one that keeps, each beside the bare run that follows it."""
    rows = {role: {"ours": [], "bare": []} for role in ("live", "kept")}
    for _ in range(runs):
        for role, row in rows.items():
            row["ours"].append(published(role, size, count, subscribers))
            row["bare"].append(published("bare-pub", size, count, subscribers))
    return [{"stream": role, "subscribers": subscribers, "size": size, "count": count, "runs": runs,
             **{f"{side}_{name}": spread([one[name] for one in row[side]])
                for side in ("ours", "bare") for name in ("per_s", "arrived", "least")},
             "ratio": spread([ours["per_s"] / bare["per_s"] for ours, bare in zip(row["ours"], row["bare"])])}
            for role, row in rows.items()]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def print_fan_out(row):
    def rate(one):
        return f"{one['median']:>10,.0f}/s [{one['min']:,.0f} to {one['max']:,.0f}]"

    def share(side):
        return f"{100 * row[side + '_arrived']['median']:.1f} % (worst {100 * row[side + '_least']['min']:.1f})"
    ratio = row["ratio"]
    print(f"{row['stream']}, {row['size']} B to {row['subscribers']:>3}: {rate(row['ours_per_s'])}, "
          f"arrived {share('ours')}; bare {rate(row['bare_per_s'])}, arrived {share('bare')}; "
          f"ratio {ratio['median']:.2f} [{ratio['min']:.2f} to {ratio['max']:.2f}]", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of each and five runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--healthy", type=int, metavar="SECONDS", default=0, help="only the healthy link at 5,000/s")
    parser.add_argument("--pubsub", action="store_true", help="only publishing: to 1, 10 and 100 subscribers")
    given = parser.parse_args()
    results = {"throughput": [], "healthy": None, "pubsub": []}
    if given.pubsub:
        pass
    elif given.healthy:
        results["healthy"] = healthy(given.healthy)
    else:
        runs, scale = (5, 1) if given.quick else (7, 4)
        for size, count in ((100, 400000), (1024, 200000), (16384, 20000)):
            results["throughput"].append(throughput(size, count * scale, runs))
        results["healthy"] = healthy(5 if given.quick else 60)
    if not given.healthy:
        scale = 1 if given.quick else 4
        for subscribers, count in ((1, 1000000), (10, 150000), (100, 15000)):
            rows = fan_out(subscribers, count * scale, 5 if given.quick else 7)
            results["pubsub"] += rows
            for row in [] if given.json else rows:
                print_fan_out(row)
    if given.json:
        print(json.dumps(results))
        return
    for row in results["throughput"]:
        print(f"{row['size']:>6} B: durable {row['durable_per_s']:>12,.0f}/s  bare {row['bare_per_s']:>12,.0f}/s  "
              f"ratio {row['ratio']:.2f} [{row['ratio_min']:.2f} to {row['ratio_max']:.2f}]  written "
              f"{row['written_per_message']:.1f} B a message")
    row = results["healthy"]
    if row:
        print(f"healthy link, {row['rate']}/s of {row['size']} B for {row['seconds']} s: written "
              f"{row['written_per_message']:.2f} B a message; "
              f"one-way p50 {row['p50_us']:.0f} us, p99 {row['p99_us']:.0f} us; "
              f"bare p50 {row['bare_p50_us']:.0f} us, p99 {row['bare_p99_us']:.0f} us; sidecar VmHWM "
              f"{row['sidecar_vmhwm_kib']} KiB")


if __name__ == "__main__":
    main()

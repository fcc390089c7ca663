#!/usr/bin/env python3
"""Measures the durable pipeline beside a bare PUSH/PULL pair, in turns, and prints ratios with medians.

usage: run.py [--quick] [--json] [--healthy SECONDS]

Absolute figures of these machines mean little; the two run in turns (ours, bare, ours, bare ...) and the median of the
ratios is quoted. "Durable" is everything on: envelope, CRC, dedupe, every message confirmed and acknowledged.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile
from pathlib import Path

build = Path(os.environ.get("RESTANTE_BUILD_DIR", Path(__file__).resolve().parent.parent / "build" / "release"))


def program(name):
    found = [path for path in build.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        sys.exit(f"bench: {name} is not built in {build}; run ./dev bench")
    return str(found[0])


def start(*words):
    return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three sizes, five runs each, about a minute")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--healthy", type=int, metavar="SECONDS", default=0, help="only the healthy link at 5,000/s")
    given = parser.parse_args()
    results = {"throughput": [], "healthy": None}
    if given.healthy:
        results["healthy"] = healthy(given.healthy)
    else:
        runs, scale = (5, 1) if given.quick else (7, 4)
        for size, count in ((100, 400000), (1024, 200000), (16384, 20000)):
            results["throughput"].append(throughput(size, count * scale, runs))
        results["healthy"] = healthy(5 if given.quick else 60)
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

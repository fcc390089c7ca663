"""A cluster of real processes for one system test: started, killed, watched from outside, and always cleaned up.

Nothing here asks the product how it is doing but `ready` and, where a test is about it, `restante status`. Progress is
read from the logs that the traffic tools write (oracle.py has their form), memory and octets written from /proc.
No fixed waits: Cluster.until() polls a condition against a deadline, and sees at once when a process has died.
"""
import collections
import ctypes
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import oracle

HERE = pathlib.Path(__file__).resolve().parent
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Failure(AssertionError):
    """A promise that was not kept."""


class Skip(Exception):
    """This machine cannot run the test; CI counts it as a failure."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def build_directory():
    given = os.environ.get("RESTANTE_BUILD_DIR")
    return pathlib.Path(given) if given else HERE.parent.parent / "build" / "dev"


_programs = {}


def program(name):
    """The path of a built executable, wherever in the build tree it is."""
    if name not in _programs:
        for folder, folders, files in os.walk(build_directory()):
            folders[:] = [f for f in folders if f not in ("CMakeFiles", "_deps", ".git")]
            for file in files:
                path = os.path.join(folder, file)
                if os.access(path, os.X_OK) and "." not in file:
                    _programs.setdefault(file, path)
    if name not in _programs:
        raise Failure(f"no program `{name}` under {build_directory()}: build first, or set RESTANTE_BUILD_DIR")
    return _programs[name]


def wait_until(what, condition, deadline=20.0, check=lambda: None, poll=0.01):
    """The first true value of `condition()`; Failure after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        check()
        if time.monotonic() > end:
            raise Failure(f"not within {deadline} s: {what}")
        time.sleep(poll)


def proc_io(pid):
    return {k: int(v) for k, v in (line.split(": ") for line in open(f"/proc/{pid}/io").read().splitlines())}


def resident(pid, field="VmRSS"):
    """Resident memory in octets; `VmHWM` is the most that it ever was."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0


class Process:
    """One role (a sidecar, a worker, ...) over all its lives. `arguments(life)` makes the command line of a life.

    `prefix` stands before it: what runs it elsewhere (namespaces.py) and becomes it by exec.
    """

    def __init__(self, cluster, name, arguments, environment=None, files_max=None, input=None, prefix=()):
        self.cluster, self.name, self.arguments, self.prefix = cluster, name, arguments, list(prefix)
        self.environment = environment or {}
        self.files_max, self.input = files_max, input
        self.life, self.popen, self.forgiven = 0, None, False

    def start(self):
        self.life += 1
        self.forgiven = False
        command = [str(part) for part in [*self.prefix, *self.arguments(self.life)]]
        self.out = self.cluster.directory / f"{self.name}.{self.life}.out"
        self.err = self.cluster.directory / f"{self.name}.{self.life}.err"

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if self.files_max:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files_max, self.files_max))

        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.popen = subprocess.Popen(
                command, stdin=self.input or subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                env=self.cluster.environment | self.environment, preexec_fn=in_child)
        self.command = command
        self.started = time.monotonic()
        return self

    @property
    def pid(self):
        return self.popen.pid

    @property
    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        if self.alive:
            os.killpg(self.pid, number)

    def kill(self):
        """kill -9, and waits for the kernel to be done with it."""
        self.forgiven = True
        if self.popen is None:
            return self
        self.signal(signal.SIGKILL)
        self.popen.wait()
        return self

    def stop(self, deadline=15.0):
        """SIGTERM; the exit status."""
        self.forgiven = True
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
        return self.wait(deadline)

    def wait(self, deadline=30.0):
        """The exit status of a process that ends by itself (negative: the signal it died by)."""
        wait_until(f"{self.name} has ended", lambda: not self.alive, deadline)
        return self.popen.returncode

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def text(self):
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")

    def crashed(self):
        """Ended by a signal that no test sent."""
        return self.popen is not None and not self.forgiven and not self.alive and self.popen.returncode < 0


class Sidecar(Process):
    """`restante up`. Its ipc path, store, node and tcp port stay the same over its lives."""

    def __init__(self, cluster, name, extra=(), store=None, ipc=None, listen=None, binary="restante", **rest):
        self.store = pathlib.Path(store or cluster.directory / f"{name}.store")
        self.ipc = ipc or f"ipc://{cluster.directory}/{name}.sock"
        self.listen = listen
        self.extra, self.binary = list(extra), binary
        super().__init__(cluster, name, lambda life: self.command_line(), **rest)

    def command_line(self):
        listen = ["--listen", self.listen] if self.listen else []
        return [program(self.binary), "up", "--store", self.store, "--ipc", self.ipc, "--node", self.name,
                *listen, *self.extra]

    def start(self, wait=True, deadline=20.0):
        super().start()
        return self.wait_ready(deadline) if wait else self

    def ready_line(self):
        return next((line for line in self.text().splitlines() if line.startswith("ready ")), None)

    def wait_ready(self, deadline=20.0):
        def served():
            if not self.alive and not self.ready_line():
                raise Failure(f"{self.name} was never ready, ended with {self.popen.returncode}: {self.text()[-999:]}")
            return self.ready_line()
        line = wait_until(f"{self.name} is ready", served, deadline)
        self.serving = dict(part.split("=", 1) for part in line.split()[1:] if "=" in part)
        if self.listen:
            self.listen = self.serving["listen"]
        return self


class Tally:
    """What the logs say so far, read as they grow: numbers attempted, confirmed and delivered for each source."""

    def __init__(self, directory):
        self.directory = directory
        self.offsets = collections.defaultdict(int)
        self.sources = {}
        self.attempted = collections.defaultdict(set)
        self.confirmed = collections.defaultdict(set)
        self.delivered = collections.defaultdict(set)
        self.by_log = collections.Counter()
        self.first_at = {}      # log name -> ms of its first delivery
        self.refusals = []

    def update(self):
        producers = sorted(self.directory.glob("producer-*.log"), key=oracle.by_life)  # a marker is about earlier lives
        for path in [*producers, *self.directory.glob("worker-*.log*")]:
            with open(path, "rb") as log:
                log.seek(self.offsets[path.name])
                new = log.read()
            whole = new[:new.rfind(b"\n") + 1]
            self.offsets[path.name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                self.note(path.name, line)
        return self

    def note(self, name, line):
        kind, _, rest = line.partition(" ")
        if kind == "A":
            self.attempted[self.sources[name]].add(int(rest.split(" ")[0]))
        elif kind == "C":
            self.confirmed[self.sources[name]].add(int(rest))
        elif kind == "D":
            source, number = rest.split(" ")[:2]
            self.delivered[source].add(int(number))
            self.by_log[name] += 1
            self.first_at.setdefault(name, self.now)
        elif kind == "T":
            self.now = int(rest)
        elif kind == "S":
            self.sources[name] = rest
        elif kind == "M":
            known = self.attempted[self.sources[name]]
            self.confirmed[self.sources[name]].update(n for n in known if n <= int(rest))
        elif kind == "B":
            self.refusals.append(rest)

    def count(self, kind):
        return sum(len(numbers) for numbers in getattr(self, kind).values())

    def owed(self):
        """Confirmed, and not yet delivered."""
        return sum(len(numbers - self.delivered[source]) for source, numbers in self.confirmed.items())


class Cluster:
    """A context: a short-named directory (ipc paths hold 107 octets) and every process that is started in it."""

    def __init__(self, keep=False):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rs-", dir=os.environ.get("RESTANTE_TEST_DIR", "/tmp")))
        self.keep = keep or bool(os.environ.get("RESTANTE_TEST_KEEP"))
        self.processes, self.cleanups = [], []
        self.tally = Tally(self.directory)
        runtime = self.directory / "run"
        runtime.mkdir(mode=0o700)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("RESTANTE_", "XDG_"))}
        self.environment |= {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(runtime),
                             "XDG_STATE_HOME": str(self.directory / "state")}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        for process in self.processes:
            process.kill()
        if error is not None and not isinstance(error, (Skip, KeyboardInterrupt)):
            self.tell()
        for cleanup in reversed(self.cleanups):
            cleanup()
        if self.keep:
            print(f"kept: {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def tell(self, lines=12):
        """The last lines of what everybody said in the last lives, for whoever has to find out."""
        for process in self.processes:
            if process.popen is None:
                continue
            print(f"--- {process.name}: life {process.life}, exit {process.popen.returncode}: "
                  f"{' '.join(process.command)}", file=sys.stderr)
            for life in range(max(1, process.life - 2), process.life + 1):
                for path in sorted(self.directory.glob(f"{process.name}.{life}.*")):
                    text = path.read_text(errors="replace").splitlines()
                    last = text[-2:] if ".log" in path.name else text[-lines:]
                    for line in last:
                        print(f"{path.name}: {line[:300]}", file=sys.stderr)

    def add(self, process, start=True):
        self.processes.append(process)
        return process.start() if start else process

    def sidecar(self, name="s", start=True, **options):
        return self.add(Sidecar(self, name, **options), start)

    def producer(self, source="p", sidecar=None, stream="work", start=True, fresh=False, environment=None, prefix=(),
                 insecure=False, **options):
        """traffic_producer; `options` are its own, with _ for -."""
        def arguments(life):
            return [program("traffic_producer"), "--source", source, "--stream", stream, "--sidecar", sidecar.ipc,
                    "--log", self.directory / f"producer-{source}.{life}.log", *(["--fresh"] if fresh else []),
                    *(["--insecure"] if insecure else []), *flags(options)]
        return self.add(Process(self, f"producer-{source}", arguments, environment, prefix=prefix), start)

    def worker(self, name="w", pulls=None, start=True, environment=None, prefix=(), insecure=False, **options):
        """traffic_worker on `pulls`: {stream: [endpoints]}, or a sidecar for the stream `work`."""
        pulls = pulls if isinstance(pulls, dict) else {"work": [pulls.ipc]}

        def arguments(life):
            wanted = [part for stream, ends in pulls.items() for part in ("--pull", f"{stream}@{','.join(ends)}")]
            return [program("traffic_worker"), "--log", self.directory / f"worker-{name}.{life}.log", *wanted,
                    *(["--insecure"] if insecure else []), *flags(options)]
        return self.add(Process(self, f"worker-{name}", arguments, environment, prefix=prefix), start)

    def cli(self, *arguments, input=b"", deadline=30.0, environment=None):
        """`restante ...`, to its end."""
        return subprocess.run([program("restante"), *map(str, arguments)], input=input, capture_output=True,
                              timeout=deadline, env=self.environment | (environment or {}))

    def status(self, sidecar):
        done = self.cli("status", "--sidecar", sidecar.ipc, "--json")
        expect(done.returncode == 0, f"restante status: exit {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def check(self):
        for process in self.processes:
            if process.crashed():
                raise Failure(f"{process.name} died by signal {-process.popen.returncode} in life {process.life}: "
                              f"{process.text()[-1500:]}")

    def until(self, what, condition, deadline=20.0):
        return wait_until(what, condition, deadline, self.check)

    def seen(self, kind, count, deadline=20.0):
        """Waits until so many messages are attempted, confirmed or delivered."""
        try:
            self.until(f"{count} messages {kind}", lambda: self.tally.update().count(kind) >= count, deadline)
        except Failure as error:
            raise Failure(f"{error} (there are {self.tally.count(kind)})") from None

    def settle(self, deadline=30.0):
        """Waits until every confirmed message is delivered, then judges."""
        try:
            self.until("every confirmed message is delivered", lambda: self.tally.update().owed() == 0, deadline)
        except Failure as error:
            raise Failure(f"{error}: {self.tally.owed()} are owed; {self.verdict().line()}") from None

    def verdict(self, excused=()):
        return oracle.judge(self.directory, excused)

    def finish(self, *producers, deadline=40.0, count=None):
        """Producers end by themselves, everything confirmed comes; then the oracle speaks."""
        for producer in producers:
            status = producer.wait(deadline)
            expect(status == 0, f"{producer.name} ended with {status}: {producer.text()}")
        self.settle(deadline)
        self.check()
        verdict = self.verdict()
        expect(verdict.good, f"{verdict.line()} {json.dumps(verdict.examples)}")
        if count is not None:
            expect(verdict.confirmed == count, f"confirmed {verdict.confirmed}, not {count}: {verdict.line()}")
        print(verdict.line())
        return verdict


def flags(options):
    """`name=value` as `--name value`, a list as one `--name` for each of it, True as `--name` alone."""
    made = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, (list, tuple)) else [value]:
            made += [flag] if each is True else [flag, str(each)]
    return made

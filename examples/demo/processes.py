"""The cast of the demo: real processes of the `restante` program, each with as many lives as it needs."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def find_program(build):
    direct = shutil.which("restante", path=str(build))
    if direct:
        return direct
    for path in pathlib.Path(build).rglob("restante"):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise RuntimeError(f"no `restante` under {build}: build first, or give --build")


class Role:
    """A process that may die and be started again. Its standard output and error of each life are files."""

    def __init__(self, folder, name, program, arguments, environment, output="{name}-{life}.out"):
        self.folder, self.name, self.program = folder, name, program
        self.arguments, self.environment, self.output = arguments, environment, output
        self.life, self.popen, self.died, self.wanted = 0, None, 0.0, False
        self.command = " ".join(["restante", *arguments])

    def start(self, stdin=subprocess.DEVNULL):
        self.life += 1
        self.wanted = True
        with open(self.path(self.output), "wb") as out, open(self.path("{name}-{life}.err"), "wb") as err:
            self.popen = subprocess.Popen([self.program, *self.arguments], stdin=stdin, stdout=out, stderr=err,
                                          env=self.environment, start_new_session=True,
                                          preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        return self

    def path(self, pattern):
        return self.folder / pattern.format(name=self.name, life=self.life)

    def kill(self):
        self.wanted = False
        self.popen.kill()
        self.popen.wait()
        self.died = time.monotonic()

    def stop(self, patience=10):
        self.wanted = False
        if self.popen is not None:
            self.popen.terminate()
            self.popen.wait(patience)

    def ended(self):
        return self.popen is not None and self.popen.poll() is not None

    def said(self):
        return self.path("{name}-{life}.err").read_text(errors="replace")

    def said_in_all_lives(self):
        return [(self.folder / f"{self.name}-{life}.err").read_text(errors="replace")
                for life in range(1, self.life + 1)]


class Worker(Role):
    """Writes `output-NAME-LIFE.txt`. A kill can tear its last line: that one was not acked, and is cut off."""

    def __init__(self, *arguments):
        super().__init__(*arguments, output="output-{name}-{life}.txt")
        self.counted, self.offset, self.total = None, 0, 0

    def start(self):
        super().start()
        self.offset = 0
        return self

    def kill(self):
        super().kill()
        self.mend()

    def stop(self, patience=10):
        super().stop(patience)
        self.mend()

    def mend(self):
        path = self.path(self.output)
        self.count()
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.truncate(path, content.rfind(b"\n") + 1)

    def count(self):
        """Lines written in all lives."""
        if self.popen is not None:
            with open(self.path(self.output), "rb") as out:
                out.seek(self.offset)
                while new := out.read(1 << 20):
                    self.offset += len(new)
                    self.total += new.count(b"\n")
        return self.total


class Sender(Role):
    """Reads the input from a pipe at a service's pace. A new life reads it again and skips what is confirmed."""

    def __init__(self, *arguments, source, rate):
        super().__init__(*arguments)
        self.source, self.rate, self.fed = source, rate, 0

    def start(self):
        read_end, write_end = os.pipe()
        super().start(stdin=read_end)
        os.close(read_end)
        threading.Thread(target=self.feed, args=(write_end,), daemon=True).start()
        return self

    def feed(self, pipe):
        """Lines that no predecessor has read come at `rate` a second; the others at once."""
        paced = self.fed
        began, count, tick = time.monotonic(), 0, threading.Event()
        try:
            with open(self.source, "rb") as source, open(pipe, "wb") as out:
                while chunk := source.readlines(1 << 14):
                    out.write(b"".join(chunk))
                    out.flush()
                    count += len(chunk)
                    self.fed = max(self.fed, count)
                    if count <= paced:
                        began = time.monotonic()
                    else:
                        tick.wait(max(0.0, began + (count - paced) / self.rate - time.monotonic()))
        except BrokenPipeError:
            pass  # killed: the next life starts over


class Cast:
    def __init__(self, folder, build, rate):
        self.folder, program = folder, find_program(build)
        ipc = f"ipc://{folder}/sidecar.sock"
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        environment = os.environ | {"XDG_RUNTIME_DIR": str(runtime), "RESTANTE_SIDECAR": ipc}
        self.program, self.environment = program, environment
        self.sidecar = Role(folder, "sidecar", program,
                            ["up", "--store", str(folder / "store"), "--ipc", ipc, "--node", "demo"], environment)
        self.workers = [Worker(folder, name, program, ["recv", "lines"], environment) for name in ("A", "B")]
        # -v: it says after which line it goes on, which is how the ledger knows what its predecessor had confirmed.
        self.sender = Sender(folder, "sender", program, ["send", "lines", "--resume", "-v"], environment,
                             source=folder / "input.txt", rate=rate)
        self.everyone = [self.sidecar, *self.workers, self.sender]

    def start(self):
        self.sidecar.start()
        deadline = time.monotonic() + 20
        while "ready " not in self.sidecar.path("{name}-{life}.out").read_text():
            if self.sidecar.ended() or time.monotonic() > deadline:
                raise RuntimeError(f"the sidecar does not serve: {self.sidecar.said()}")
            self.pause(0.02)
        for role in [*self.workers, self.sender]:
            role.start()

    def pause(self, seconds):
        threading.Event().wait(seconds)

    def delivered(self):
        return sum(worker.count() for worker in self.workers)

    def status(self):
        """`restante status --json`, or None while nobody answers."""
        try:
            done = subprocess.run([self.program, "status", "--json"], env=self.environment, capture_output=True,
                                  timeout=5)
            return json.loads(done.stdout) if done.returncode == 0 else None
        except (subprocess.TimeoutExpired, ValueError):
            return None

    def check(self):
        """Somebody who ended without being killed is a fault of the product, and ends the demo."""
        for role in self.everyone:
            if role.wanted and role.ended() and not (role is self.sender and role.popen.returncode == 0):
                raise RuntimeError(f"{role.name} ended by itself with {role.popen.returncode}: {role.said()[-2000:]}")

    def outputs(self):
        return sorted(self.folder.glob("output-*.txt"))

    def leave(self):
        """Everybody ends in good order."""
        for role in [*self.workers, self.sender, self.sidecar]:
            if not role.ended():
                role.stop()

    def end(self):
        for role in self.everyone:
            if role.popen is not None and not role.ended():
                role.popen.kill()
                role.popen.wait()

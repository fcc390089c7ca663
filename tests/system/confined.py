"""A group of processes with a limit on its memory: cgroup v1 or v2, whichever this machine lets us use."""
import os
import pathlib

from harness import Sidecar, Skip, wait_until

ROOT = pathlib.Path("/sys/fs/cgroup")


class MemoryGroup:
    """A context. The kernel ends whoever would take more than `limit` octets, page cache that it can drop aside."""

    def __init__(self, limit):
        self.limit = limit
        self.old = (ROOT / "memory").is_dir()  # v1: a tree for each controller
        self.path = (ROOT / "memory" if self.old else ROOT) / f"restante-test-{os.getpid()}-{id(self)}"

    def __enter__(self):
        try:
            if not self.old:
                (ROOT / "cgroup.subtree_control").write_text("+memory")
            self.path.mkdir()
            (self.path / ("memory.limit_in_bytes" if self.old else "memory.max")).write_text(str(self.limit))
            for swap, value in (("memory.memsw.limit_in_bytes", self.limit), ("memory.swap.max", 0)):
                if (self.path / swap).exists():
                    (self.path / swap).write_text(str(value))
        except OSError as error:
            if self.path.is_dir():
                self.path.rmdir()
            raise Skip(f"no memory limit can be set here: {error}") from None
        return self

    def __exit__(self, *_):
        wait_until("the group is empty", lambda: not (self.path / "cgroup.procs").read_text().split())
        self.path.rmdir()

    def wrap(self, command):
        """The command line of a process that is in the group before it is what it is."""
        return ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.path / "cgroup.procs"), *command]

    def kills(self):
        """How many processes the kernel has ended for their memory."""
        name = "memory.oom_control" if self.old else "memory.events"
        words = [line.split() for line in (self.path / name).read_text().splitlines()]
        return next(int(value) for key, value in words if key == "oom_kill")


class ConfinedSidecar(Sidecar):
    def __init__(self, cluster, name, group, **rest):
        self.group = group
        super().__init__(cluster, name, **rest)

    def command_line(self):
        return self.group.wrap([str(part) for part in super().command_line()])

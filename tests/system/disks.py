"""Small disks of one's own: a tmpfs, and ext4 in an image of which the power can be cut. They need root.

All mounts are made in a mount namespace of this process and its children. However they end, the kernel takes the mounts
with them, and the loop devices go with the mounts: nothing can be left behind.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import threading
import time

from harness import LIBC, Failure, Skip, wait_until

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NOLOGFLUSH = 2                  # neither data nor journal: what was not synced is gone

_state = {"private": False}


def _mount(source, target, kind, flags, options):
    return LIBC.mount(*(None if part is None else str(part).encode() for part in (source, target, kind)), flags,
                      None if options is None else options.encode())


def private_mounts():
    """From here on nobody else sees what this process mounts."""
    if _state["private"]:
        return
    if os.geteuid() != 0:
        raise Skip("disks of one's own need root")
    if LIBC.unshare(CLONE_NEWNS) != 0 or _mount(None, "/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise Skip("no mount namespace of its own can be had here")
    _state["private"] = True


class Tmpfs:
    """Memory as a disk, `size` octets large. A context."""

    def __init__(self, directory, size):
        private_mounts()
        self.path = pathlib.Path(directory)
        self.path.mkdir(parents=True, exist_ok=True)
        if _mount("tmpfs", self.path, "tmpfs", 0, f"size={size},mode=700") != 0:
            raise Skip("no tmpfs can be mounted here")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        LIBC.umount2(str(self.path).encode(), MNT_DETACH)


class Ext4:
    """A new ext4 of `size` octets below `directory`, in an image in memory. `options`: of mount(8). A context."""

    def __init__(self, directory, size, options=""):
        directory = pathlib.Path(directory)
        for tool in ("mkfs.ext4", "mount", "losetup"):
            if not shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
                raise Skip(f"there is no {tool}: it is in e2fsprogs, or in mount")
        if not os.path.exists("/dev/loop-control"):
            raise Skip("there are no loop devices here")
        self.options, self.mounted = options, False
        self.path, self.image = directory / "ext4", directory / "image" / "ext4.img"
        self.path.mkdir(parents=True)
        self.memory = Tmpfs(directory / "image", size + (1 << 20))
        try:
            with open(self.image, "wb") as image:
                image.truncate(size)
            self._run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
            self.mount()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def _run(*command, fail=Failure):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False,
                              env=os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "LC_ALL": "C"})
        if done.returncode != 0:
            raise fail(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()}")

    def mount(self):
        options = ",".join(filter(None, ["loop", self.options]))
        unable = Failure if self.mounted else Skip
        self._run("mount", "-t", "ext4", "-o", options, self.image, self.path, fail=unable)
        self.mounted = True

    def cut(self):
        """The power is gone: from here on nothing reaches the image. The caller kills who has files open here."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(descriptor)

    def restore(self):
        """The power is back: ext4 recovers by its journal."""
        wait_until(f"{self.path} can be unmounted", lambda: LIBC.umount2(str(self.path).encode(), 0) == 0)
        self.mount()

    def close(self):
        LIBC.umount2(str(self.path).encode(), MNT_DETACH)
        self.memory.close()


class Filler:
    """Another writer on the same disk, who takes all that is left of it; if greedy, what is freed later as well."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "filler"
        self.file = self.thread = None

    def fill(self, greedy=False):
        self.more = greedy
        self.file = open(self.path, "ab", buffering=0)
        self.take()
        if greedy:
            self.thread = threading.Thread(target=self.go_on, daemon=True)
            self.thread.start()

    def take(self):
        for block in (1 << 16, 1 << 12):
            try:
                while True:
                    self.file.write(bytes(block))
            except OSError:
                pass

    def go_on(self):
        while self.more:
            self.take()
            time.sleep(0.0005)

    def close(self):
        """Takes no more, and keeps what it has."""
        self.more = False
        if self.thread:
            self.thread.join()
        if self.file:
            self.file.close()
        self.file = self.thread = None

    def free(self):
        self.close()
        self.path.unlink(missing_ok=True)


def check_database(path):
    """What SQLite says of a database that nobody has open: `ok`, or what is wrong."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA quick_check").fetchone()[0]

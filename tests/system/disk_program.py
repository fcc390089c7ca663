"""What the campaigns of the disk share: they are run by the program `disk` of tests/disk."""
import subprocess

from harness import Failure, build_directory


def run(name, n, seed, *options):
    """The figures that the program prints, a name and a number a line."""
    program = build_directory() / "bin" / "disk"
    done = subprocess.run([program, name, str(n), str(seed), *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{program} ended with {done.returncode}: {done.stderr[-2000:]}")
    if done.stderr and not options:
        print(done.stderr[:4000])
    return {key: int(value) for key, value in (line.split() for line in done.stdout.splitlines())}

#!/usr/bin/env -S python3 -B
"""Runs every command that README.md and docs/ show in a ```sh fence.

The blocks of one file run in order in one bash, in a home of its own that holds orders.txt, with the built `restante`
in PATH; each must end with 0, and so must each command of it. What a block leaves running with & goes on until the file
ends. `./dev X` is not run again from within the tests: it is checked that ./dev knows X. A fence marked ```sh no-test
is left out, and counted. An ```output fence right behind a block is what the block has to print, on both streams, but
for what differs from run to run: times, ages, process numbers, grants, and how far columns are apart.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import harness

ROOT = harness.HERE.parent.parent
DEADLINE_S = 60
FENCE = re.compile(r"^( *)```sh([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\n*^```output\n(.*?)^```", re.MULTILINE | re.DOTALL)
VARYING = [(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"), (r"\b[\d.]+ (ms|s|min|h|days)\b", "AGE"), (r"\bpid \d+", "pid N"),
           (r"\b[0-9a-f]{8,16}\b", "GRANT"), (r" +", " ")]
MARK = "=== the output of block "
PROLOGUE = """set -eE -o pipefail
block=0
trap 'status=$?; echo "block $block: exit status $status: $BASH_COMMAND" >&2; exit 99' ERR
"""


def documents():
    return [p for p in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if FENCE.search(p.read_text())]


def blocks(path):
    """(line number, marked no-test, text) of each fence."""
    text = path.read_text()
    for found in FENCE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, "no-test" in found.group(2), found.group(3)


def outputs(path):
    """What the blocks have to print, by line number, as far as the page says so."""
    text = path.read_text()
    for found in FENCE.finditer(text):
        if shown := OUTPUT.match(text, found.end()):
            yield text.count("\n", 0, found.start()) + 1, shown.group(1)


def plain(text):
    for varying, name in VARYING:
        text = re.sub(varying, name, text)
    return [line.strip() for line in text.splitlines()]


def misprinted(path, said):
    """The first block that printed something else than the page says, or None."""
    printed = {}
    for part in said.split(MARK)[1:]:
        number, _, text = part.partition("\n")
        printed[int(number)] = text
    for line, wanted in outputs(path):
        if plain(printed.get(line, "")) != plain(wanted):
            return f"the block at line {line} printed\n{printed.get(line)}\nand not\n{wanted}"
    return None


def dev_stand_in(folder):
    """./dev, as far as a document may rely on it: refuses what the real one does not know."""
    real = ROOT / "dev"
    known = real.read_text() if real.exists() else ""
    stand_in = folder / "dev"
    stand_in.write_text("#!/bin/bash\ncase \"${1-}\" in\n" + "".join(
        f"  {name}) exit 0 ;;\n" for name in ("demo", "test", "bench", "sim", "soak", "format", "fresh", "fuzz")
        if re.search(rf"\b{name}\b", known)) + "esac\necho \"./dev does not know: $*\" >&2\nexit 2\n")
    stand_in.chmod(0o755)


def run(path, scratch):
    """What went wrong in one file, or None."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="d-", dir=scratch))
    programs = home / ".bin"
    programs.mkdir()
    for name in ("restante",):
        (programs / name).symlink_to(harness.program(name))
    runtime = home / ".run"
    runtime.mkdir(mode=0o700)
    dev_stand_in(home)
    (home / "orders.txt").write_text("42 apples\n7 pears\n1 melon\n")  # what the examples send
    shown = [(line, text) for line, left_out, text in blocks(path) if not left_out]
    left_out = sum(1 for _, marked, _ in blocks(path) if marked)
    script = PROLOGUE + "".join(f"block={line}\necho '{MARK}{line}'\n{text}\n" for line, text in shown)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RESTANTE_", "XDG_"))}
    environment |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "XDG_STATE_HOME": str(home / ".state"),
                    "PATH": f"{programs}:{os.environ['PATH']}"}
    with open(home / ".out", "w+") as out:
        shell = subprocess.Popen(["bash", "-c", script], cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 env=environment, start_new_session=True)
        try:
            status = shell.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            status = f"none after {DEADLINE_S} s"
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # whatever was left in the background
        except ProcessLookupError:
            pass
        shell.wait()
        out.seek(0)
        said = out.read()
    shutil.rmtree(home, ignore_errors=True)
    print(f"{path.relative_to(ROOT)}: {len(shown)} blocks run, {left_out} left out: exit status {status}")
    wrong = misprinted(path, said) if status == 0 else None
    if wrong:
        return f"{path.relative_to(ROOT)}: {wrong}"
    if status == 0:
        return None
    return f"{path.relative_to(ROOT)}: exit status {status} (block N is at line N)\n{said[-3000:]}"


def main():
    with tempfile.TemporaryDirectory(prefix="rs-", dir="/tmp") as scratch:
        files = [pathlib.Path(name).resolve() for name in sys.argv[1:]] or documents()
        failed = [text for text in (run(path, scratch) for path in files) if text]
    print(*failed, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

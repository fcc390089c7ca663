#!/usr/bin/env -S python3 -B
"""Writes the hello-worlds of README.md, its ```cpp fences, into a folder as they stand: readme_code.py README FOLDER.

Each is the program of one side, of at most 8 lines besides blank ones, and does without the words that Restante is
there to spare its users. Exit status 1 if that is not so, or if there are not two of them; or if a line of the other
code, in ```c++ fences, stands in no lesson of examples/, which are compiled and run elsewhere.
"""
import pathlib
import re
import sys

FENCE = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXCERPT = re.compile(r"^```c\+\+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES_MAX = 8
SPARED = re.compile(r"\b(bind|connect|linger|hwm|high[- ]water[- ]mark)", re.IGNORECASE)


def faults(text):
    lines = sum(1 for line in text.splitlines() if line.strip())
    if lines > LINES_MAX:
        yield f"has {lines} lines besides blank ones, more than {LINES_MAX}"
    yield from (f"says `{word}`" for word in SPARED.findall(text))
    if "int main(" not in text:
        yield "is no whole program"


def main():
    readme, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True)
    page = readme.read_text()
    found, bad = list(FENCE.finditer(page)), []
    if len(found) != 2:
        bad.append(f"{readme} has {len(found)} ```cpp fences, not one for the sender and one for the worker")
    for fence in found:
        line = page.count("\n", 0, fence.start()) + 2
        # The compiler's complaints name the page and the line in it.
        (folder / f"line{line}.cpp").write_text(f'#line {line} "{readme.resolve()}"\n{fence.group(1)}')
        bad += [f"{readme.resolve()}:{line}: the hello-world {fault}" for fault in faults(fence.group(1))]
    lessons = {line.strip() for path in (readme.resolve().parent / "examples").glob("*.cpp")
               for line in path.read_text().splitlines()}
    excerpts = [line for fence in EXCERPT.finditer(page) for line in fence.group(1).splitlines() if line.strip()]
    bad += [f"{readme}: no lesson has the line: {line}" for line in excerpts if line.strip() not in lessons]
    print(*bad, sep="\n", end="\n" if bad else "", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

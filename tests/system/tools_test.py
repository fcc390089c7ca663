"""The tools of these tests are tested too, and the documents' commands are run."""
import re
import subprocess
import sys
import zlib

import doc_commands
from harness import HERE, Cluster, Failure, Skip, expect, program
from registry import scenario, scenarios


@scenario
def oracle_sees_bad_histories():
    """The oracles go red on every kind of broken history."""
    for test in ("oracle_test.py", "subscription_oracle_test.py", "story_oracles_test.py"):
        done = subprocess.run([sys.executable, "-B", HERE / test], capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)


@scenario
def payloads_prove_themselves():
    """The traffic tools' checksum is zlib's, and a payload is the same whenever it is made."""
    for number, size in ((1, 10), (77, 60), (123456, 900)):
        command = [program("traffic_producer"), "--print", str(number), "--source", "p", "--size", str(size)]
        made = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
        expect(len(made) == 1, f"payload {number} differs from run to run")
        source, told, crc, filler = made.pop().rstrip("\n").split(" ")
        expect((source, int(told)) == ("p", number), f"payload {number} says {source} {told}")
        expect(zlib.crc32(f"{source} {told} {filler}".encode()) == int(crc, 16), f"wrong checksum in payload {number}")


@scenario
def commands_in_the_documents():
    """Every command shown in README.md and docs/ runs and ends with 0."""
    files = doc_commands.documents()
    if not files:
        raise Skip("there are no documents")
    with Cluster() as c:
        failed = [text for text in (doc_commands.run(path, c.directory) for path in files) if text]
    if failed:
        raise Failure("\n".join(failed))


@scenario
def outputs_in_the_documents_are_compared():
    """What differs from run to run is no difference, all else is one, also what a page says and no command printed."""
    printed = "id  3 s  pid 71\n", "2026-11-27T15:00:00.187Z 8f04d3a1c6b2957e\n"
    first, second = "id     1.5 min  pid 4\n", "2020-01-01T00:00:00.001Z 0123456789ab\n"
    with Cluster() as c:
        page = c.directory / "page.md"

        def wrong(*outputs):
            page.write_text("".join(f"text\n```sh\na\n```\n{text}" for text in outputs))
            marks = [f"{doc_commands.MARK}{line}\n" for line, _, _ in doc_commands.blocks(page)]
            return doc_commands.misprinted(page, "".join(mark + text for mark, text in zip(marks, printed)))

        def fence(text):
            return f"```output\n{text}```\n"

        expect(wrong(fence(first), "\n" + fence(second)) is None, f"{wrong(fence(first), fence(second))}")
        expect(wrong("", "") is None, "what a page does not say need not be so")
        expect(wrong(fence(first), fence("other\n")), "another word")
        expect(wrong(fence(""), fence(second)), "less than was printed")
        expect(wrong(fence(first + second), ""), "more than was printed")


@scenario
def guarantees_name_tests_that_exist():
    """Each row of the tables in docs/guarantees.md names its tests, which exist; so do two other pages."""
    page = doc_commands.ROOT / "docs" / "guarantees.md"
    cases = "".join(path.read_text() for path in doc_commands.ROOT.glob("tests/**/*_test.cpp"))
    campaigns = {path.stem for path in (doc_commands.ROOT / "tests" / "campaigns").glob("*.py")}
    cases = re.sub(r'"\n *"', "", cases)
    tables = page.read_text().split("## What happens if X dies at moment Y")[1].split("\n## Where the promise ends")[0]
    rows = [line.split(" | ") for line in tables.splitlines() if line.startswith("| ")]
    named = 0
    for row in rows:
        last = row[-1].rstrip(" |")
        if last in ("shown by", "checked by", "at most"):
            is_campaign = last == "at most"
            continue
        if is_campaign:
            name = row[0].strip("| `")
            expect(name.startswith("./dev ") or name in campaigns, f"there is no campaign {name}")
            continue
        names = re.findall(r"`([^`]+)`", last.replace("`strict`", ""))
        expect(names or re.search("sim|not yet", last), f"no test shows: {row[0].lstrip('| ')}")
        for name in names:
            exists = name in scenarios or name in campaigns or f'"{name}"' in cases
            expect(exists, f"there is no test `{name}`")
            named += 1
    expect(named > 150, f"only {named} tests are named in {page}")
    docs = doc_commands.ROOT / "docs"
    for page in (docs / "semantics.md", *(docs / "patterns").glob("*.md")):
        for table in re.findall(r"^\|.*shown by \|\n((?:\|.*\n)+)", page.read_text(), re.MULTILINE):
            for name in re.findall(r"`([^`]+)`", " ".join(row.split(" | ")[-1] for row in table.splitlines())):
                expect(name in scenarios or f'"{name}"' in cases, f"{page.name}: there is no test `{name}`")
                named += 1
    print(f"{named} tests named")

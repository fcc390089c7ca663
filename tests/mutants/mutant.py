"""A mutant: a patch with one wrong turn in core/, and a header that says which rule it breaks and who must notice."""
import dataclasses
import pathlib
import re


class Broken(Exception):
    """The patch or its header is no good; the text says why."""


@dataclasses.dataclass
class Hunk:
    file: str
    old: str
    new: str


@dataclasses.dataclass
class Mutant:
    name: str
    rule: str
    wrong: str
    killers: list  # names of checkers as the simulation prints them, or one name of a test of core_tests
    program: str   # sim, sim_small or core_tests
    hunks: list

    def patched(self, root):
        """The files with the wrong turn in them: {path within the tree: text}."""
        texts = {}
        for hunk in self.hunks:
            text = texts.get(hunk.file) or (root / hunk.file).read_text()
            if text.count(hunk.old) != 1:
                raise Broken(f"does not apply: a hunk of {hunk.file} is found {text.count(hunk.old)} times")
            texts[hunk.file] = text.replace(hunk.old, hunk.new)
        return texts


def hunks_of(lines):
    hunks, file = [], None
    for line in lines:
        if line.startswith("+++ "):
            file = line[4:].split("\t")[0].strip().removeprefix("b/")
        elif line.startswith("@@"):
            hunks.append(Hunk(file, "", ""))
        elif hunks and line[:1] in (" ", "-", "+"):
            if line.startswith("--- "):
                continue
            text = line[1:] + "\n"
            hunks[-1].old += text if line[0] != "+" else ""
            hunks[-1].new += text if line[0] != "-" else ""
    return hunks


def read(path):
    """The header's lines are `name: value`, before the first line of the diff."""
    lines = pathlib.Path(path).read_text().split("\n")
    begin = next((at for at, line in enumerate(lines) if line.startswith("--- ")), len(lines))
    header = dict(re.findall(r"^(\w+): (.*)$", "\n".join(lines[:begin]), re.MULTILINE))
    missing = {"rule", "wrong", "killer"} - header.keys()
    if missing:
        raise Broken(f"{path.name}: the header lacks {', '.join(sorted(missing))}")
    killer, program = header["killer"], header.get("world", "sim")
    test = re.fullmatch(r'core_tests "(.*)"', killer)
    if test:
        program, killers = "core_tests", [test[1]]
    else:
        killers = [name.strip() for name in killer.split(";")]
    hunks = hunks_of(lines[begin:])
    outside = [hunk.file for hunk in hunks if not hunk.file.startswith("core/")]
    if not hunks or outside:
        raise Broken(f"{path.name}: a mutant is a change of core/, and of nothing else")
    return Mutant(path.stem, header["rule"], header["wrong"], killers, program, hunks)

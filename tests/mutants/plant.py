"""Builds a program with a mutant in it: what the patch touches is compiled again, the rest is the build's own."""
import pathlib
import re
import shlex
import subprocess


class Unbuilt(Exception):
    """The compiler or the linker said no; the text is what it said."""


def run(command, cwd):
    done = subprocess.run(command, cwd=cwd, shell=isinstance(command, str), capture_output=True, text=True)
    if done.returncode:
        raise Unbuilt(done.stderr[-2000:] or done.stdout[-2000:])
    return done.stdout


class Nursery:
    """The patched files lie in a tree of their own, which comes first among the include folders."""

    def __init__(self, root, build, jobs):
        self.root, self.build, self.jobs = root, build, jobs
        self.folder = root / "build" / "mutants"
        self.commands = {}  # of a program: its compilations and its link
        self.includes = {}  # of an object: what it was compiled from

    def commands_of(self, program):
        if program not in self.commands:
            lines = run(["ninja", "-t", "commands", program], self.build).splitlines()
            compiled = {}
            for line in lines:
                match = re.search(r" -o (\S+\.o) -c (\S+)$", line)
                if match:
                    compiled[match[1]] = (line, pathlib.Path(match[2]))
            self.commands[program] = compiled, lines[-1]
        return self.commands[program]

    def files_of(self, object_file):
        """All files that went into an object, as paths within the tree."""
        if not self.includes:
            name = ""
            for line in run(["ninja", "-t", "deps"], self.build).splitlines():
                if line.startswith("    "):
                    path = pathlib.Path(self.build, line.strip()).resolve()
                    if path.is_relative_to(self.root):
                        self.includes[name].add(str(path.relative_to(self.root)))
                elif line:
                    name = line.split(":")[0]
                    self.includes[name] = set()
        return self.includes.get(object_file, set())

    def plant(self, mutant):
        """Compiles and links; the path of the program."""
        source = self.folder / "source"
        run(["rm", "-rf", str(source)], self.root)
        texts = mutant.patched(self.root)
        for name, text in texts.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        compiled, link = self.commands_of(mutant.program)
        wanted = [one for one in compiled if self.files_of(one) & texts.keys()]
        if not wanted:
            raise Unbuilt(f"{mutant.program} is not built from what the patch touches")
        objects = self.compile(wanted, compiled, source)
        program = self.folder / f"{mutant.program}-{mutant.name}"
        run(self.link(link, objects, program), self.build)
        return program

    def compile(self, wanted, compiled, source):
        objects, running = {}, []
        for number, name in enumerate(wanted):
            command, path = compiled[name]
            own = source / path.relative_to(self.root) if path.is_relative_to(self.root) else path
            objects[name] = str(self.folder / f"{number}.o")
            command = command.replace(f" -o {name} -c {path}",
                                      f" -o {objects[name]} -c {own if own.is_file() else path}")
            command = re.sub(r" -MD -MT \S+ -MF \S+", "", command)
            include = source / "core" / "include"
            words = f"-I{shlex.quote(str(source))} " + (f"-I{shlex.quote(str(include))} " if include.is_dir() else "")
            command = re.sub(r" (-[DI])", f" {words}\\1", command, count=1)
            running.append(subprocess.Popen(command, cwd=self.build, shell=True, stderr=subprocess.PIPE, text=True))
            if len(running) >= self.jobs:
                self.wait(running.pop(0))
        for process in running:
            self.wait(process)
        return objects

    @staticmethod
    def wait(process):
        text = process.communicate()[1]
        if process.returncode:
            raise Unbuilt(text[-2000:])

    @staticmethod
    def link(command, objects, program):
        """What an archive has in its old form is not looked for there: it is before the archives."""
        command = re.sub(r" -o \S+", lambda _: f" -o {shlex.quote(str(program))}", command, count=1)
        for name, made in objects.items():
            if f" {name} " in command:
                command = command.replace(f" {name} ", f" {made} ")
            else:
                command = command.replace(" -o ", f" {made} -o ", 1)
        return command

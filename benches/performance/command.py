"""The command line of scripts/performance."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback
from dataclasses import asdict

from .bench import Bench
from .check import check
from .databases import POSTGRES, SQLITE, refuse_closed_folder
from .document import Document, section
from .ending import Alarm, exit_on_signals
from .groups import GROUPS, NEED_SYNAPSE
from .machine import commit, description

# A group that takes longer than this many times its minutes is ended.
GREATEST_EXCESS = 2
DATABASES = [SQLITE.lower(), POSTGRES.lower()]
# What a run measures whose figures are written to docs/performance.md.
WHOLE = {"scale": 1.0, "rounds": None, "databases": DATABASES, "replicas": 3, "program": None}


def main(root, usage):
    """Does what the command line says, and returns the exit code."""
    options = read_options(usage)
    exit_on_signals()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")).resolve()
    if options.groups == ["check"]:
        check(options.program, root)
        return 0
    return Run(root, target, options).measure()


def read_options(usage):
    """Returns the options of the command line."""
    parser = argparse.ArgumentParser(description=usage, prog="scripts/performance",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [group.NAME for group in GROUPS]
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(names))
    parser.add_argument("--scale", type=float, default=WHOLE["scale"],
                        help="measure this share of pushes, pages and entries (1)")
    parser.add_argument("--rounds", type=int,
                        help="rounds of each group (mostly 3; 5 where they are short)")
    parser.add_argument("--databases", type=lambda text: text.split(","), default=DATABASES,
                        help="sqlite, postgresql or both (sqlite,postgresql)")
    parser.add_argument("--replicas", type=int, default=WHOLE["replicas"],
                        help="the greatest number of processes on one database (3)")
    parser.add_argument("--program", type=pathlib.Path,
                        help="measure this program instead of building one")
    options = parser.parse_args()
    if options.program:
        options.program = options.program.resolve()
    unknown = [name for name in options.databases if name not in DATABASES]
    if unknown:
        parser.error(f"no such database: {', '.join(unknown)}. There are {' and '.join(DATABASES)}")
    if options.groups == ["check"]:
        if not options.program:
            parser.error("check needs a --program")
        return options
    unknown = [name for name in options.groups if name not in names]
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}. The groups are {', '.join(names)}")
    return options


class Run:
    """One run of some groups."""

    def __init__(self, root, target, options):
        self.root = root
        self.target = target
        self.folder = target / "performance"
        self.options = options
        self.groups = [group for group in GROUPS
                       if not options.groups or group.NAME in options.groups]

    def measure(self):
        """Measures all groups. One that fails does not keep the others from being measured."""
        if POSTGRES.lower() in self.options.databases:
            refuse_closed_folder(self.folder)
        subprocess.run([self.root / "scripts" / "prerequisites", "performance"], check=True)
        if any(group in NEED_SYNAPSE for group in self.groups):
            subprocess.run([self.root / "scripts" / "synapse", "install"], check=True)
        program = self.options.program or self._build(self.root, self.target, "tallyroom")
        folder, target = self.root / "benches" / "instruments", self.target / "instruments"
        instruments = self._build(folder, target, "instruments")
        # Its tests run here: it has a build of its own, for which the test suite has no time.
        self._cargo(folder, target, "test")
        document, copy = self._documents()
        failed = [group.NAME for group in self.groups
                  if not self._measure_group(group, program, instruments, copy)]
        is_whole = all(getattr(self.options, name) == value for name, value in WHOLE.items())
        if is_whole and not failed:
            document.take(copy, [group.NAME for group in self.groups])
        print(f"\nThe tables are in {(document if is_whole and not failed else copy).file}",
              file=sys.stderr)
        if failed:
            print(f"Not measured: {', '.join(failed)}", file=sys.stderr)
        return 1 if failed else 0

    def _build(self, folder, target, name):
        """Builds a program in release, and returns where it is."""
        print(f"Building {name} in release", file=sys.stderr, flush=True)
        self._cargo(folder, target, "build", "--bin", name)
        return target / "release" / name

    @staticmethod
    def _cargo(folder, target, command, *words):
        subprocess.run(["cargo", command, "--release", "--locked", "--quiet", *words], cwd=folder,
                       check=True, stdout=sys.stderr, env={**os.environ, "CARGO_TARGET_DIR": str(target)})

    def _documents(self):
        """Returns the document, and the copy of it that each group is written to."""
        document = Document(self.root / "docs" / "performance.md")
        self.folder.mkdir(parents=True, exist_ok=True)
        copy = self.folder / "performance.md"
        copy.write_text(document.file.read_text())
        return document, Document(copy)

    def _measure_group(self, group, program, instruments, document):
        """Measures a group, and returns whether it came to its end."""
        print(f"\n{group.TITLE} ({group.NAME}, about {group.MINUTES} minutes at most)",
              file=sys.stderr, flush=True)
        started = time.monotonic()
        folder = self.folder / group.NAME
        is_complete = False
        bench = Bench(self.root, folder, program, instruments, self.options, group.MINUTES)
        try:
            # The alarm also bounds how long it takes to end everything.
            with Alarm(group.MINUTES * 60 * GREATEST_EXCESS), bench:
                group.measure(bench)
            is_complete = True
            # The databases are large. After a failure, the logs beside them are of use.
            shutil.rmtree(folder, ignore_errors=True)
        except Exception:
            traceback.print_exc()
        if bench.figures.all:
            self._write(group, bench, document, time.monotonic() - started, is_complete)
        return is_complete

    def _write(self, group, bench, document, seconds, is_complete):
        note = f" It took {seconds / 60:.1f} minutes."
        if not is_complete:
            note += " It was ended before its end."
        if self.options.scale != WHOLE["scale"]:
            note += f" Scaled by {self.options.scale}."
        when, at = time.strftime("%Y-%m-%d"), commit(self.root)
        self._keep(group, bench, when, at)
        with_what = [description(), *(f"{name} {bench.versions[name]}" for name in sorted(bench.versions))]
        content = section(group, bench.figures, when, at, ", ".join(with_what), note)
        print(f"\n{bench.figures.table()}\n", flush=True)
        document.replace(group.NAME, content)

    def _keep(self, group, bench, when, at):
        """Appends what each round measured to results.jsonl, for those who want more than the tables."""
        result = {"group": group.NAME, "when": when, "commit": at, "scale": self.options.scale,
                  "seeds": bench.seeds, "versions": bench.versions,
                  "figures": [asdict(figure) for figure in bench.figures.all.values()]}
        with open(self.folder / "results.jsonl", "a") as results:
            results.write(json.dumps(result) + "\n")

"""The command line of scripts/performance."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict

from .bench import Bench
from .check import check
from .document import Document, section
from .groups import GROUPS, NEED_SYNAPSE
from .machine import commit, description

# A group that takes longer than this many times its minutes is ended.
GREATEST_EXCESS = 2
DEFAULT_SCALE = 1.0


def main(root, usage):
    """Does what the command line says, and returns the exit code."""
    options = read_options(usage)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
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
    parser.add_argument("--scale", type=float, default=DEFAULT_SCALE,
                        help="measure this share of pushes, pages and entries (1)")
    parser.add_argument("--rounds", type=int,
                        help="rounds of each group (mostly 3; 5 where they are short)")
    parser.add_argument("--databases", default="sqlite,postgresql",
                        help="sqlite, postgresql or both (sqlite,postgresql)")
    parser.add_argument("--replicas", type=int, default=3,
                        help="the greatest number of processes on one database (3)")
    parser.add_argument("--program", type=pathlib.Path,
                        help="measure this program instead of building one")
    parser.add_argument("--write", action="store_true",
                        help="write docs/performance.md even if the run is scaled or has a --program")
    options = parser.parse_args()
    if options.groups == ["check"] and options.program:
        options.program = options.program.resolve()
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
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        subprocess.run([self.root / "scripts" / "prerequisites", "performance"], check=True)
        if any(group in NEED_SYNAPSE for group in self.groups):
            subprocess.run([self.root / "scripts" / "synapse", "install"], check=True)
        program = self.options.program or self._build(self.root, self.target, "tallyroom")
        instruments = self._build(self.root / "benches" / "instruments",
                                  self.target / "instruments", "instruments")
        document = self._document()
        failed = [group.NAME for group in self.groups
                  if not self._measure_group(group, program.resolve(), instruments, document)]
        print(f"\nThe tables are in {document.file}", file=sys.stderr)
        if failed:
            print(f"Not measured: {', '.join(failed)}", file=sys.stderr)
        return 1 if failed else 0

    def _build(self, folder, target, name):
        """Builds a program in release, and returns where it is."""
        print(f"Building {name} in release", file=sys.stderr, flush=True)
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--bin", name]
        subprocess.run(command, cwd=folder, check=True,
                       env={**os.environ, "CARGO_TARGET_DIR": str(target)})
        return target / "release" / name

    def _document(self):
        """Returns the document to write to: a copy, if the figures are not those of a whole run."""
        document = Document(self.root / "docs" / "performance.md")
        is_whole = self.options.scale == DEFAULT_SCALE and self.options.program is None
        if is_whole or self.options.write:
            return document
        self.folder.mkdir(parents=True, exist_ok=True)
        copy = self.folder / "performance.md"
        copy.write_text(document.file.read_text())
        return Document(copy)

    def _measure_group(self, group, program, instruments, document):
        """Measures a group, and returns whether it came to its end."""
        print(f"\n{group.TITLE} ({group.NAME}, about {group.MINUTES} minutes at most)",
              file=sys.stderr, flush=True)
        started = time.monotonic()
        folder = self.folder / group.NAME
        is_complete = False
        bench = Bench(self.root, folder, program, instruments, self.options, group.MINUTES)
        try:
            with bench, Alarm(group.MINUTES * 60 * GREATEST_EXCESS):
                group.measure(bench)
            is_complete = True
            # The databases are large. After a failure, the logs beside them are of use.
            shutil.rmtree(folder, ignore_errors=True)
        except Exception:
            traceback.print_exc()
        if bench.figures.all:
            self._write(group, bench.figures, document, time.monotonic() - started, is_complete)
        return is_complete

    def _write(self, group, figures, document, seconds, is_complete):
        note = f" It took {seconds / 60:.1f} minutes."
        if not is_complete:
            note += " It was ended before its end."
        if self.options.scale != DEFAULT_SCALE:
            note += f" Scaled by {self.options.scale}."
        when, at = time.strftime("%Y-%m-%d"), commit(self.root)
        self._keep(group, figures, when, at)
        content = section(group, figures, when, at, description(), note)
        print(f"\n{figures.table()}\n", flush=True)
        document.replace(group.NAME, content)

    def _keep(self, group, figures, when, at):
        """Appends what each round measured to results.jsonl, for those who want more than the tables."""
        result = {"group": group.NAME, "when": when, "commit": at, "scale": self.options.scale,
                  "figures": [asdict(figure) for figure in figures.all.values()]}
        with open(self.folder / "results.jsonl", "a") as results:
            results.write(json.dumps(result) + "\n")


class Alarm:
    """Raises an error in the main thread when the time is over."""

    def __init__(self, seconds):
        self.seconds = round(seconds)

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._ring)
        signal.alarm(self.seconds)

    def __exit__(self, *_):
        signal.alarm(0)

    def _ring(self, *_):
        raise TimeoutError(f"it took more than {self.seconds} s")

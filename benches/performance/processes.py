"""Processes that a run starts, and that it ends in any case."""
import os
import pathlib
import signal
import subprocess
import sys
import time

# The seconds that a process has to end by itself.
PATIENCE = 20
# Each process that was started and not ended. Whatever fails, `end_all` ends it.
running = []


class Process:
    """A process whose output goes to a log, or to a pipe if somebody reads it."""

    def __init__(self, command, log, folder=None, piped=False, variables=None):
        """`variables` are further ones of the environment."""
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=folder, stderr=errors, text=piped or None,
                env={**os.environ, **(variables or {})},
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else errors)
        running.append(self)
        self.id = self.process.pid

    def has_ended(self):
        """Returns whether it has ended."""
        return self.process.poll() is not None

    def end(self):
        """Ends it, by force if it does not end by itself."""
        if not self.has_ended():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in running:
            running.remove(self)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def answers(self, name, ask):
        """Returns whether `ask()` is answered with 200. If the process has ended, that is a failure."""
        if self.has_ended():
            raise RuntimeError(f"{name} ended: {self.tail()}")
        try:
            return ask().status == 200
        except OSError:
            return False

    def read_line(self):
        """Returns the next line that it prints."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} ended: {self.tail()}")
        return line

    def write_line(self, line):
        """Writes a line to its input."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def tail(self):
        """Returns the end of its log."""
        return self.log.read_text(errors="replace")[-1500:]


def end_all():
    """Ends everything that still runs, whatever failed before."""
    for process in list(reversed(running)):
        try:
            process.end()
        except Exception as error:  # The rest has to be ended, too.
            print(f"{process.process.args[0]} could not be ended: {error}", file=sys.stderr)


def wait_until(condition, what, seconds=120, pause=0.01):
    """Waits until `condition()` is true, and returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def run(command, **options):
    """Runs a command to its end and returns what it printed. What it says about a failure is kept."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(words[0])} failed: {done.stderr[-1000:]}")
    return done.stdout

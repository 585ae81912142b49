"""What the operating system says about processes and about this machine."""
import os
import pathlib
import platform
import random
import resource
import socket
import subprocess
import threading

PORTS = range(10_000, 32_000)
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# The ports that were given out. Threads ask in turns.
given = set()
giving = threading.Lock()


def free_port():
    """Returns a port of 127.0.0.1 on which nobody listens, and gives it out once.

    It is not one that the system gives out by itself: some connection could take it meanwhile.
    """
    while True:
        port = random.choice(PORTS)
        with giving, socket.socket() as listener:
            if port in given:
                continue
            given.add(port)
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # Somebody listens on it.


def resident_kb(process):
    """Returns the memory that a process has in RAM, in units of 1,024 bytes."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def cpu_seconds(process):
    """Returns the processor time that a process has used, in seconds."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def allow_many_files():
    """Raises the limit of open files of this process and its children to the hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def description():
    """Returns one line about processors, memory and system, for those who read the figures."""
    memory = next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines()
                  if line.startswith("MemTotal"))
    gigabytes = int(memory.split()[1]) / 1024 / 1024
    return (f"{os.cpu_count()} processors ({_processor()}), {gigabytes:.0f} GB of memory, "
            f"{platform.system()} {platform.release().split('-')[0]}")


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit(root):
    """Returns the short id of the commit that is checked out, with a plus sign if files were changed."""
    def git(*arguments):
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
        return done.stdout.strip()
    changed = git("status", "--porcelain", "--", ".", ":!docs/performance.md")
    return (git("rev-parse", "--short=9", "HEAD") or "unknown") + ("+" if changed else "")

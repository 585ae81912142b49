"""Ends a run in time, and without leaving anything behind: bounds of time, and signals."""
import signal

# The seconds after which an alarm rings again, in case that something took it for another error.
REPEAT_SECONDS = 60


class TimeIsOver(Exception):
    """A run took too long. It is no OSError, which waiting for a server takes for "not there yet"."""


class Alarm:
    """Raises `TimeIsOver` in the main thread when the time is over, and again each minute until it is left."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, REPEAT_SECONDS)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_):
        raise TimeIsOver(f"it took more than {self.seconds:.0f} s")


def exit_on_signals():
    """Has SIGTERM and SIGHUP leave the program as Ctrl-C does, so that everything is ended."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)


def _exit(number, _):
    # The first one is enough. A second one must not keep anything from being ended.
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)

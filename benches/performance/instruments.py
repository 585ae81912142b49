"""The program in benches/instruments: loads and floors. Each of its answers is a line of JSON."""
import json

from .processes import Process, run

TOKEN = "a-token-for-measurements-only"


class Instruments:
    """Runs the program. A measurement ends after `seconds` even if it has not done all."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def _run(self, *words):
        return json.loads(run([self.program, *words]))

    def push(self, ports, token, senders, load, rooms=None, in_flight=1, rate=None):
        """Pushes events, and returns `times`, `seconds`, `events` and `events_per_second`.

        "events_with_warm_up" also counts those that were pushed before the measurement. Without `rooms`,
        the rooms are made up.
        """
        words = ["push", "--token", token, "--in-flight", in_flight, *_words(load)]
        for port in ports:
            words += ["--address", f"127.0.0.1:{port}"]
        for sender in senders:
            words += ["--sender", sender]
        if rooms:
            file = self.folder / "rooms.txt"
            file.write_text("\n".join(rooms))
            words += ["--rooms", file]
        if rate:
            words += ["--events-per-second", rate]
        return self._run(*words)

    def get(self, port, path, count, cookie=None, token=None, seconds=30):
        """Reads one address again and again, and returns the `times` of the first byte.

        With a list of paths, they are read in turns.
        """
        words = ["get", "--address", f"127.0.0.1:{port}", "--count", count, "--seconds", seconds]
        for one in [path] if isinstance(path, str) else path:
            words += ["--path", one]
        words += ["--cookie", cookie] if cookie else []
        words += ["--token", token] if token else []
        return self._run(*words)

    def insert(self, database, load):
        """Stores the rows of pushes without HTTP, and returns `times` and `events_per_second`."""
        return self._run("insert", *database.options, *_words(load))

    def read(self, database, query, count):
        """Reads all rows of a query again and again, and returns `times`, `rows` and `bytes`."""
        return self._run("read", *database.options, "--query", query, "--count", count)

    def serve(self, name, database=None, announces=False):
        """Starts the floor that takes pushes, with a database or without."""
        return Floor(self.program, self.folder / f"{name}.log", database, announces)


def _words(load):
    """Returns a load as the program wants it."""
    return ["--events", load.events, "--pushes", load.pushes, "--pause", load.pause,
            "--made-up-rooms", load.rooms, "--seconds", load.seconds, "--seed", load.seed]


class Floor:
    """The minimal handler: it stores pushes in a database, or only reads their JSON."""

    def __init__(self, program, log, database, announces):
        words = [program, "serve", "--token", TOKEN, *(database.options if database else [])]
        self.process = Process([*words, *(["--announce"] if announces else [])], log, piped=True)
        self.port = json.loads(self.process.read_line())["port"]

    def end(self):
        """Ends it."""
        self.process.end()

"""What all groups share: where things are, how much is measured, and for how long."""
import random
import sys
import time
from functools import partial

from .databases import POSTGRES, SQLITE, Postgres, PostgresServer, Sqlite
from .figures import Figures
from .instruments import Instruments
from .machine import allow_many_files
from .processes import end_all
from .synapse import Synapse
from .tallyroom import World, new_folder


class Bench:
    """The run of one group. Leaving it ends everything that it started."""

    def __init__(self, root, folder, program, instruments, options, minutes):
        self.root = root
        self.folder = new_folder(folder)
        # PostgreSQL runs as another user, who has to get to its folder.
        self.folder.chmod(0o755)
        self.program = program
        self.instruments = Instruments(instruments, self.folder)
        self.options = options
        self.end = time.monotonic() + minutes * 60
        self.figures = Figures()
        self.server = None
        self.started = []
        # What is told in the document: names and versions of what is not ours.
        self.versions = {}
        # One seed for each round, which results.jsonl has. The loads of a round count on from it.
        self.seeds = []
        self.loads = 0
        allow_many_files()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stop in reversed(self.started):
            try:
                stop()
            except Exception as error:  # The rest has to be stopped, too.
                self.say(f"could not be stopped: {error}")
        end_all()
        if self.server:
            self.server.stop()

    def say(self, words):
        """Tells how far the run is."""
        print(f"  {words}", file=sys.stderr, flush=True)

    def scaled(self, count, least=1):
        """Returns a number of things to do, as --scale wants it, and at least `least`."""
        return max(least, round(count * self.options.scale))

    def seconds_left(self):
        """Returns for how long the group may still measure."""
        return self.end - time.monotonic()

    def rounds(self, wanted=3):
        """Yields the numbers of the rounds, as many as --rounds says or else as many as are wanted.

        The first round takes place in any case. No other round begins that would not end in time.
        """
        longest = 0.0
        for number in range(self.options.rounds or wanted):
            if number > 0 and self.seconds_left() < longest * 1.2:
                self.say(f"no time for round {number + 1}")
                return
            started = time.monotonic()
            self.say(f"round {number + 1}")
            self.seeds.append(random.randrange(1 << 40))
            self.loads = 0
            yield number
            longest = max(longest, time.monotonic() - started)

    def new_seed(self):
        """Returns a seed for a load of this round that no other load has."""
        self.loads += 1
        return self.seeds[-1] + self.loads

    def kinds(self):
        """Returns the kinds of databases that are measured."""
        return [kind for kind in (SQLITE, POSTGRES) if kind.lower() in self.options.databases]

    def database(self, kind, name):
        """Returns a new database, and the folder for what belongs to it."""
        folder = new_folder(self.folder / f"{name}-{kind.lower()}")
        if kind == SQLITE:
            return Sqlite(folder), folder
        if self.server is None:
            self.server = PostgresServer(self.root, new_folder(self.folder / "server"))
            self.server.start()
        database = Postgres(self.server, f"{name}_measured".replace("-", "_"))
        return database, folder

    def world(self, kind, name, start=True, **options):
        """Returns a new world, with Tallyroom running in it unless `start` is false."""
        database, folder = self.database(kind, name)
        world = World(self.program, folder, database, **options)
        self.started.append(world.stop)
        if start:
            world.start()
            self.note_version(database)
        return world

    def note_version(self, database):
        """Notes the version of a database that is in use, for the document."""
        self.versions[database.kind] = database.version()

    def floor(self, name, kind=None, announces=False):
        """Returns a running floor: with a database of a kind, or without any."""
        database = self.database(kind, name)[0] if kind else None
        return self.instruments.serve(name, database, announces)

    def synapse(self, port, registrations):
        """Returns a new, running Synapse."""
        synapse = Synapse(self.root, self.folder / "synapse", registrations, port)
        self.versions["Synapse"] = synapse.version()
        return synapse


def in_turns(number, steps):
    """Does all steps (a dict of functions), in every other round the last one first.

    Returns what they returned, by the same names.
    """
    names = list(steps)
    return {name: steps[name]() for name in (names if number % 2 == 0 else reversed(names))}


def in_rounds(bench, worlds, one_round, wanted=3):
    """Has each round do `one_round(number, *world)` for all worlds (a dict of tuples), in turns."""
    for number in bench.rounds(wanted):
        in_turns(number, {name: partial(one_round, number, *world) for name, world in worlds.items()})

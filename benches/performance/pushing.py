"""Pushes to Tallyroom and to the floors, with the same events at the same pace."""
from dataclasses import dataclass, replace

from .instruments import TOKEN
from .invoices import BUYER, SELLER


# With fewer requests, a p99 would be little more than the slowest one.
LEAST_FOR_P99 = 300


@dataclass
class Load:
    """How much is pushed: events in a push, number of pushes, and the pause after each in milliseconds.

    It ends after `seconds` even if not all is pushed. The same seed gives the same events, so what is
    compared gets the same load, and nothing gets one twice.
    """

    events: int
    pushes: int
    pause: int = 0
    seconds: int = 60
    rooms: int = 20
    seed: int = 0

    @property
    def name(self):
        """The load in words."""
        return "1 event" if self.events == 1 else f"{self.events} events"


def push_to_world(bench, world, rooms, load, **more):
    """Pushes into rooms of Tallyroom."""
    ports = [service.push_port for service in world.services]
    return bench.instruments.push(ports, world.token, [BUYER, SELLER], load, rooms, **more)


def push_to_floor(bench, floor, load, **more):
    """Pushes to the minimal handler."""
    return bench.instruments.push([floor.port], TOKEN, [BUYER, SELLER], load, **more)


class Floors:
    """The floors of a push: the handler that only reads JSON, bare inserts, and the durable handler."""

    def __init__(self, bench, kinds):
        self.bench = bench
        self.http = bench.floor("floor-json")
        self.durable = {kind: bench.floor("floor-durable", kind) for kind in kinds}
        self.inserts = {kind: bench.database(kind, "floor-insert")[0] for kind in kinds}

    def json(self, load):
        """Pushes to the handler that only reads JSON, and returns the times."""
        return push_to_floor(self.bench, self.http, load)["times"]

    def insert(self, kind, load):
        """Stores the same rows without HTTP, and returns what was measured."""
        return self.bench.instruments.insert(self.inserts[kind], load)

    def handler(self, kind, load):
        """Pushes to the minimal durable handler, and returns what was measured."""
        return push_to_floor(self.bench, self.durable[kind], load)


def of_round(bench, load, least=10):
    """Returns a load as --scale wants it, with events that no other load has."""
    return replace(load, pushes=bench.scaled(load.pushes, least), seed=bench.new_seed())


def has_p99(times):
    """Returns whether there are enough requests for a p99."""
    return times["count"] >= LEAST_FOR_P99


def names(prefix, count):
    """Returns names of transactions that no other round uses."""
    return [f"{prefix}-{number}" for number in range(count)]


def room_ids(made):
    """Returns the rooms of what `World.make_rooms` returned."""
    return [room for _, room in made]

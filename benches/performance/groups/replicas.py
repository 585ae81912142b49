"""What several processes do together on one PostgreSQL."""
import time

from ..databases import POSTGRES
from ..pushing import Load, names, push_to_world, room_ids

NAME = "replicas"
TITLE = "Several processes on one PostgreSQL"
EXPLANATION = """
One, two and three processes with one database, behind the stub homeserver, which is no limit. Each process gets a
pushing connection of its own, with 100 events in each push, and makes its share of the rooms. The floor is one
process in the same round. All processes, PostgreSQL and the load share the processors of this machine.
"""
MINUTES = 4
ROOMS = 60
EVENTS_PER_PUSH = 100
PUSHES = 200
ONE = "one process"


def measure(bench):
    """Measures each number of processes in each round, with a new database each."""
    numbers = range(1, bench.options.replicas + 1)
    for number in bench.rounds():
        measured = {}
        for processes in numbers if number % 2 == 0 else reversed(numbers):
            measured[processes] = _measure_one(bench, number, processes)
        for processes in numbers:
            for what, value in measured[processes].items():
                bench.figures.add(f"{processes} processes: {what}" if processes > 1 else
                                  f"1 process: {what}", value, "/s", POSTGRES, measured[1][what], ONE)


def _measure_one(bench, number, processes):
    """Returns the rooms and events a second of several processes together."""
    world = bench.world(POSTGRES, f"replicas-{processes}-{number}", processes=processes)
    count = bench.scaled(ROOMS, 6)
    started = time.monotonic()
    rooms = room_ids(world.make_rooms(names("replicas", count)))
    rooms_per_second = count / (time.monotonic() - started)
    load = Load(EVENTS_PER_PUSH, bench.scaled(PUSHES, 6), seconds=30)
    started = time.monotonic()
    pushed = push_to_world(bench, world, rooms, load, in_flight=processes)
    world.settle()
    recorded = pushed["events"] / (time.monotonic() - started)
    world.stop()
    return {"rooms a second": rooms_per_second,
            "events a second, acknowledged": pushed["events_per_second"],
            "events a second, in record and search": recorded}

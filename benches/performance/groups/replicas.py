"""What several processes do together on one PostgreSQL."""
import math
import time

from ..bench import in_turns
from ..databases import POSTGRES
from ..pushing import Load, names, of_round, push_to_world, room_ids

NAME = "replicas"
TITLE = "Several processes on one PostgreSQL"
EXPLANATION = """
One, two and three processes with one new database each, behind the stub homeserver. Six pushes are in flight at any
number of processes, spread evenly over them, with 100 events in each. Transactions are handed in by six clients at
a time. "One process" is no floor: it is the same work by one process in the same round. All processes, PostgreSQL,
the stub and the load share the processors of this machine, so more processes than processors cannot be faster here.
The stub is one thread that takes a processor's share for the calls of each room, and tells the events of rooms in one
push at a time, as a homeserver does: it limits the rooms a second, and hardly the events.
"""
MINUTES = 6
ROOMS = 200
EVENTS_PER_PUSH = 100
PUSHES = 200
ONE = "one process"


def measure(bench):
    """Measures each number of processes in each round, with a new database each."""
    numbers = range(1, bench.options.replicas + 1)
    # The same for all, and the same share for each process.
    in_flight = math.lcm(*numbers)
    for number in bench.rounds():
        load = of_round(bench, Load(EVENTS_PER_PUSH, PUSHES, seconds=30), in_flight)
        measured = in_turns(number, {
            processes: lambda processes=processes: _measure_one(bench, number, processes, load, in_flight)
            for processes in numbers})
        for processes in numbers:
            for what, value in measured[processes].items():
                bench.figures.add(f"{processes} processes: {what}" if processes > 1 else
                                  f"1 process: {what}", value, "/s", POSTGRES, measured[1][what], ONE)


def _measure_one(bench, number, processes, load, in_flight):
    """Returns the rooms and events a second of several processes together."""
    world = bench.world(POSTGRES, f"replicas-{processes}-{number}", processes=processes)
    count = bench.scaled(ROOMS, in_flight)
    started = time.monotonic()
    ids = world.hand_in(names("replicas", count), in_flight)
    world.wait_for_rooms(ids)
    rooms_per_second = count / (time.monotonic() - started)
    rooms = room_ids(world.rooms_of(ids))
    world.settle()
    pushed = push_to_world(bench, world, rooms, load, in_flight=in_flight)
    started = time.monotonic()
    world.settle()
    # The start of the instrument and its warm-up are not part of it.
    recorded = pushed["events"] / (pushed["seconds"] + time.monotonic() - started)
    world.stop()
    return {"rooms a second": rooms_per_second,
            "events a second, acknowledged": pushed["events_per_second"],
            "events a second, in record and search": recorded}

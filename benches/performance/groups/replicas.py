"""What several processes do together on one PostgreSQL."""
import math
import time

from ..bench import in_turns
from ..databases import POSTGRES
from ..machine import cpu_seconds
from ..pushing import Load, names, of_round, push_to_world, room_ids

NAME = "replicas"
TITLE = "Several processes on one PostgreSQL"
EXPLANATION = """
One, two and three processes with one new database each, behind the stub homeserver. Six pushes are in flight at any
number of processes, spread evenly over them, with 100 events in each. Transactions are handed in by six clients at
a time. "One process" is no floor: it is the same work by one process in the same round. All processes, PostgreSQL,
the stub and the load share the processors of this machine, so more processes than processors cannot be faster here.
The stub is one thread of Python, which answers the calls of all rooms and pushes what happens in them, one push at
a time. A row says how much of a processor it takes while rooms are made: near 100 %, it is the limit of the rooms,
and not Tallyroom. It has no part in the events a second.
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
            name = "1 process" if processes == 1 else f"{processes} processes"
            per_second, stub_share = measured[processes]
            for what, value in per_second.items():
                bench.figures.add(f"{name}: {what}", value, "/s", POSTGRES, measured[1][0][what], ONE)
            bench.figures.add(f"{name}: share of a processor of the stub, while rooms are made", stub_share,
                              "%", POSTGRES)


def _measure_one(bench, number, processes, load, in_flight):
    """Returns what several processes do a second, and the percent of a processor that the stub takes."""
    world = bench.world(POSTGRES, f"replicas-{processes}-{number}", processes=processes)
    count = bench.scaled(ROOMS, in_flight)
    stub = world.stub.process.id
    before = cpu_seconds(stub)
    started = time.monotonic()
    ids = world.hand_in(names("replicas", count), in_flight)
    world.wait_for_rooms(ids)
    seconds = time.monotonic() - started
    stub_share = (cpu_seconds(stub) - before) / seconds * 100
    rooms = room_ids(world.rooms_of(ids))
    world.settle()
    pushed = push_to_world(bench, world, rooms, load, in_flight=in_flight)
    started = time.monotonic()
    world.settle()
    # The start of the instrument and its warm-up are not part of it.
    recorded = pushed["events"] / (pushed["seconds"] + time.monotonic() - started)
    world.stop()
    return {"rooms a second": count / seconds,
            "events a second, acknowledged": pushed["events_per_second"],
            "events a second, in record and search": recorded}, stub_share

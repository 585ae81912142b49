"""How long the homeserver waits for the answer to a push."""
from ..bench import in_turns
from ..pushing import Floors, Load, has_p99, names, of_round, push_to_world, room_ids

NAME = "push"
TITLE = "The answer to a push"
EXPLANATION = """
Pushes of 1, 10 and 100 events into 20 rooms, with pauses in which the record catches up. The floor is the sum of
two measurements in the same round, with the same events and pauses: a handler that checks the token and reads the
JSON, and the same rows in one commit that waits for the disk (on SQLite with `synchronous=FULL`). The minimal
durable handler does both and nothing else; its rows show what is possible. A p99 stands beside the p50 of the same
pushes, because the slowest of a hundred of two measurements cannot be added. Load, floor, Tallyroom and PostgreSQL
share the processors.
"""
MINUTES = 7
ROOMS = 20
LOADS = [Load(1, 300, pause=5), Load(10, 300, pause=10), Load(100, 300, pause=30)]
SUM = "JSON handler + bare insert"


def measure(bench):
    """Measures all loads on each database in turns with the floors."""
    kinds = bench.kinds()
    floors = Floors(bench, kinds)
    worlds = {kind: bench.world(kind, "push") for kind in kinds}
    rooms = {kind: room_ids(world.make_rooms(names("push", ROOMS))) for kind, world in worlds.items()}
    for number in bench.rounds():
        for load in LOADS:
            load = of_round(bench, load)
            in_turns(number, {kind: lambda kind=kind: _round(bench, number, load, floors, worlds[kind],
                                                             rooms[kind]) for kind in kinds})


def _round(bench, number, load, floors, world, rooms):
    kind = world.database.kind
    times = in_turns(number, {
        "json": lambda: floors.json(load),
        "insert": lambda: floors.insert(kind, load)["times"],
        "handler": lambda: floors.handler(kind, load)["times"],
        "ours": lambda: _ours(bench, world, rooms, load),
    })
    floor = times["json"]["p50"] + times["insert"]["p50"]
    ours = times["ours"]
    add = bench.figures.add
    add(f"push of {load.name}, p50", ours["p50"], "ms", kind, floor, SUM, "≤ 1.5")
    add(f"minimal durable handler, {load.name}, p50", times["handler"]["p50"], "ms", kind, floor, SUM)
    if has_p99(ours):
        add(f"push of {load.name}, p99", ours["p99"], "ms", kind, ours["p50"], "its own p50")


def _ours(bench, world, rooms, load):
    times = push_to_world(bench, world, rooms, load)["times"]
    world.settle()
    return times

"""How long the homeserver waits for the answer to a push."""
from ..pushing import Floors, Load, names, push_to_world, room_ids

NAME = "push"
TITLE = "The answer to a push"
EXPLANATION = """
Pushes of 1, 10 and 100 events into 20 rooms, with pauses in which the record catches up. The floor is the sum
of two measurements in the same round: a handler that checks the token and reads the JSON, and the same rows
in one commit that waits for the disk (on SQLite with `synchronous=FULL`). The minimal durable handler does both
and nothing else; its rows show what is possible.
"""
MINUTES = 4
ROOMS = 20
LOADS = [Load(1, 200, pause=5), Load(10, 150, pause=10), Load(100, 100, pause=50)]
SUM = "JSON handler + bare insert"


def measure(bench):
    """Measures all loads on each database in turns with the floors."""
    kinds = bench.kinds()
    floors = Floors(bench, kinds)
    worlds = {kind: bench.world(kind, "push") for kind in kinds}
    rooms = {kind: room_ids(world.make_rooms(names("push", ROOMS))) for kind, world in worlds.items()}
    for number in bench.rounds():
        for load in LOADS:
            load = Load(load.events, bench.scaled(load.pushes, 10), load.pause)
            _round(bench, number, load, floors, worlds, rooms)


def _round(bench, number, load, floors, worlds, rooms):
    json = floors.json(load)
    for kind in worlds if number % 2 == 0 else reversed(list(worlds)):
        insert = floors.insert(kind, load)["times"]
        handler = floors.handler(kind, load)["times"]
        ours = push_to_world(bench, worlds[kind], rooms[kind], load)["times"]
        worlds[kind].settle()
        for quantile in ("p50", "p99"):
            floor = json[quantile] + insert[quantile]
            aim = "≤ 1.5" if quantile == "p50" else ""
            add = bench.figures.add
            add(f"push of {load.name}, {quantile}", ours[quantile], "ms", kind, floor, SUM, aim)
            if quantile == "p50":
                add(f"minimal durable handler, {load.name}, p50", handler["p50"], "ms", kind, floor, SUM)

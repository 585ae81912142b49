"""How long the homeserver waits for the answer to a push while there is other work."""
import threading
import time
from dataclasses import replace

from ..bench import in_rounds, in_turns
from ..invoices import message
from ..open_pages import OpenPages, live_targets
from ..pushing import Floors, Load, has_p99, names, of_round, push_to_world, room_ids

NAME = "busy"
TITLE = "The answer to a push while there is other work"
EXPLANATION = """
The same pushes one after another without a pause, so that records are derived and indexed all the time; and pushes
with pauses while 1,000 open pages of one record are told a message ten times a second. The sum of floors is
measured with the same events and pauses, but with no other work beside it, so it is the least of a quiet machine.
"Its own p50" and "the same push when nothing else happens" are no floors: they say how much longer the slowest of a
hundred waits than most, and what the pages cost. The 1,000 readers, the load, Tallyroom and PostgreSQL share the
processors of this machine; a homeserver and people elsewhere would not.
"""
MINUTES = 8
ROOMS = 20
PAGES = 1_000
NEWS_PAUSE = 0.1
DERIVING = [Load(1, 1_000), Load(10, 400), Load(100, 300)]
BESIDE_PAGES = [Load(1, 500, pause=5), Load(10, 300, pause=10), Load(100, 300, pause=30)]
SUM = "JSON handler + bare insert"


class Storm:
    """Pushes a message to a record again and again, in a thread, until it is left."""

    def __init__(self, world, room):
        self.world = world
        self.room = room
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.failure = None

    def _run(self):
        try:
            while not self.is_over.wait(NEWS_PAUSE):
                self.world.push([message(self.room, f"storm {time.time_ns()}")])
        except Exception as failure:  # It is raised where the storm is left.
            self.failure = failure

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        if self.failure:
            raise self.failure


def measure(bench):
    """Measures each database beside its own other work."""
    kinds = bench.kinds()
    floors = Floors(bench, kinds)
    worlds = {}
    for kind in kinds:
        world = bench.world(kind, "busy")
        watched, *others = world.make_rooms(names("busy", ROOMS + 1))
        worlds[kind] = (world, watched, room_ids(others))
    in_rounds(bench, worlds, lambda number, *world: _round(bench, number, floors, *world))


def _round(bench, number, floors, world, watched, rooms):
    for load in DERIVING:
        _beside_deriving(bench, number, floors, world, rooms, of_round(bench, load))
    for load in BESIDE_PAGES:
        _beside_pages(bench, number, floors, world, watched, rooms, of_round(bench, load))


def _beside_deriving(bench, number, floors, world, rooms, load):
    times = in_turns(number, {**_floors(floors, world.database.kind, load),
                              "ours": lambda: _pushed(bench, world, rooms, load)})
    _add(bench, world.database.kind, load, "while deriving", times)


def _beside_pages(bench, number, floors, world, watched, rooms, load):
    kind = world.database.kind
    count = bench.scaled(PAGES, 20)
    quiet_load = replace(load, seed=bench.new_seed())
    times = in_turns(number, {
        **_floors(floors, kind, load),
        "quiet": lambda: _pushed(bench, world, rooms, quiet_load),
        "ours": lambda: _pushed_beside_pages(bench, world, watched, rooms, load, count),
    })
    what = f"beside {count:,} pages"
    _add(bench, kind, load, what, times)
    bench.figures.add(f"push of {load.name}, {what}, p50, compared with one alone", times["ours"]["p50"],
                      "ms", kind, times["quiet"]["p50"], "the same push when nothing else happens", "≤ 1.2")


def _pushed(bench, world, rooms, load):
    times = push_to_world(bench, world, rooms, load)["times"]
    world.settle()
    return times


def _pushed_beside_pages(bench, world, watched, rooms, load, count):
    id, room = watched
    pages = OpenPages(bench.instruments, world.service.page_port, live_targets(world, [id], count))
    try:
        with Storm(world, room):
            return push_to_world(bench, world, rooms, load)["times"]
    finally:
        pages.close()
        world.settle()


def _floors(floors, kind, load):
    return {"json": lambda: floors.json(load), "insert": lambda: floors.insert(kind, load)["times"]}


def _add(bench, kind, load, when, times):
    floor = times["json"]["p50"] + times["insert"]["p50"]
    ours = times["ours"]
    add = bench.figures.add
    add(f"push of {load.name}, {when}, p50", ours["p50"], "ms", kind, floor, SUM)
    if has_p99(ours):
        add(f"push of {load.name}, {when}, p99", ours["p99"], "ms", kind, ours["p50"], "its own p50", "≤ 5")
    add(f"push of {load.name}, {when}, the slowest", ours["max"], "ms", kind)

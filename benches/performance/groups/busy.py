"""How long the homeserver waits for the answer to a push while there is other work."""
import threading
import time

from ..invoices import message
from ..open_pages import OpenPages, live_targets
from ..pushing import Floors, Load, names, push_to_world, room_ids

NAME = "busy"
TITLE = "The answer to a push while there is other work"
EXPLANATION = """
The same pushes one after another without a pause, so that records are derived and indexed all the time; and pushes
while 1,000 open pages of one record are told a message ten times a second. The sum of floors is measured
without pauses as well. "Of its own p50" says how much longer the slowest of a hundred waits than most.
"""
MINUTES = 3
ROOMS = 20
PAGES = 1_000
NEWS_PAUSE = 0.1
LOADS = [Load(1, 1_000), Load(10, 400), Load(100, 100)]
QUIET = Load(1, 200, pause=5)
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
    for number in bench.rounds():
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            world, watched, rooms = worlds[kind]
            for load in LOADS:
                load = Load(load.events, bench.scaled(load.pushes, 20))
                _beside_deriving(bench, floors, world, rooms, load)
            _beside_pages(bench, floors, world, watched, rooms)


def _beside_deriving(bench, floors, world, rooms, load):
    ours = push_to_world(bench, world, rooms, load)["times"]
    world.settle()
    _add(bench, floors, world.database.kind, load, "while deriving", ours)


def _beside_pages(bench, floors, world, watched, rooms):
    id, room = watched
    quiet = push_to_world(bench, world, rooms, QUIET)["times"]
    count = bench.scaled(PAGES, 20)
    pages = OpenPages(bench.instruments, world.service.page_port, live_targets(world, [id], count))
    load = Load(1, bench.scaled(500, 20), pause=5)
    try:
        with Storm(world, room):
            ours = push_to_world(bench, world, rooms, load)["times"]
    finally:
        pages.close()
    world.settle()
    kind = world.database.kind
    what = f"beside {count:,} pages"
    _add(bench, floors, kind, load, what, ours)
    bench.figures.add(f"push of 1 event, {what}, p50, compared with one alone", ours["p50"], "ms", kind,
                      quiet["p50"], "the same push when nothing else happens", "≤ 1.2")


def _add(bench, floors, kind, load, when, ours):
    floor = floors.json(load)["p50"] + floors.insert(kind, load)["times"]["p50"]
    add = bench.figures.add
    add(f"push of {load.name}, {when}, p50", ours["p50"], "ms", kind, floor, SUM)
    add(f"push of {load.name}, {when}, p99", ours["p99"], "ms", kind, ours["p50"], "of its own p50",
        "≤ 5")
    add(f"push of {load.name}, {when}, the slowest", ours["max"], "ms", kind)

"""How many events a second are acknowledged and recorded."""
import threading
import time

from ..bench import in_rounds, in_turns
from ..databases import SQLITE
from ..machine import cpu_seconds
from ..pushing import Floors, Load, names, of_round, push_to_floor, push_to_world, room_ids

NAME = "throughput"
TITLE = "Events a second"
EXPLANATION = """
Pushes of 100 events into 200 rooms. First 100,000 events (or as many as 40 seconds allow: a row says how many) as
fast as they are acknowledged, beside the minimal durable handler with the same events; then the time until record
and search have all of them. "Recorded" counts the seconds of pushing and those until then. Then a steady rate: the
greatest of nine at which record and search are never more than a second behind, until all is recorded. The processor
time is that of Tallyroom's process until record and search have everything; on PostgreSQL, that of the database
comes on top of it. The aims are for two processors; here, load and database share them with Tallyroom.
"""
MINUTES = 8
ROOMS = 200
EVENTS = 100_000
EVENTS_PER_PUSH = 100
BURST_SECONDS = 40
STEADY_SECONDS = 15
# Shares of the rate at which the burst was recorded, the greatest first. In a burst, recording lets pushes go first, so
# what comes steadily can be more.
STEADY_SHARES = [1.6, 1.45, 1.3, 1.15, 1.0, 0.85, 0.65, 0.4, 0.2]
GREATEST_LAG = 1_000
# In seconds.
LOOK_PAUSE = 0.1
HANDLER = "minimal durable handler"


def measure(bench):
    """Measures bursts in turns with the floors, and after each burst the steady rate."""
    kinds = bench.kinds()
    floors = Floors(bench, kinds)
    worlds = {}
    for kind in kinds:
        world = bench.world(kind, "throughput")
        rooms = room_ids(world.make_rooms(names("many", bench.scaled(ROOMS, 20))))
        worlds[kind] = (world, rooms)
    in_rounds(bench, worlds, lambda number, *world: _round(bench, number, floors, *world))


def _round(bench, number, floors, world, rooms):
    kind = world.database.kind
    load = of_round(bench, Load(EVENTS_PER_PUSH, EVENTS // EVENTS_PER_PUSH, seconds=BURST_SECONDS,
                                rooms=len(rooms)))
    bursts = in_turns(number, {
        "insert": lambda: floors.insert(kind, load),
        "handler": lambda: Burst(floors.durable[kind].process.id,
                                 lambda: push_to_floor(bench, floors.durable[kind], load)),
        "ours": lambda: Burst(world.service.process.id,
                              lambda: push_to_world(bench, world, rooms, load), world.settle),
    })
    handler, ours = bursts["handler"], bursts["ours"]
    add = bench.figures.add
    add("events of a burst", ours.events, "", kind, handler.events, HANDLER)
    add(f"{HANDLER}, events a second in a burst", handler.acknowledged, "/s", kind,
        bursts["insert"]["events_per_second"], "bare inserts")
    add("events a second, acknowledged in a burst", ours.acknowledged, "/s", kind,
        handler.acknowledged, HANDLER, "≥ 0.7")
    add("events a second, in record and search at the end of the burst", ours.recorded, "/s", kind,
        handler.acknowledged, HANDLER)
    add("processor time of an event, record and search included", ours.cpu, "µs", kind, handler.cpu,
        HANDLER, "≤ 100 µs" if kind == SQLITE else "")
    _steady(bench, world, rooms, ours.recorded, handler.acknowledged)


class Burst:
    """What came of pushing as fast as possible. `cpu` is in microseconds for each event."""

    def __init__(self, process, push, settle=lambda seconds: None):
        before = cpu_seconds(process)
        pushed = push()
        started = time.monotonic()
        settle(600)
        settled = time.monotonic() - started
        self.events = pushed["events"]
        self.acknowledged = pushed["events_per_second"]
        # The start of the instrument and its warm-up are not part of it.
        self.recorded = self.events / (pushed["seconds"] + settled)
        self.cpu = (cpu_seconds(process) - before) / pushed["events_with_warm_up"] * 1e6


def _steady(bench, world, rooms, recorded, handler):
    """Finds the greatest rate at which the record is never more than a second behind."""
    seconds = max(3, STEADY_SECONDS * min(1, bench.options.scale))
    kept, lag_kept = 0.0, None
    for share in STEADY_SHARES:
        rate, lag = _lag_at(bench, world, rooms, recorded * share, seconds)
        bench.say(f"{world.database.kind}: {rate:,.0f} events a second, {lag:,.0f} ms behind")
        if lag <= GREATEST_LAG:
            kept, lag_kept = rate, lag
            break
    kind = world.database.kind
    add = bench.figures.add
    add("events a second, steadily, never more than a second behind", kept, "/s", kind, handler,
        HANDLER, "≥ 10,000/s" if kind == SQLITE else "")
    if lag_kept is not None:
        add("how far record and search are behind at that rate, at most", lag_kept, "ms", kind)


def _lag_at(bench, world, rooms, rate, seconds):
    """Pushes at a rate. Returns the rate that came about, and how far behind the record was at most."""
    load = Load(EVENTS_PER_PUSH, max(3, round(rate * seconds / EVENTS_PER_PUSH)),
                seconds=round(seconds * 2), seed=bench.new_seed())
    with LagWatch(world) as watch:
        pushed = push_to_world(bench, world, rooms, load, rate=rate)
        world.settle()
    return pushed["events_per_second"], watch.greatest


class LagWatch:
    """Looks again and again, in a thread, how far record and search are behind, until it is left."""

    def __init__(self, world):
        self.world = world
        self.greatest = 0.0
        self.looks = 0
        self.failure = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self.is_over.wait(LOOK_PAUSE):
                self.greatest = max(self.greatest, self.world.behind())
                self.looks += 1
        except Exception as failure:  # It is raised where the watch is left.
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.is_over.set()
        self.thread.join()
        if kind is not None:
            return
        if self.failure:
            raise self.failure
        if self.looks == 0:
            raise RuntimeError("nobody looked how far record and search are behind")

"""How many events a second are acknowledged and recorded."""
import threading
import time

from ..databases import SQLITE
from ..machine import cpu_seconds
from ..pushing import Floors, Load, names, push_to_floor, push_to_world, room_ids

NAME = "throughput"
TITLE = "Events a second"
EXPLANATION = """
Pushes of 100 events into 200 rooms. First 100,000 events as fast as they are acknowledged, beside the minimal
durable handler with the same events; then the time until record and search have all of them. Then a steady
rate: the greatest of several at which record and search are never more than a second behind. The processor
time is that of Tallyroom's process until record and search have everything; on PostgreSQL, that of the
database comes on top of it.
"""
MINUTES = 7
ROOMS = 200
EVENTS = 100_000
EVENTS_PER_PUSH = 100
BURST_SECONDS = 40
STEADY_SECONDS = 15
# Shares of the rate at which the burst was recorded, the greatest first.
STEADY_SHARES = [0.95, 0.8, 0.65, 0.5, 0.35, 0.2]
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
    for number in bench.rounds():
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            world, rooms = worlds[kind]
            handler = _burst_of_floors(bench, floors, kind)
            recorded = _burst(bench, world, rooms, handler)
            _steady(bench, world, rooms, recorded, handler)


def _load(bench):
    pushes = bench.scaled(EVENTS // EVENTS_PER_PUSH, 10)
    return Load(EVENTS_PER_PUSH, pushes, seconds=BURST_SECONDS)


def _burst_of_floors(bench, floors, kind):
    """Returns the events a second of the durable handler, and its processor time for each."""
    load = _load(bench)
    process = floors.durable[kind].process.id
    before = cpu_seconds(process)
    handler = push_to_floor(bench, floors.durable[kind], load)
    cpu = (cpu_seconds(process) - before) / handler["events"] * 1e6
    insert = floors.insert(kind, load)
    bench.figures.add(f"{HANDLER}, events a second in a burst", handler["events_per_second"], "/s",
                      kind, insert["events_per_second"], "bare inserts")
    return handler["events_per_second"], cpu


def _burst(bench, world, rooms, handler):
    """Returns the events a second of which record and search had all."""
    per_second, handler_cpu = handler
    kind = world.database.kind
    process = world.service.process.id
    before = cpu_seconds(process)
    started = time.monotonic()
    pushed = push_to_world(bench, world, rooms, _load(bench))
    world.settle(600)
    recorded = pushed["events"] / (time.monotonic() - started)
    cpu = (cpu_seconds(process) - before) / pushed["events"] * 1e6
    add = bench.figures.add
    add("events a second, acknowledged in a burst", pushed["events_per_second"], "/s", kind,
        per_second, HANDLER, "≥ 0.7")
    add("events a second, in record and search at the end of the burst", recorded, "/s", kind,
        per_second, HANDLER)
    add("processor time of an event, record and search included", cpu, "µs", kind, handler_cpu,
        HANDLER, "≤ 100 µs" if kind == SQLITE else "")
    return recorded


def _steady(bench, world, rooms, recorded, handler):
    """Finds the greatest rate at which the record is never more than a second behind."""
    seconds = max(3, STEADY_SECONDS * min(1, bench.options.scale))
    kept, lag = 0.0, 0.0
    for share in STEADY_SHARES:
        rate, lag = _lag_at(bench, world, rooms, recorded * share, seconds)
        bench.say(f"{world.database.kind}: {rate:,.0f} events a second, {lag:,.0f} ms behind")
        if lag <= GREATEST_LAG:
            kept = rate
            break
    kind = world.database.kind
    add = bench.figures.add
    add("events a second, steadily, never more than a second behind", kept, "/s", kind, handler[0],
        HANDLER, "≥ 10,000/s" if kind == SQLITE else "")
    add("how far record and search are behind at that rate, at most", lag, "ms", kind)


def _lag_at(bench, world, rooms, rate, seconds):
    """Pushes at a rate. Returns the rate that came about, and how far behind the record was at most."""
    pushes = max(3, round(rate * seconds / EVENTS_PER_PUSH))
    load = Load(EVENTS_PER_PUSH, pushes, seconds=round(seconds * 2))
    with LagWatch(world) as watch:
        pushed = push_to_world(bench, world, rooms, load, rate=rate)
    world.settle()
    return pushed["events_per_second"], watch.greatest


class LagWatch:
    """Looks again and again, in a thread, how far record and search are behind."""

    def __init__(self, world):
        self.world = world
        self.greatest = 0.0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.is_over.wait(LOOK_PAUSE):
            self.greatest = max(self.greatest, self.world.behind())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

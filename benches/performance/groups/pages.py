"""What open pages take, and how fast they are told what is new."""
import time

from ..bench import in_turns
from ..instruments import TOKEN
from ..invoices import message, sentence
from ..machine import cpu_seconds, resident_kb
from ..open_pages import OpenPages, live_targets
from ..pushing import names
from ..tallyroom import push_once

NAME = "pages"
TITLE = "Open pages"
EXPLANATION = """
1,000 pages of one record are told one message; the time is that from the push, over a connection of its own, until
the last of them has it. Then 5,000 pages stay open, all of one record, 25 of each of 200 records, or five of each of
1,000 records: what the process has more in memory for each, and how much of a processor it takes in 30 seconds in
which nothing happens. A record that is watched takes more memory than one more page of it. The floor is the minimal
handler, which passes on 1,000 bytes to as many streams and knows nothing about them. The readers share the processors
with Tallyroom, and take a good part of the time until the last one is told.
"""
MINUTES = 12
TOLD_PAGES = 1_000
MESSAGES = 10
OPEN_PAGES = 5_000
# Of each record that is watched, the fewest last.
PAGES_OF_RECORD = [25, 5]
SETTLE_SECONDS = 5
IDLE_SECONDS = 30
FLOOR = "streams of the minimal handler"


def measure(bench):
    """Measures each database in turns with the minimal handler."""
    crowds = {kind: Crowd(bench, kind) for kind in bench.kinds()}
    for number in bench.rounds(2):
        steps = {"floor": lambda: _floor(bench, number)}
        steps.update({kind: crowd.measure for kind, crowd in crowds.items()})
        measured = in_turns(number, steps)
        for kind, crowd in crowds.items():
            crowd.add(*measured[kind], measured["floor"])


class Crowd:
    """A world with records, and people who look at their pages."""

    def __init__(self, bench, kind):
        self.bench = bench
        self.kind = kind
        self.world = bench.world(kind, "pages")
        self.pages = bench.scaled(OPEN_PAGES, 50)
        made = self.world.make_rooms(names("open", self.pages // PAGES_OF_RECORD[-1]))
        self.id, self.room = made[0]
        for first in range(0, len(made), 20):
            rooms = [room for _, room in made[first:first + 20] for _ in range(5)]
            self.world.push([message(room, sentence()) for room in rooms])
        self.world.settle()
        self.ids = [id for id, _ in made]

    def measure(self):
        """Measures what is told, and what stays open: all pages of one record, or some of each record."""
        told = self._told()
        costs = {"all of one record": self._open([self.id], self.pages)}
        for each in PAGES_OF_RECORD:
            costs[f"{each} of each record"] = self._open(self.ids[:self.pages // each], each)
        return told, costs

    def _told(self):
        world = self.world
        world.restart()
        return _tell(self.bench, world.service.page_port, lambda count: live_targets(world, [self.id], count),
                     lambda word: world.push([message(self.room, word)]))

    def _open(self, records, pages_each):
        targets = live_targets(self.world, records, pages_each)
        # Whoever signed in leaves something in memory.
        self.world.restart()
        service = self.world.service
        return _cost(self.bench, service.process.id, service.page_port, targets)

    def add(self, told, costs, floor):
        """Adds the figures of a round."""
        floor_told, floor_cost = floor
        what = f"a message to the last of {_told_pages(self.bench):,} pages of one record"
        add = self.bench.figures.add
        add(f"{what}, p50", told[0], "ms", self.kind, floor_told[0], FLOOR, "< 100 ms")
        add(f"{what}, the slowest of {MESSAGES}", told[1], "ms", self.kind, floor_told[1], FLOOR)
        for spread, (kb, idle) in costs.items():
            what = f"{self.pages:,} open pages, {spread}"
            add(f"{what}: memory of one", kb, "kB", self.kind, floor_cost[0], FLOOR, "≤ 12 kB")
            add(f"{what}: share of a processor in {IDLE_SECONDS} idle seconds", idle, "%", self.kind,
                floor_cost[1], FLOOR)


def _told_pages(bench):
    return bench.scaled(TOLD_PAGES, 20)


def _floor(bench, number):
    """Measures as many streams of the minimal handler."""
    floor = bench.floor(f"floor-live-{number}")
    told = _tell(bench, floor.port, lambda count: [("/live", "")] * count,
                 lambda word: push_once(floor.port, TOKEN, [message("!room", word)]))
    floor.end()
    floor = bench.floor(f"floor-open-{number}")
    cost = _cost(bench, floor.process.id, floor.port, [("/live", "")] * bench.scaled(OPEN_PAGES, 50))
    floor.end()
    return told, cost


def _tell(bench, port, targets, push):
    """Returns the milliseconds until all pages have a message: the median, and the greatest."""
    count = _told_pages(bench)
    pages = OpenPages(bench.instruments, port, targets(count))
    told = _times_to_last(pages, count, push)
    pages.close()
    return told


def _times_to_last(pages, count, push):
    """Returns the median and the greatest of the times until all pages have a message."""
    times = []
    for number in range(MESSAGES + 2):
        word = f"told{number:03}end"
        last, told = pages.told(word, count, lambda: push(word))
        if told < count:
            raise RuntimeError(f"only {told} of {count} pages were told")
        times.append(last)
        time.sleep(0.2)
    # The first two are a warm-up.
    times = sorted(times[2:])
    return times[len(times) // 2], times[-1]


def _cost(bench, process, port, targets):
    """Returns the memory of an open page in kB, and the share of a processor of all in percent."""
    time.sleep(1)
    before = resident_kb(process)
    pages = OpenPages(bench.instruments, port, targets)
    time.sleep(SETTLE_SECONDS)
    kb = (resident_kb(process) - before) * 1.024 / len(targets)
    used = cpu_seconds(process)
    time.sleep(IDLE_SECONDS)
    idle = (cpu_seconds(process) - used) / IDLE_SECONDS * 100
    pages.close()
    return kb, idle

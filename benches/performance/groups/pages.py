"""What open pages take, and how fast they are told what is new."""
import time

from ..instruments import TOKEN
from ..http_client import Client
from ..invoices import message, sentence
from ..machine import cpu_seconds, resident_kb
from ..open_pages import OpenPages, live_targets
from ..pushing import names

NAME = "pages"
TITLE = "Open pages"
EXPLANATION = """
1,000 pages of one record are told one message; the time is that from the push until the last of them has it. Then
5,000 pages stay open, all of one record or five of each of 1,000 records: what the process has more in memory for
each, and how much of a processor they take while nothing happens. The floor is the minimal handler, which passes
on 1,000 bytes to as many streams and knows nothing about them.
"""
MINUTES = 6
TOLD_PAGES = 1_000
MESSAGES = 10
OPEN_PAGES = 5_000
PAGES_OF_RECORD = 5
SETTLE_SECONDS = 5
IDLE_SECONDS = 10
FLOOR = "streams of the minimal handler"


def measure(bench):
    """Measures each database in turns with the minimal handler."""
    crowds = [Crowd(bench, kind) for kind in bench.kinds()]
    for number in bench.rounds(2):
        floor = _floor(bench, number)
        for crowd in crowds if number % 2 == 0 else reversed(crowds):
            crowd.measure_told(floor)
            crowd.measure_open(floor, is_spread=False)
            crowd.measure_open(floor, is_spread=True)


class Measured:
    """What streams take: milliseconds to the last one, kB for each, and percent of a processor."""

    def __init__(self):
        self.told_p50 = self.told_slowest = self.kb = self.idle = None


class Crowd:
    """A world with records, and people who look at their pages."""

    def __init__(self, bench, kind):
        self.bench = bench
        self.kind = kind
        self.world = bench.world(kind, "pages")
        made = self.world.make_rooms(names("open", bench.scaled(OPEN_PAGES, 50) // PAGES_OF_RECORD))
        self.id, self.room = made[0]
        for first in range(0, len(made), 20):
            rooms = [room for _, room in made[first:first + 20] for _ in range(5)]
            self.world.push([message(room, sentence()) for room in rooms])
        self.world.settle()
        self.spread = live_targets(self.world, [id for id, _ in made], PAGES_OF_RECORD)

    def measure_told(self, floor):
        """Measures how long a message takes to all pages of one record."""
        world = self.world
        count = self.bench.scaled(TOLD_PAGES, 20)
        world.restart()
        pages = OpenPages(self.bench.instruments, world.service.page_port,
                          live_targets(world, [self.id], count))
        told = _times_to_last(pages, count, lambda word: world.push([message(self.room, word)]))
        pages.close()
        what = f"a message to the last of {count:,} pages of one record"
        add = self.bench.figures.add
        add(f"{what}, p50", told[0], "ms", self.kind, floor.told_p50, FLOOR, "< 100 ms")
        add(f"{what}, the slowest", told[1], "ms", self.kind, floor.told_slowest, FLOOR)

    def measure_open(self, floor, is_spread):
        """Measures pages that stay open: all of one record, or some of each record."""
        self.world.restart()
        targets = self.spread
        spread = f"{PAGES_OF_RECORD} of each record"
        if not is_spread:
            targets = live_targets(self.world, [self.id], len(self.spread))
            spread = "all of one record"
        service = self.world.service
        kb, idle = _cost(self.bench, service.process.id, service.page_port, targets)
        what = f"{len(targets):,} open pages, {spread}"
        add = self.bench.figures.add
        add(f"{what}: memory of one", kb, "kB", self.kind, floor.kb, FLOOR, "≤ 12 kB")
        add(f"{what}: share of a processor while idle", idle, "%", self.kind)


def _floor(bench, number):
    """Measures as many streams of the minimal handler."""
    measured = Measured()
    floor = bench.floor(f"floor-live-{number}")
    count = bench.scaled(TOLD_PAGES, 20)
    pages = OpenPages(bench.instruments, floor.port, [("/live", "")] * count)
    client = Client(floor.port, {"Authorization": f"Bearer {TOKEN}"})

    def push(word):
        path = f"/_matrix/app/v1/transactions/{word}"
        client.ask("PUT", path, {"events": [message("!room", word)]}).expect([200])

    measured.told_p50, measured.told_slowest = _times_to_last(pages, count, push)
    pages.close()
    streams = [("/live", "")] * bench.scaled(OPEN_PAGES, 50)
    floor.end()
    floor = bench.floor(f"floor-open-{number}")
    measured.kb, measured.idle = _cost(bench, floor.process.id, floor.port, streams)
    floor.end()
    return measured


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

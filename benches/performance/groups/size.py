"""What grows with the size of the database."""
import random
import time
import urllib.parse

from ..bench import in_turns
from ..filling import Filling
from ..invoices import BUYER, SELLER, message, sentence
from ..machine import resident_kb
from ..pushing import Load, has_p99, names, of_round, push_to_world, room_ids
from ..tallyroom import KEY

NAME = "size"
TITLE = "The size of the database"
EXPLANATION = """
A database with 10,000 entries and one with 1,000,000: a tenth of them in one record, the others in records of about
thirty (twelve messages, and what the bot does in a room), so about 30,000 transactions. The aims for memory, for
the first answer and for growth are meant for a million transactions with ten million entries: that is ten times
more entries and thirty times more transactions than is measured. "The same at 10,000 entries" is no floor, it says
what grows. The floor of the page at 10,000 entries is a still file of 20 kB from the minimal handler. A page is
asked for over one connection, and the time until its first byte counts. The entries are copied by SQL, and the
database was just tidied (VACUUM and ANALYZE on PostgreSQL). Idle memory is that of the process, three seconds after
the start, on PostgreSQL without that of the database.
"""
MINUTES = 8
LOADS = [Load(1, 200, pause=5), Load(100, 40, pause=50)]
PAGES = 400
SIZES = [10_000, 1_000_000]
MESSAGES = 12
# With this seed, one of twelve messages says "invoice delivery", and none "delivery invoice".
SEED = 4
IDLE_SECONDS = 3
SAME = "the same at {small:,} entries"


class Filled:
    """A world that is filled, with two records to look at."""

    def __init__(self, world, rooms, small, big):
        self.world = world
        self.rooms = rooms
        self.small = small
        self.big = big


def measure(bench):
    """Fills all databases, and then measures them in turns."""
    sizes = [SIZES[0], max(SIZES[0] * 2, bench.scaled(SIZES[1]))]
    floor = bench.floor("floor-still")
    filled = {(kind, size): _fill(bench, kind, size) for kind in bench.kinds() for size in sizes}
    for number in bench.rounds():
        loads = [of_round(bench, load) for load in LOADS]
        steps = {"still": lambda: bench.instruments.get(floor.port, "/still",
                                                        bench.scaled(PAGES, 50))["times"]}
        for which, one in filled.items():
            steps[which] = lambda one=one: _measure_one(bench, one, loads)
        measured = in_turns(number, steps)
        for kind in bench.kinds():
            _add(bench, kind, sizes, {size: measured[kind, size] for size in sizes}, measured["still"])


def _fill(bench, kind, size):
    started = time.monotonic()
    world = bench.world(kind, f"size-{size}")
    rooms = room_ids(world.make_rooms(names("busy", 20)))
    (template, template_room), (small, small_room), (big, big_room) = world.make_rooms(
        ["template", "small", "big"])
    for room in (template_room, small_room, big_room):
        world.push(_conversation(room))
    world.settle()
    world.service.stop()
    filling = Filling(world.database)
    length = filling.length_of(template)
    filling.copy_record(template, template_room, size * 9 // 10 // length)
    filling.lengthen_record(big, big_room, size // 10 // length)
    filling.finish()
    (entries,), = world.database.rows("SELECT COUNT(*) FROM entries")
    bench.say(f"{kind}: {int(entries):,} entries, {world.database.megabytes():,.0f} MB, "
              f"written in {time.monotonic() - started:.0f} s")
    world.service.start(world.token)
    return Filled(world, rooms, small, big)


def _conversation(room):
    """Returns messages of both parties, whose words are the same in each run."""
    chance = random.Random(SEED)
    return [message(room, sentence(chance=chance), (BUYER, SELLER)[number % 2])
            for number in range(MESSAGES)]


def _measure_one(bench, filled, loads):
    """Returns what one database takes: names and milliseconds, and "idle memory" in MB."""
    world = filled.world
    started = time.monotonic()
    measured = {"first answer after a start": world.restart()}
    time.sleep(IDLE_SECONDS)
    measured["idle memory"] = resident_kb(world.service.process.id) * 1024 / 1e6
    for load in loads:
        times = push_to_world(bench, world, filled.rooms, load)["times"]
        measured[f"push of {load.name}, p50"] = times["p50"]
        world.settle()
    for name, id in (("small", filled.small), ("long", filled.big)):
        entrance = world.enter(id)
        times = bench.instruments.get(world.service.page_port, entrance.target(),
                                      bench.scaled(PAGES, 50), cookie=entrance.cookie)["times"]
        for quantile in ("p50", "p99") if has_p99(times) else ("p50",):
            measured[f"first byte of the page of a {name} record, {quantile}"] = times[quantile]
    for name, path in _questions(world, filled):
        times = bench.instruments.get(world.service.api_port, path, bench.scaled(60, 20),
                                      token=KEY)["times"]
        measured[f"{name}, p50"] = times["p50"]
    bench.say(f"{world.folder.name}: measured in {time.monotonic() - started:.0f} s")
    return measured


def _questions(world, filled):
    """Questions of a shop, as a name and a path each."""
    def search(words):
        return "/api/v1/entries?q=" + urllib.parse.quote(words)
    record = f"/api/v1/transactions/{filled.big}/entries"
    return [
        ("the newest 50 transactions", "/api/v1/transactions?limit=50"),
        ("one transaction", f"/api/v1/transactions/{filled.small}"),
        ("the last 100 entries of the long record",
         f"{record}?limit=100&after={world.entries(filled.big) - 100}"),
        ("search: a rare word", search("rare7")),
        ("search: a word in 1 of 500 records", search("medium7")),
        ("search: a word in most records", search("invoice")),
        ("search: two words", search("medium7 invoice")),
        ("search: a phrase of frequent words in most records", search('"invoice delivery"')),
        ("search: a phrase of frequent words in hardly any record", search('"delivery invoice"')),
        ("search: a beginning", search("rare77*")),
    ]


def _add(bench, kind, sizes, measured, still):
    small, large = sizes
    add = bench.figures.add
    for what, value in measured[large].items():
        unit = "MB" if what == "idle memory" else "ms"
        if what.startswith("first byte"):
            add(f"{what}, at {small:,}", measured[small][what], unit, kind, still[what.split(", ")[1]],
                "a still file")
        add(f"{what}, at {large:,}", value, unit, kind, measured[small][what],
            SAME.format(small=small), _aim(what))


def _aim(what):
    if what.startswith("first byte") and what.endswith("p99"):
        return "< 10 ms"
    return {"idle memory": "< 40 MB", "first answer after a start": "< 100 ms"}.get(what, "≤ 1.2")

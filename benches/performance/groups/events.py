"""What reading the events of a shop takes, with few and with many of them."""
import random
import time
import urllib.parse

from ..bench import in_turns
from ..filling import Filling, id_of_copy
from ..invoices import BUYER, SELLER, message, sentence
from ..pushing import Load, has_p99, of_round, push_to_world
from ..tallyroom import KEY

NAME = "events"
TITLE = "The events of a shop"
EXPLANATION = """
A feed with 10,000 events and one with 10,000,000. The larger one tells of 30,000 transactions with about a million
entries, so each event of an entry is there several times. They are written by SQL, so that the events of 2,000
transactions follow each other. Each question is asked over one connection, at places of the feed or for transactions
that are drawn at random. "The same at 10,000 events" is no floor, it says what grows. What answers say of entries and
revisions is read for each answer, and is part of these times.
"""
MINUTES = 15
SIZES = [10_000, 10_000_000]
TRANSACTIONS = 30_000
MESSAGES = 12
# Questions of each kind in a round, and how many of them differ.
QUESTIONS = 600
PLACES = 300
LOAD = Load(1, 200, pause=5)
SAME = "the same at {small:,} events"
# The digits of event ids, and how many there are: see src/event/id.rs.
DIGITS, LENGTH = "0123456789abcdefghjkmnpqrstvwxyz", 13


class Filled:
    """A world with a long feed."""

    def __init__(self, world, room, copies):
        self.world = world
        self.room = room
        self.copies = copies
        (last,), = world.database.rows("SELECT MAX(id) FROM events")
        self.last = int(last)


def measure(bench):
    """Fills all databases, and then measures them in turns."""
    small, large = SIZES[0], max(SIZES[0] * 2, bench.scaled(SIZES[1]))
    filled = {(kind, size): _fill(bench, kind, size) for kind in bench.kinds() for size in (small, large)}
    for number in bench.rounds():
        load = of_round(bench, LOAD)
        drawn = random.Random(bench.new_seed())
        measured = in_turns(number, {which: lambda one=one: _measure_one(bench, one, load, drawn)
                                     for which, one in filled.items()})
        for kind in bench.kinds():
            for what, value in measured[kind, large].items():
                bench.figures.add(f"{what}, at {large:,}", value, "ms", kind, measured[kind, small][what],
                                  SAME.format(small=small), "≤ 1.2" if what.endswith("p50") else "")


def _fill(bench, kind, size):
    started = time.monotonic()
    world = bench.world(kind, f"events-{size}")
    (template, room), = world.make_rooms(["template"])
    world.push([message(room, sentence(), (BUYER, SELLER)[number % 2]) for number in range(MESSAGES)])
    world.settle()
    world.service.stop()
    (events,), = world.database.rows(f"SELECT COUNT(*) FROM events WHERE transaction_id = '{template}'")
    copies = min(TRANSACTIONS, size // int(events))
    filling = Filling(world.database)
    filling.copy_record(template, room, copies)
    filling.lengthen_feed(template, copies, size // (int(events) * copies) - 1)
    filling.finish()
    world.service.start(world.token)
    one = Filled(world, room, copies)
    bench.say(f"{kind}: {one.last:,} events, {world.database.megabytes():,.0f} MB, "
              f"written in {time.monotonic() - started:.0f} s")
    return one


def _measure_one(bench, filled, load, drawn):
    """Returns what one feed takes: names and milliseconds."""
    world = filled.world
    measured = {}
    for name, paths in _questions(filled, drawn).items():
        times = bench.instruments.get(world.service.api_port, paths, bench.scaled(QUESTIONS, 20),
                                      token=KEY)["times"]
        for quantile in ("p50", "p99") if has_p99(times) else ("p50",):
            measured[f"{name}, {quantile}"] = times[quantile]
    times = push_to_world(bench, world, [filled.room], load)["times"]
    measured[f"push of {load.name}, p50"] = times["p50"]
    world.settle()
    return measured


def _questions(filled, drawn):
    """Returns the paths of each kind of question."""
    def ask(**query):
        return "/api/v1/events?" + urllib.parse.urlencode(query)

    # Not so near to the end that a page would be short.
    cursors = [cursor(drawn.randrange(filled.last * 9 // 10)) for _ in range(PLACES)]
    ids = [id_of_copy(drawn.randint(1, filled.copies)) for _ in range(PLACES)]
    return {
        "a page of 100 events": [ask(after=it, limit=100) for it in cursors],
        "20 events of one transaction": [ask(transaction=it, limit=20) for it in ids],
        "20 messages and the like (entry.created)":
            [ask(after=it, types="entry.created", limit=20) for it in cursors],
        "nothing new": [ask(after=cursor(filled.last))],
    }


def cursor(number):
    """Returns the id of an event with a number, as the API writes it."""
    return "evt_" + "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(LENGTH)))

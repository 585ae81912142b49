"""What an export takes."""
import statistics
import time

from ..bench import in_rounds, in_turns
from ..invoices import message, sentence

NAME = "export"
TITLE = "Export"
EXPLANATION = """
The export of a record with 10,000 entries, until the last byte. The floor reads the same rows, each entry with its
raw event, over one connection to the same database and does nothing with them. The second floor is a script that
reads the same rows into a list: Python with its module for SQLite, or with psql. A round is the median of five
exports and of five readings of each kind. Each has one more before it that does not count.
"""
MINUTES = 3
ENTRIES = 10_000
EXPORTS = 5
ROWS = ("SELECT e.*, j.* FROM entries e JOIN journal j ON j.room_id = e.room_id "
        "AND j.position = e.position WHERE e.transaction_id = '{id}' ORDER BY e.seq")


def measure(bench):
    """Measures each database in turns with the bare reading."""
    worlds = {kind: _record(bench, kind) for kind in bench.kinds()}
    in_rounds(bench, worlds, lambda number, *world: _round(bench, number, *world), 5)


def _round(bench, number, world, id):
    measured = in_turns(number, {
        "floor": lambda: bench.instruments.read(world.database, ROWS.format(id=id), EXPORTS),
        "script": lambda: _readings(world, id),
        "ours": lambda: _exports(world, id),
    })
    floor, (milliseconds, size) = measured["floor"], measured["ours"]
    kind = world.database.kind
    what = f"export of {floor['rows']:,} entries"
    add = bench.figures.add
    add(what, milliseconds, "ms", kind, floor["times"]["p50"], "reading the rows", "≤ 2")
    add(f"{what}, beside a script", milliseconds, "ms", kind, measured["script"],
        "a script that reads the rows", "≤ 2")
    add("size of the export", size / 1e6, "MB", kind, floor["bytes"] / 1e6, "the rows")


def _readings(world, id):
    """Returns the median of the milliseconds that a script takes to read the rows."""
    times = []
    for _ in range(1 + EXPORTS):
        started = time.perf_counter()
        world.database.rows(ROWS.format(id=id))
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


def _exports(world, id):
    """Returns the median of the milliseconds, and the size in bytes."""
    path = f"/api/v1/transactions/{id}/export"
    answers = [world.api.ask("GET", path).expect([200]) for _ in range(1 + EXPORTS)]
    return statistics.median(answer.milliseconds for answer in answers[1:]), len(answers[-1].body)


def _record(bench, kind):
    world = bench.world(kind, "export")
    (id, room), = world.make_rooms(["export"])
    for _ in range(bench.scaled(ENTRIES, 200) // 100):
        world.push([message(room, sentence(20)) for _ in range(100)])
    world.settle()
    return world, id

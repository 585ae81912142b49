"""What an export takes."""
from ..invoices import message, sentence

NAME = "export"
TITLE = "Export"
EXPLANATION = """
The export of a record with 10,000 entries, until the last byte. The floor reads the same rows, each entry with its
raw event, over one connection to the same database and does nothing with them.
"""
MINUTES = 2
ENTRIES = 10_000
ROWS = ("SELECT e.*, j.* FROM entries e JOIN journal j ON j.room_id = e.room_id "
        "AND j.position = e.position ORDER BY e.seq")


def measure(bench):
    """Measures each database, and the bare reading right after it."""
    worlds = {kind: _record(bench, kind) for kind in bench.kinds()}
    for number in bench.rounds(5):
        for kind in worlds if number % 2 == 0 else reversed(list(worlds)):
            world, id = worlds[kind]
            floor = bench.instruments.read(world.database, ROWS)
            answer = world.api.ask("GET", f"/api/v1/transactions/{id}/export").expect([200])
            bench.figures.add(f"export of {floor['rows']:,} entries", answer.milliseconds, "ms", kind,
                              floor["times"]["p50"], "reading the rows", "≤ 2")
            bench.figures.add("size of the export", len(answer.body) / 1e6, "MB", kind,
                              floor["bytes"] / 1e6, "the rows")


def _record(bench, kind):
    world = bench.world(kind, "export")
    (id, room), = world.make_rooms(["export"])
    for _ in range(bench.scaled(ENTRIES, 200) // 100):
        world.push([message(room, sentence(20)) for _ in range(100)])
    world.settle()
    return world, id

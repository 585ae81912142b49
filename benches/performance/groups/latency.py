"""How long it takes until a message is in the record."""
import threading
import time

from ..figures import quantile
from ..pushing import LEAST_FOR_P99
from ..with_synapse import THE_BUYER, SynapseWorld

NAME = "latency"
TITLE = "From sending to the entry"
EXPLANATION = """
A buyer sends a message on a real Synapse, and a shop asks for new entries until it is there. The floor is the time
until Synapse has told the same message to another application service, which does nothing with it. That is about
the homeserver's own share, and the difference is about what Tallyroom adds. It is not exact: Synapse tells the two
services one after the other, and may tell the other one later, which makes the difference too small. Tallyroom is
measured on SQLite. Synapse, both services and the asking shop share the processors.
"""
MINUTES = 3
MESSAGES = 300
WARM_UP = 20
PAUSE = 0.03
FLOOR = "another application service is told"


def measure(bench):
    """Sends messages one after another. Each is seen by both application services."""
    world = SynapseWorld(bench, "latency", THE_BUYER)
    announcements = world.announcements
    buyer, seller = world.synapse.person("buyer"), world.synapse.person("seller")
    (id, room), = world.world.make_rooms(["latency"])
    for person in (buyer, seller):
        person.join(room)
    _warm_up(world.world, id, room, buyer, announcements)
    for _ in bench.rounds():
        messages = [_one(world.world, id, room, buyer, announcements)
                    for _ in range(bench.scaled(MESSAGES, 10))]
        _add(bench, messages)


def _warm_up(world, id, room, buyer, announcements):
    """The memberships become entries first, and all connections are made."""
    for _ in range(WARM_UP):
        _one(world, id, room, buyer, announcements)


def _one(world, id, room, buyer, announcements):
    """Returns the milliseconds until the entry, until the other service was told, and between the two."""
    after = world.entries(id)
    sent = {}
    started = time.time() * 1000
    text = f"message {started}"
    sending = threading.Thread(target=lambda: sent.update(event=buyer.say(room, text)))
    sending.start()
    seen = _wait_for_entry(world, id, after, text)
    sending.join()
    told = announcements.of(sent["event"])
    time.sleep(PAUSE)
    return seen - started, told - started, seen - told


def _wait_for_entry(world, id, after, text):
    """Asks for entries until one has the text, and returns when that was."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        path = f"/api/v1/transactions/{id}/entries?after={after}"
        entries = world.api.ask("GET", path).json()["entries"]
        if any(entry.get("text") == text for entry in entries):
            return time.time() * 1000
        time.sleep(0.0005)
    raise TimeoutError("the entry did not come")


def _add(bench, messages):
    entry, told, added = zip(*messages)
    p50 = quantile(entry, 50)
    add = bench.figures.add
    add("send to the entry read by the shop, p50", p50, "ms", "SQLite", quantile(told, 50), FLOOR)
    add("entry after the other service was told, p50", quantile(added, 50), "ms", "SQLite", aim="≤ 3 ms")
    if len(messages) >= LEAST_FOR_P99:
        add("send to the entry read by the shop, p99", quantile(entry, 99), "ms", "SQLite", p50,
            "its own p50")
        add("entry after the other service was told, p99", quantile(added, 99), "ms", "SQLite")

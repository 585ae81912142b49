"""How many rooms a second are made on a real Synapse."""
import threading
import time

from ..invoices import BUYER, DOMAIN, SELLER, submission
from ..synapse import quoted
from ..with_synapse import SynapseWorld

NAME = "rooms"
TITLE = "Rooms a second"
EXPLANATION = """
Transactions are handed in until their rooms are complete, on a real Synapse. The floor is a client that sends the
same five requests for each room to the same Synapse, eight rooms at a time like Tallyroom: createRoom with
the same state, the summary, its pin, and two invitations.
"""
MINUTES = 2
ROOMS = 80
PARALLEL = 8
SUMMARY_WORDS = 200


def measure(bench):
    """Measures Tallyroom and the bare client in turns on one Synapse."""
    world = SynapseWorld(bench, "rooms")
    bare = world.synapse.person("bare")
    world.synapse.person("buyer")
    world.synapse.person("seller")
    count = bench.scaled(ROOMS, PARALLEL)
    _bare(bare, "warm-up", PARALLEL)
    for number in bench.rounds(5):
        steps = [lambda: _ours(world, number, count), lambda: _bare(bare, number, count)]
        if number % 2 == 0:
            ours, floor = (step() for step in steps)
        else:
            floor, ours = (step() for step in reversed(steps))
        bench.figures.add("complete rooms a second", ours, "/s", "SQLite", floor,
                          "the same five requests, bare", "≥ 0.95")


def _ours(world, number, count):
    started = time.monotonic()
    world.world.make_rooms([f"room-{number}-{place}" for place in range(count)])
    return count / (time.monotonic() - started)


def _bare(person, name, count):
    """Makes rooms with several connections at a time, and returns the number of rooms a second."""
    numbers = iter(range(count))
    lock = threading.Lock()
    failures = []

    def work():
        own = person.copy()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                _five_requests(own, f"bare-{name}-{number}")
            except Exception as failure:  # It is raised in the thread that waits.
                failures.append(failure)
                return

    threads = [threading.Thread(target=work) for _ in range(PARALLEL)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return count / (time.monotonic() - started)


def _five_requests(person, alias):
    room = person.call("POST", "/createRoom", _room(alias))["room_id"]
    summary = person.say(room, "a summary " * SUMMARY_WORDS)
    path = f"/rooms/{quoted(room)}/state/m.room.pinned_events/"
    person.call("PUT", path, {"pinned": [summary]})
    for user in (BUYER, SELLER):
        person.call("POST", f"/rooms/{quoted(room)}/invite", {"user_id": user})


def _room(alias):
    """The body of createRoom, with as much state as Tallyroom's."""
    def state(event_type, content):
        return {"type": event_type, "state_key": "", "content": content}
    return {
        "preset": "private_chat", "name": "Invoice", "topic": "EUR 634.50", "room_alias_name": alias,
        "power_level_content_override": {"state_default": 100, "invite": 100},
        "initial_state": [
            state("m.room.avatar", {"url": f"mxc://{DOMAIN}/avatar"}),
            state("m.room.join_rules", {"join_rule": "invite"}),
            state("m.room.history_visibility", {"history_visibility": "shared"}),
            state("m.room.guest_access", {"guest_access": "forbidden"}),
            state("org.tallyroom.invoice", submission("bare")["invoice"]),
        ],
    }

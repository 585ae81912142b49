"""How many rooms a second are made on a real Synapse."""
import threading
import time

from ..bench import in_turns
from ..invoices import BUYER, DOMAIN, SELLER, submission
from ..synapse import quoted
from ..with_synapse import ROOMS_BY_ALIAS, SynapseWorld

NAME = "rooms"
TITLE = "Rooms a second"
EXPLANATION = """
Transactions are handed in until their rooms are complete, on a real Synapse. The floor is a client that sends the
same five requests for each room to the same Synapse, eight rooms at a time like Tallyroom: createRoom with as much
state, the summary, its pin, and two invitations. Synapse pushes what happens in the bare rooms to nobody. What
pushing costs Synapse is the second row: the same client, with rooms whose events are pushed to an application
service that throws them away. Tallyroom's rooms are pushed as well; beside that, it records and indexes their
events, and its bot follows its own `/sync`, on the same processors.
"""
MINUTES = 3
ROOMS = 80
PARALLEL = 8
SUMMARY_WORDS = 200


def measure(bench):
    """Measures Tallyroom and the bare client in turns on one Synapse."""
    world = SynapseWorld(bench, "rooms", ROOMS_BY_ALIAS)
    bare = world.synapse.person("bare")
    world.synapse.person("buyer")
    world.synapse.person("seller")
    count = bench.scaled(ROOMS, PARALLEL)
    _bare(bare, "warm-up", PARALLEL)
    for number in bench.rounds(5):
        measured = in_turns(number, {"floor": lambda: _bare(bare, f"bare-{number}", count),
                                     "pushed": lambda: _pushed(world, bare, f"told-{number}", count),
                                     "ours": lambda: _ours(world, number, count)})
        for what, rooms_per_second, aim in [
                ("complete rooms a second", measured["ours"], "≥ 0.95"),
                ("bare rooms a second, if their events are pushed and thrown away", measured["pushed"], "")]:
            bench.figures.add(what, rooms_per_second, "/s", "SQLite", measured["floor"],
                              "the same five requests, bare", aim)


def _ours(world, number, count):
    started = time.monotonic()
    ids = world.world.hand_in([f"room-{number}-{place}" for place in range(count)])
    world.world.wait_for_rooms(ids)
    rooms_per_second = count / (time.monotonic() - started)
    # What is left to record must not be done beside the bare client.
    world.world.settle()
    return rooms_per_second


def _pushed(world, person, name, count):
    rooms_per_second, summaries = _made(person, name, count)
    # What is left to push must not be pushed beside the next measurement.
    for summary in summaries:
        world.announcements.of(summary, within=60)
    return rooms_per_second


def _bare(person, name, count):
    return _made(person, name, count)[0]


def _made(person, name, count):
    """Makes rooms with several connections at a time. Returns the number of rooms a second, and their summaries."""
    numbers = iter(range(count))
    lock = threading.Lock()
    summaries, failures = [], []

    def work():
        own = person.copy()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                summaries.append(_five_requests(own, f"{name}-{number}"))
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
    return count / (time.monotonic() - started), summaries


def _five_requests(person, alias):
    """Makes a room, and returns the id of the event of its summary."""
    room = person.call("POST", "/createRoom", _room(alias))["room_id"]
    summary = person.say(room, "a summary " * SUMMARY_WORDS)
    path = f"/rooms/{quoted(room)}/state/m.room.pinned_events/"
    person.call("PUT", path, {"pinned": [summary]})
    for user in (BUYER, SELLER):
        person.call("POST", f"/rooms/{quoted(room)}/invite", {"user_id": user})
    return summary


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

"""How long it takes to read what was said while Tallyroom did not run."""
import threading
import time

from ..http_client import Client
from ..processes import wait_until
from ..registration import registration_value
from ..synapse import quoted
from ..invoices import BOT
from ..with_synapse import SynapseWorld

NAME = "missed"
TITLE = "What was missed"
EXPLANATION = """
Two people say 1,000 things while Tallyroom does not run, in a room of which a real Synapse does not push what they
say. Then Tallyroom starts, and reads all of it from the history. The time begins before the start of the process.
"Synapse accepts them" is no floor of that work: it is the time that the same messages took when they were said.
There is one round. Tallyroom is measured on SQLite, and shares the processors with Synapse.
"""
MINUTES = 2
MESSAGES = 1_000
PARALLEL = 8


def measure(bench):
    """Measures once, since Synapse takes long to accept so many messages."""
    it = SynapseWorld(bench, "missed")
    people = [it.synapse.person("buyer"), it.synapse.person("seller")]
    for _ in bench.rounds(1):
        (id, room), = it.world.make_rooms(["missed"])
        for person in people:
            person.join(room)
        time.sleep(1)
        _delete_alias(it.world, id)
        before = it.world.entries(id)
        it.world.service.stop()
        count = bench.scaled(MESSAGES, 50)
        started = time.monotonic()
        _say(people, room, count)
        accepted = time.monotonic() - started
        started = time.monotonic()
        it.world.service.start(it.world.token)
        wait_until(lambda: it.world.entries(id) >= before + count, "the missed messages", 170, 0.05)
        bench.figures.add(f"start until {count:,} missed messages are in the record",
                          time.monotonic() - started, "s", "SQLite", accepted, "Synapse accepts them")


def _delete_alias(world, id):
    """Without the alias of the room, the homeserver does not push what others say in it."""
    alias = world.api.ask("GET", f"/api/v1/transactions/{id}").json()["room"]["alias"]
    token = registration_value(world.registration, "as_token")
    client = Client(world.homeserver_port, {"Authorization": f"Bearer {token}"})
    path = f"/_matrix/client/v3/directory/room/{quoted(alias)}?user_id={quoted(BOT)}"
    client.ask("DELETE", path).expect([200])


def _say(people, room, count):
    def work(place):
        person = people[place % len(people)].copy()
        for number in range(place, count, PARALLEL):
            person.say(room, f"missed {number}")

    threads = [threading.Thread(target=work, args=(place,)) for place in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

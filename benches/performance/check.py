"""The fast check that everything here still fits Tallyroom. The test suite runs it.

It starts Tallyroom behind the stub homeserver, has it make a room, pushes a message into it, reads the
record and the search, opens the page and has it told something, and fills the database with copies.
"""
import os
import pathlib
import tempfile
from concurrent.futures import ThreadPoolExecutor

from .databases import Postgres, PostgresServer, Sqlite
from .document import Document
from .ending import Alarm
from .filling import Filling, id_of_copy
from .groups import GROUPS
from .groups.events import cursor
from .http_client import Client
from .invoices import message
from .open_pages import LivePage, live_targets
from .processes import end_all, wait_until
from .tallyroom import World, new_folder

# What a start and one room need. If Tallyroom needs something else, the stub has to answer it.
EXPECTED_CALLS = [
    "GET client/v3/account/whoami", "POST client/v1/appservice/tallyroom/ping",
    "POST client/v3/createRoom", "POST client/v3/rooms/X/invite",
]
COPIES = 3
SECONDS = 60
# How long all of it may take. It takes some seconds.
GREATEST_SECONDS = 240


def check(program, root):
    """Checks everything on SQLite, and on the server of TALLYROOM_TEST_POSTGRES if there is one."""
    Document(root / "docs" / "performance.md").check(GROUPS)
    url = os.environ.get("TALLYROOM_TEST_POSTGRES")
    # Mostly, a check waits for the disk, so both take place at the same time.
    with Alarm(GREATEST_SECONDS), tempfile.TemporaryDirectory() as folder, \
            ThreadPoolExecutor() as threads:
        folder = pathlib.Path(folder)
        checks = [threads.submit(_check_database, program, new_folder(folder / "sqlite"), Sqlite)]
        if url:
            server = PostgresServer(root, folder, url)
            name = f"performance_{os.getpid()}"
            checks.append(threads.submit(_check_database, program, new_folder(folder / "postgres"),
                                         lambda _: Postgres(server, name)))
        try:
            for done in checks:
                done.result()
        finally:
            # If this was interrupted, the threads fail soon without what they ask.
            end_all()


def _check_database(program, folder, make_database):
    database = make_database(folder)
    try:
        world = World(program, folder, database).start()
        try:
            id, room = _one_room(world)
            _copies(world, id, room)
        finally:
            world.stop()
    finally:
        database.drop()


def _one_room(world):
    """A transaction gets a room, a record, a page and an export."""
    (id, room), = world.make_rooms(["check"])
    before = world.entries(id)
    world.push([message(room, "a zebrafish on the pallet")])
    wait_until(lambda: world.entries(id) > before, "the entry", SECONDS)
    world.settle(SECONDS)
    _expect_found(world, "zebrafish", 1)
    entrance = world.enter(id)
    page = Client(world.service.page_port, {"Cookie": entrance.cookie})
    assert b"zebrafish" in page.ask("GET", entrance.target()).expect([200]).body
    _check_live_page(world, id, room)
    export = world.api.ask("GET", f"/api/v1/transactions/{id}/export").expect([200])
    assert export.body.startswith(b"PK"), export.body[:100]
    _check_calls(world.stub.calls())
    return id, room


def _check_live_page(world, id, room):
    """A page that stays open is told what is new."""
    (target, cookie), = live_targets(world, [id], 1)
    with LivePage(world.service.page_port, target, cookie, SECONDS) as page:
        world.push([message(room, "an okapi beside the pallet")])
        page.wait_for(b"okapi")


def _check_calls(calls):
    unknown = [name for name in calls if name.startswith("unknown")]
    assert not unknown, f"stub_homeserver.py does not know: {unknown}"
    missing = [name for name in EXPECTED_CALLS if name not in calls]
    assert not missing, f"Tallyroom did not ask for {missing}, only for {sorted(calls)}"


def _copies(world, id, room):
    """Records that are copied by SQL are found like others."""
    world.service.stop()
    filling = Filling(world.database)
    length = filling.length_of(id)
    filling.copy_record(id, room, COPIES)
    filling.lengthen_record(id, room, COPIES)
    filling.lengthen_feed(id, COPIES)
    told = [int(filling.run(f"SELECT COUNT(*) FROM events WHERE transaction_id = '{one}'")[0][0])
            for one in (id, id_of_copy(1), id_of_copy(COPIES))]
    assert told[0] > 0 and told[1] == told[2] == 2 * told[0], told
    filling.finish()
    world.service.start(world.token)
    # The stub may still have had something to tell.
    assert world.entries(id) >= length * (COPIES + 1), (world.entries(id), length)
    _expect_found(world, "zebrafish", 1 + 2 * COPIES)
    _expect_found(world, "zebrafish+rare1", 1)
    last = _events(world, id_of_copy(1))[-1]["id"]
    (number,), = world.database.rows(f"SELECT MAX(id) FROM events WHERE transaction_id = '{id_of_copy(1)}'")
    assert last == cursor(int(number)), (last, number)


def _events(world, id):
    return world.api.ask("GET", f"/api/v1/events?transaction={id}&limit=100").json()["events"]


def _expect_found(world, words, count):
    found = world.api.ask("GET", f"/api/v1/entries?q={words}").json()["entries"]
    assert len(found) == count, f"{words}: {len(found)} entries instead of {count}"

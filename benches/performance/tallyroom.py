"""Tallyroom as it is measured: one database, one or several processes, and a homeserver in front of them."""
import json
import pathlib
import re
import shutil
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from .http_client import Client
from .invoices import BUYER, DOMAIN, SELLER, submission
from .machine import free_port
from .processes import Process, run, wait_until
from .registration import registration_value

KEY = "a-key-for-measurements-only"
STUB = pathlib.Path(__file__).with_name("stub_homeserver.py")
START_SECONDS = 120
STUB_SECONDS = 60
ROOM_SECONDS = 300
# As many as the config allows. All pages of a record share one link here.
OPEN_PAGES = 8_000
# In seconds. Looking more often would take a good part of a processor from what is looked at.
SETTLE_PAUSE = 0.05


class StubHomeserver:
    """The stub in a process of its own."""

    def __init__(self, port, registration, log):
        self.port = port
        # Nothing is written beside the source.
        self.process = Process([sys.executable, "-B", STUB, port, registration], log)
        wait_until(lambda: self.process.answers("the stub homeserver", self._calls),
                   "the stub homeserver", STUB_SECONDS)

    def _calls(self):
        return Client(self.port).ask("GET", "/calls")

    def calls(self):
        """Returns how often it was asked for what since the last time."""
        return self._calls().json()

    def end(self):
        """Ends it."""
        self.process.end()


class Service:
    """One process of Tallyroom with a config of its own."""

    def __init__(self, program, folder, number, config):
        self.program = program
        self.folder = folder
        self.push_port, self.api_port, self.page_port = free_port(), free_port(), free_port()
        self.config = folder / f"config-{number}.yaml"
        # JSON is YAML.
        self.config.write_text(json.dumps(self._complete(config)))
        # It has a key in it.
        self.config.chmod(0o600)
        self.log = folder / f"tallyroom-{number}.log"
        self.api = Client(self.api_port, {"Authorization": f"Bearer {KEY}"})
        self.process = None

    def _complete(self, config):
        page = f"127.0.0.1:{self.page_port}"
        own = {
            "appservice": {"listen": f"127.0.0.1:{self.push_port}",
                           "url": f"http://127.0.0.1:{self.push_port}"},
            "api": {"listen": f"127.0.0.1:{self.api_port}",
                    "keys": [{"shop": "measured", "key": KEY}]},
            "page": {"listen": page, "url": f"http://{page}", "open_pages": OPEN_PAGES},
            "log": {"level": "warn"},
        }
        return {**own, **config}

    def start(self, token):
        """Starts it, and returns the milliseconds until it answered the first push with 200."""
        started = time.perf_counter()
        self.process = Process([self.program, "run", "--config", self.config], self.log, self.folder)
        wait_until(lambda: self.process.answers("Tallyroom", lambda: self._empty_push(token)),
                   "the first answer", START_SECONDS, 0.001)
        first_answer = (time.perf_counter() - started) * 1000
        wait_until(lambda: self.process.answers("Tallyroom", self._readiness), "Tallyroom is ready",
                   START_SECONDS)
        return first_answer

    def _readiness(self):
        return self.api.ask("GET", "/health/ready")

    def _empty_push(self, token):
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/_matrix/app/v1/transactions/start-{time.time_ns()}"
        return Client(self.push_port, headers).ask("PUT", path, {"events": []})

    def stop(self):
        """Stops it as an operator does."""
        if self.process:
            self.process.end()


class Entrance:
    """Where a page is, and the cookie that opens it."""

    def __init__(self, path, query, cookie):
        self.path = path
        self.query = query
        self.cookie = cookie

    def target(self, part="", more=""):
        """Returns the path and query of the page, or of a part of it."""
        return f"{self.path}{part}?{self.query}{more}"


class World:
    """A folder, a database, a homeserver, and the processes between them.

    All processes have the same database and registration. `homeserver_port` names a homeserver that
    runs; without it, the stub is started.
    """

    def __init__(self, program, folder, database, processes=1, homeserver_port=None):
        self.folder = folder
        self.database = database
        self.registration = folder / "registration.yaml"
        self.homeserver_port = homeserver_port or free_port()
        self.stub = None
        self.has_stub = homeserver_port is None
        config = {"homeserver": {"url": f"http://127.0.0.1:{self.homeserver_port}", "domain": DOMAIN},
                  "database": {"url": database.url}}
        self.services = [Service(program, folder, number, config) for number in range(processes)]
        self.service = self.services[0]
        run([program, "generate-registration", "--config", self.service.config], cwd=folder)
        self.token = registration_value(self.registration, "hs_token")

    @property
    def api(self):
        """The API of the first process."""
        return self.service.api

    def start(self):
        """Starts everything that does not run, and returns the world."""
        if self.has_stub and self.stub is None:
            log = self.folder / "stub.log"
            self.stub = StubHomeserver(self.homeserver_port, self.registration, log)
        for service in self.services:
            service.start(self.token)
        return self

    def restart(self):
        """Restarts a world of one process, and returns the milliseconds until its first answer."""
        self.service.stop()
        return self.service.start(self.token)

    def stop(self):
        """Stops everything."""
        for service in self.services:
            service.stop()
        if self.stub:
            self.stub.end()
            self.stub = None
        self.database.close()

    def make_rooms(self, names):
        """Hands in a transaction for each name, and waits for their rooms. Returns pairs of id and room."""
        ids = self.hand_in(names)
        self.wait_for_rooms(ids)
        self.database.count()
        return self.rooms_of(ids)

    def hand_in(self, names, clients=4):
        """Hands in a transaction for each name, and returns their ids. The processes get them in turns."""
        def hand_in_some(place):
            service = self.services[place % len(self.services)]
            api = Client(service.api_port, service.api.headers)
            return [api.ask("POST", "/api/v1/transactions", submission(name)).json()["id"]
                    for name in names[place::clients]]

        with ThreadPoolExecutor(clients) as threads:
            parts = list(threads.map(hand_in_some, range(clients)))
        return [parts[place % clients][place // clients] for place in range(len(names))]

    def wait_for_rooms(self, ids):
        """Waits until all these transactions have a finished room. One question asks for all of them."""
        wanted = ", ".join(f"'{id}'" for id in ids)
        query = (f"SELECT COUNT(*) FROM rooms WHERE transaction_id IN ({wanted}) "
                 "AND ready_at IS NOT NULL")
        wait_until(lambda: int(self.database.rows(query)[0][0]) == len(ids), f"{len(ids)} rooms",
                   ROOM_SECONDS, 0.02)

    def rooms_of(self, ids):
        """Returns pairs of id and room of transactions whose rooms are finished."""
        pairs = []
        for id in ids:
            room = self.api.ask("GET", f"/api/v1/transactions/{id}").json()["room"]
            if room["state"] != "ready":
                raise RuntimeError(f"the room of {id} is {room}")
            pairs.append((id, room["id"]))
        return pairs

    def push(self, events):
        """Pushes events as the homeserver does."""
        push_once(self.service.push_port, self.token, events)

    def entries(self, id):
        """Returns how many entries a record has."""
        return self.api.ask("GET", f"/api/v1/transactions/{id}").json()["record"]["entries"]

    def behind(self):
        """Returns the milliseconds since the receipt of the oldest event that record or search lack.

        Zero means that they have everything.
        """
        (oldest,), = self.database.rows(OLDEST_UNSEEN)
        return max(1.0, time.time() * 1000 - int(oldest)) if oldest not in (None, "") else 0.0

    def settle(self, seconds=300):
        """Waits until record and search have everything."""
        wait_until(lambda: not self.behind(), "record and search", seconds, SETTLE_PAUSE)

    def enter(self, id, party="buyer"):
        """Opens a link to the page of a transaction, and returns what a browser then has."""
        contact = {"party": party, "contact": BUYER if party == "buyer" else SELLER}
        link = self.api.ask("POST", f"/api/v1/transactions/{id}/links", contact).json()["url"]
        browser = Client(self.service.page_port)
        shown = browser.ask("GET", urllib.parse.urlparse(link).path).expect([200]).body.decode()
        action = re.search(r' action="([^"]+)"', shown).group(1)
        token = re.search(r'name="token" value="([^"]+)"', shown).group(1)
        headers = {"Origin": f"http://127.0.0.1:{self.service.page_port}", "Accept": "text/html",
                   "Content-Type": "application/x-www-form-urlencoded"}
        entered = browser.ask("POST", action, f"token={token}", headers).expect([303])
        path, _, query = entered.headers["Location"].partition("?")
        return Entrance(path, query, entered.headers["Set-Cookie"].split(";")[0])


def push_once(port, token, events):
    """Pushes events over a connection of their own."""
    path = f"/_matrix/app/v1/transactions/one-{time.time_ns()}"
    client = Client(port, {"Authorization": f"Bearer {token}"})
    client.ask("PUT", path, {"events": events}).expect([200])


# When the oldest event was received that is no entry yet, or whose entry is not in the search yet.
# (`CROSS JOIN` keeps SQLite from beginning with all entries.)
OLDEST_UNSEEN = """
    SELECT MIN(received_at) FROM (
      SELECT j.received_at FROM journal_rooms w CROSS JOIN record_rooms r CROSS JOIN journal j
        WHERE w.derived_position < w.last_position AND r.room_id = w.room_id
        AND j.room_id = w.room_id AND j.position = w.derived_position + 1
      UNION ALL
      SELECT e.received_at FROM transactions t CROSS JOIN entries e
        WHERE t.indexed_seq < t.last_seq AND e.transaction_id = t.id AND e.seq = t.indexed_seq + 1
    ) AS unseen""".strip()


def new_folder(folder):
    """Returns an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

"""A real Synapse, installed and started by scripts/synapse, and people with accounts on it."""
import itertools
import urllib.parse

from .http_client import Client
from .invoices import DOMAIN
from .machine import free_port
from .processes import Process, run, wait_until

START_SECONDS = 120
send_ids = itertools.count(1)


class Synapse:
    """A new Synapse that knows these application services."""

    def __init__(self, root, folder, registrations, port=None):
        self.script = root / "scripts" / "synapse"
        self.folder = folder
        self.port = port or free_port()
        words = [self.script, "configure", folder, "--port", self.port, "--server-name", DOMAIN]
        for registration in registrations:
            words += ["--registration", registration]
        run(words)
        self.process = Process([self.script, "start", folder], f"{folder}.log")
        wait_until(lambda: self.process.answers("Synapse", self._versions), "Synapse",
                   START_SECONDS, 0.1)

    def _versions(self):
        return Client(self.port).ask("GET", "/_matrix/client/versions")

    def version(self):
        """Returns the version of Synapse."""
        server = self._versions().headers["Server"]
        return server.split("/")[-1].split()[0]

    def person(self, name):
        """Makes an account and signs in."""
        run([self.script, "register", self.folder, name, name])
        return Person(self.port, name)

    def end(self):
        """Ends it."""
        self.process.end()


class Person:
    """Somebody who is signed in. Each thread needs a copy of its own."""

    def __init__(self, port, name, token=None):
        self.name = name
        self.id = f"@{name}:{DOMAIN}"
        self.client = Client(port)
        self.token = token or self._sign_in()
        self.client.headers = {"Authorization": f"Bearer {self.token}"}

    def _sign_in(self):
        who = {"type": "m.id.user", "user": self.name}
        body = {"type": "m.login.password", "identifier": who, "password": self.name}
        return self.call("POST", "/login", body)["access_token"]

    def copy(self):
        """Returns the same person with another connection."""
        return Person(self.client.port, self.name, self.token)

    def call(self, method, path, body=None):
        """Calls the client-server API, and returns its answer."""
        return self.client.ask(method, f"/_matrix/client/v3{path}", body).json()

    def join(self, room):
        """Joins a room."""
        self.call("POST", f"/join/{quoted(room)}", {})

    def say(self, room, text):
        """Sends a text, and returns the id of the event."""
        path = f"/rooms/{quoted(room)}/send/m.room.message/measured{next(send_ids)}"
        return self.call("PUT", path, {"msgtype": "m.text", "body": text})["event_id"]


def quoted(identifier):
    """Returns an identifier as a part of a path."""
    return urllib.parse.quote(identifier, safe="")

"""A world whose homeserver is a real Synapse."""
import json
import threading
import time

from .databases import SQLITE
from .instruments import TOKEN
from .invoices import DOMAIN
from .machine import free_port

# What the second application service is interested in: an account, or rooms by their alias.
THE_BUYER = ("users", "@buyer:.*")
ROOMS_BY_ALIAS = ("aliases", f"#told-.*:{DOMAIN}")


class SynapseWorld:
    """Tallyroom on SQLite and a Synapse, and a second application service that is told of `told_of`, if anything."""

    def __init__(self, bench, name, told_of=None):
        port = free_port()
        self.world = bench.world(SQLITE, name, start=False, homeserver_port=port)
        registrations = [self.world.registration]
        if told_of:
            floor = bench.floor("listener", announces=True)
            self.announcements = Announcements(floor)
            registrations.append(self._register_listener(floor.port, told_of))
        self.synapse = bench.synapse(port, registrations)
        self.world.start()
        bench.note_version(self.world.database)

    def _register_listener(self, port, told_of):
        """Writes the registration of a floor that is interested in this, and in nobody of ours."""
        kind, regex = told_of
        namespaces = {"users": [], "rooms": [], "aliases": [], kind: [{"exclusive": False, "regex": regex}]}
        file = self.world.folder / "listener.yaml"
        file.write_text(json.dumps({
            "id": "listener", "url": f"http://127.0.0.1:{port}", "as_token": "listener", "hs_token": TOKEN,
            "sender_localpart": "listener", "rate_limited": False, "namespaces": namespaces,
        }))
        return file


class Announcements:
    """When the second application service was told of which event, in milliseconds since 1970."""

    def __init__(self, floor):
        self.times = {}
        self.process = floor.process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                said = json.loads(self.process.read_line())
                self.times[said["event_id"]] = said["at"]
        except (RuntimeError, ValueError, OSError):
            pass  # The floor ended, as it does at the end of the run.

    def of(self, event_id, within=10):
        """Waits for an event for at most `within` seconds, and returns when it was told."""
        end = time.monotonic() + within
        while event_id not in self.times:
            if time.monotonic() > end:
                raise TimeoutError("the other application service was not told")
            time.sleep(0.001)
        return self.times[event_id]

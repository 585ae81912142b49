"""A world whose homeserver is a real Synapse."""
import json

from .databases import SQLITE
from .instruments import TOKEN
from .machine import free_port


class SynapseWorld:
    """Tallyroom on SQLite and a Synapse, and a second application service that is told the same."""

    def __init__(self, bench, name, with_listener=False):
        port = free_port()
        self.world = bench.world(SQLITE, name, start=False, homeserver_port=port)
        registrations = [self.world.registration]
        self.listener = None
        if with_listener:
            self.listener = bench.floor("listener", announces=True)
            registrations.append(self._register_listener())
        self.synapse = bench.synapse(port, registrations)
        self.world.start()
        bench.note_version(self.world.database)

    def _register_listener(self):
        """Writes the registration of a floor that is interested in the buyer, and in nobody of ours."""
        file = self.world.folder / "listener.yaml"
        users = [{"exclusive": False, "regex": "@buyer:.*"}]
        file.write_text(json.dumps({
            "id": "listener", "url": f"http://127.0.0.1:{self.listener.port}", "as_token": "listener",
            "hs_token": TOKEN, "sender_localpart": "listener", "rate_limited": False,
            "namespaces": {"users": users, "rooms": [], "aliases": []},
        }))
        return file

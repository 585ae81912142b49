"""What the stub homeserver tells the application service: the events of the rooms that it made.

A homeserver pushes what the bot itself does in its rooms, too, and Tallyroom waits for the first events of a
room before it invites anybody.
"""
import asyncio
import itertools
import json
import time
import urllib.parse

from registration import registration_value

EVENTS_PER_PUSH = 100
# The seconds until a push that failed is tried again.
RETRY_PAUSE = 0.2

event_numbers = itertools.count(1)
push_numbers = itertools.count(time.time_ns())


def new_event_id():
    """Returns an id that no event has yet."""
    return "$" + str(next(event_numbers)).rjust(43, "0")


def event(room, sender, event_type, content, state_key=None):
    """Returns an event as a homeserver pushes it."""
    made = {"type": event_type, "room_id": room, "sender": sender, "event_id": new_event_id(),
            "content": content, "origin_server_ts": int(time.time() * 1000)}
    return made if state_key is None else {**made, "state_key": state_key}


def first_events(room, sender, asked):
    """Returns the events of a new room, in the order of a homeserver."""
    def state(event_type, content, state_key=""):
        return event(room, sender, event_type, content, state_key)
    yield state("m.room.create", {"room_version": asked.get("room_version", "12"),
                                  **asked.get("creation_content", {})})
    yield state("m.room.member", {"membership": "join"}, sender)
    yield state("m.room.power_levels", asked.get("power_level_content_override", {}))
    if alias := asked.get("room_alias_name"):
        domain = sender.split(":", 1)[1]
        yield state("m.room.canonical_alias", {"alias": f"#{alias}:{domain}"})
    for initial in asked.get("initial_state", []):
        yield state(initial["type"], initial["content"], initial.get("state_key", ""))
    for key in ("name", "topic"):
        if key in asked:
            yield state(f"m.room.{key}", {key: asked[key]})


class Pushes:
    """Pushes events one push after another, and each of them until it is answered with 200."""

    def __init__(self, registration):
        self.registration = registration
        self.waiting = []
        self.has_some = asyncio.Event()

    def add(self, events):
        """Has these events pushed soon."""
        self.waiting += events
        self.has_some.set()

    async def run(self):
        """Pushes for as long as the stub runs."""
        while True:
            await self.has_some.wait()
            self.has_some.clear()
            while self.waiting:
                events = self.waiting[:EVENTS_PER_PUSH]
                del self.waiting[:EVENTS_PER_PUSH]
                await self._push(json.dumps({"events": events}).encode())

    async def _push(self, body):
        number = next(push_numbers)
        while not await self._is_answered(number, body):
            await asyncio.sleep(RETRY_PAUSE)

    async def _is_answered(self, number, body):
        service = urllib.parse.urlparse(registration_value(self.registration, "url"))
        token = registration_value(self.registration, "hs_token")
        head = (f"PUT /_matrix/app/v1/transactions/stub{number} HTTP/1.1\r\n"
                f"Host: {service.netloc}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n")
        try:
            reader, writer = await asyncio.open_connection(service.hostname, service.port)
        except OSError:
            return False
        try:
            writer.write(head.encode() + body)
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()

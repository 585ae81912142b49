"""The least of a homeserver with which Tallyroom starts and makes rooms.

    python3 stub_homeserver.py PORT REGISTRATION

It answers at once, keeps nothing, and pushes back what is done in its rooms. So what is measured behind it
is Tallyroom alone. A call that it does not know gets M_UNRECOGNIZED. `GET /calls` returns how often it was
asked for what since the last time, with "unknown" before what it does not know.
"""
import asyncio
import http.client
import itertools
import json
import re
import sys
import time
import urllib.parse

from invoices import BOT, DOMAIN
from registration import registration_value
from stub_pushes import Pushes, event, first_events

NOT_FOUND = (404, {"errcode": "M_NOT_FOUND", "error": "It is not here."})
UNRECOGNIZED = (404, {"errcode": "M_UNRECOGNIZED", "error": "The stub does not know this call."})
ROOM_VERSIONS = {version: "stable" for version in ("10", "11", "12")}
# Identifiers in paths: of users, rooms, aliases and events, also percent-encoded.
IDENTIFIER = re.compile(r"(%21|%24|%40|%23|[!$@#])[^/]*")

numbers = itertools.count(1)


def new_room(request):
    """A new room, whose first events are pushed."""
    room = "!" + str(next(numbers)).rjust(43, "0")
    request.pushes.add(first_events(room, request.user(), request.content()))
    return 200, {"room_id": room}


def new_event(request):
    """What is sent into a room is pushed, as a message or as a state event."""
    _, room, kind, event_type, *rest = request.parts("rooms")
    state_key = (rest[0] if rest else "") if kind == "state" else None
    content = request.content()
    if kind == "redact":
        content = {"redacts": event_type, **content}
        event_type = "m.room.redaction"
    made = event(room, request.user(), event_type, content, state_key)
    request.pushes.add([made])
    return 200, {"event_id": made["event_id"]}


def known_event(request):
    """Every event that is asked for is there: an event that is gone means that the homeserver was restored from a
    backup, and then all rooms are compared with their records."""
    _, room, _, event_id = request.parts("rooms")
    found = event(room, request.user(), "m.room.message", {"msgtype": "m.text", "body": "said"})
    return 200, {**found, "event_id": event_id}


def changed_membership(request):
    """Who is invited or removed, or comes and goes: that is pushed as well."""
    _, room, kind = request.parts("rooms")
    membership = {"invite": "invite", "join": "join", "ban": "ban"}.get(kind, "leave")
    user = request.content().get("user_id", request.user())
    request.pushes.add(
        [event(room, request.user(), "m.room.member", {"membership": membership}, user)])
    return 200, {"room_id": room}


def new_file(_):
    return 200, {"content_uri": f"mxc://{DOMAIN}/stub{next(numbers)}"}


def always(answer):
    """Returns a handler that always answers with this content."""
    return lambda _: (200, answer)


def who_am_i(request):
    """The user that is asserted, or the application service's own."""
    return 200, {"user_id": request.user(), "device_id": "TALLYROOM"}


def ping(request):
    """Calls the application service back, as a homeserver does when it is asked to."""
    service = urllib.parse.urlparse(registration_value(request.registration, "url"))
    token = registration_value(request.registration, "hs_token")
    started = time.monotonic()
    connection = http.client.HTTPConnection(service.hostname, service.port, timeout=10)
    try:
        connection.request("POST", "/_matrix/app/v1/ping", request.body or b"{}",
                           {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        status = connection.getresponse().status
    except OSError:
        return 502, {"errcode": "M_CONNECTION_FAILED", "error": "The service does not answer."}
    finally:
        connection.close()
    if status != 200:
        return 502, {"errcode": "M_BAD_STATUS", "error": "The service refused.", "status": status}
    return 200, {"duration_ms": int((time.monotonic() - started) * 1000)}


# Method, the end of the path after /_matrix/ with X for identifiers, and the handler.
ROUTES = [(method, re.compile(pattern + "$"), handler) for method, pattern, handler in [
    ("GET", "client/versions", always({"versions": [f"v1.{n}" for n in range(1, 17)]})),
    ("GET", "client/v3/account/whoami", who_am_i),
    ("GET", "client/v3/capabilities", always(
        {"capabilities": {"m.room_versions": {"default": "12", "available": ROOM_VERSIONS}}})),
    ("POST", "client/v1/appservice/[^/]+/ping", ping),
    ("POST", "client/v3/register", always({"user_id": BOT})),
    ("POST", "client/v3/login", always(
        {"user_id": BOT, "access_token": "stub", "device_id": "TALLYROOM"})),
    ("GET", "client/v3/devices/[^/]+", lambda _: NOT_FOUND),
    ("PUT", "client/v3/devices/[^/]+", always({})),
    ("PUT", "client/v3/profile/X/[^/]+", always({})),
    ("GET", "client/v3/profile/X", always({"displayname": "Somebody"})),
    ("GET", "client/v3/presence/X/status", always({"presence": "offline"})),
    ("PUT", "client/v3/presence/X/status", always({})),
    ("POST", "media/v3/upload", new_file),
    # Each file is there. It is as short as a file can be that is worth keeping.
    ("GET", "client/v1/media/.*", always("a file")),
    ("POST", "client/v3/createRoom", new_room),
    ("GET", "client/v3/directory/room/X", lambda _: NOT_FOUND),
    ("PUT", "client/v3/directory/room/X", always({})),
    ("DELETE", "client/v3/directory/room/X", always({})),
    ("PUT", "client/v3/rooms/X/(send|redact|state)/.*", new_event),
    ("GET", "client/v3/rooms/X/state", always([])),
    ("GET", "client/v3/rooms/X/state/.*", lambda _: NOT_FOUND),
    ("GET", "client/v3/rooms/X/event/X", known_event),
    ("GET", "client/v3/rooms/X/messages", always({"chunk": [], "start": "start"})),
    ("POST", "client/v3/rooms/X/(invite|join|kick|leave|unban)", changed_membership),
    ("POST", "client/v3/rooms/X/forget", always({})),
    ("POST", "client/v3/rooms/X/receipt/.*", always({})),
    ("PUT", "client/v3/rooms/X/typing/X", always({})),
    ("GET", "client/v3/joined_rooms", always({"joined_rooms": []})),
]]


class Request:
    """A request as the handlers see it."""

    def __init__(self, method, target, body, stub):
        path, _, query = target.partition("?")
        self.method = method
        self.path = path
        self.query = dict(urllib.parse.parse_qsl(query))
        self.body = body
        self.registration = stub.registration
        self.pushes = stub.pushes

    def user(self):
        """Returns who asks."""
        return self.query.get("user_id", BOT)

    def content(self):
        """Returns the body as JSON."""
        return json.loads(self.body or b"{}")

    def parts(self, first):
        """Returns the parts of the path from this one on, decoded."""
        parts = [urllib.parse.unquote(part) for part in self.path.split("/")]
        return parts[parts.index(first):]

    def name(self):
        """Returns method and path, without identifiers and parts that differ each time."""
        path = self.path.split("/_matrix/")[-1]
        return f"{self.method} {IDENTIFIER.sub('X', path)}"


class Stub:
    """Answers requests and counts them."""

    def __init__(self, registration):
        self.registration = registration
        self.pushes = Pushes(registration)
        self.calls = {}

    async def answer(self, request):
        """Returns status and content of the answer to a request."""
        if request.path == "/calls":
            calls, self.calls = self.calls, {}
            return 200, calls
        name = request.name()
        method, path = name.split(" ", 1)
        handler = next((handler for wanted, pattern, handler in ROUTES
                        if wanted == method and pattern.match(path)), None)
        is_sync = path == "client/v3/sync"
        self._count(name if handler or is_sync else f"unknown {name}")
        if is_sync:
            return await self._sync(request)
        if handler is ping:
            # It waits for the service, which may be waiting for another answer of ours.
            return await asyncio.to_thread(handler, request)
        return handler(request) if handler else UNRECOGNIZED

    def _count(self, name):
        name = re.sub(r"(/(send|redact|receipt)/).*", r"\1…", name)
        self.calls[name] = self.calls.get(name, 0) + 1

    async def _sync(self, request):
        if "since" in request.query:
            await asyncio.sleep(min(int(request.query.get("timeout", 0)), 25_000) / 1000)
        return 200, {"next_batch": "s1"}

    async def serve(self, reader, writer):
        """Answers all requests of one connection."""
        try:
            while True:
                method, target, body = await read_request(reader)
                request = Request(method, target, body, self)
                status, content = await self.answer(request)
                text = json.dumps(content).encode()
                writer.write(f"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\n"
                             f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def read_request(reader):
    """Returns method, target and body of the next request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip()
               for name, _, value in (line.partition(":") for line in head[1:])}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return method, target, await read_chunks(reader)
    length = int(headers.get("content-length", 0))
    return method, target, await reader.readexactly(length) if length else b""


async def read_chunks(reader):
    """Returns a body that comes in chunks."""
    body = b""
    while True:
        size = int((await reader.readline()).strip() or b"0", 16)
        chunk = await reader.readexactly(size + 2)
        if size == 0:
            return body
        body += chunk[:-2]


async def main(port, registration):
    """Serves until the process is ended."""
    stub = Stub(registration)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", port, limit=1 << 20)
    pushing = asyncio.create_task(stub.pushes.run())
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
    except KeyboardInterrupt:
        pass

"""A small HTTP client over one kept connection."""
import http.client
import json
import socket
import time


class Answer:
    """What a server answered, and how long it took in milliseconds."""

    def __init__(self, status, headers, body, milliseconds):
        self.status = status
        self.headers = headers
        self.body = body
        self.milliseconds = milliseconds

    def json(self):
        """Returns the body as JSON, if the status is one of success."""
        self.expect(range(200, 300))
        return json.loads(self.body)

    def expect(self, statuses):
        """Stops with the body of the answer if its status is not one of these."""
        if self.status not in statuses:
            raise RuntimeError(f"answered {self.status}: {self.body[:300]!r}")
        return self


class Client:
    """A client of one port of this machine. It connects again when the server has closed the connection."""

    def __init__(self, port, headers=None):
        self.port = port
        self.headers = headers or {}
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        """Sends a request and returns the whole answer. A body that is no text is sent as JSON."""
        headers = {**self.headers, **(headers or {})}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            return self._ask(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.connection = None
            return self._ask(method, path, body, headers)
        except (http.client.HTTPException, OSError):
            self.connection = None
            raise

    def _ask(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        read = answer.read()
        milliseconds = (time.perf_counter() - started) * 1000
        return Answer(answer.status, answer.headers, read, milliseconds)

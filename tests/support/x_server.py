"""A local server of X's filtered stream: its rules, and a stream in chunked HTTP, with faults on demand.

The limits and error bodies are those of https://docs.x.com/x-api/posts/filtered-stream/introduction and
https://docs.x.com/x-api/fundamentals/handling-disconnections.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.support.x_rule_book import RuleBook

TOKEN = "test-token"
STREAM = "/2/tweets/search/stream"
HEARTBEAT = b"\r\n"
PROBLEMS = "https://api.x.com/2/problems"
TOO_MANY_CONNECTIONS = {
    "title": "ConnectionException",
    "detail": "This stream is currently at the maximum allowed connection limit.",
    "connection_issue": "TooManyConnections",
    "type": f"{PROBLEMS}/streaming-connection",
}
NO_RULES = {
    "title": "ConnectionException",
    "detail": "You must define rules before connecting to this stream.",
    "connection_issue": "RuleConfigurationIssue",
    "type": f"{PROBLEMS}/streaming-connection",
}
OPERATIONAL_DISCONNECT = {
    "title": "operational-disconnect",
    "disconnect_type": "UpstreamOperationalDisconnect",
    "detail": "This stream has been disconnected upstream for operational reasons.",
    "type": f"{PROBLEMS}/operational-disconnect",
}
USAGE_CAPPED = {
    "title": "UsageCapExceeded",
    "detail": "Usage cap exceeded: Monthly product cap",
    "period": "Monthly",
    "scope": "Product",
    "type": f"{PROBLEMS}/usage-capped",
}
TITLES = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Refusal:
    """An HTTP error to answer with."""

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pause:
    """A step: the server sends nothing for `seconds`; with None, until the client leaves or the server ends."""

    seconds: float | None = None


class Drop:
    """A step: the server closes the connection without the end that chunked HTTP requires."""


Step = bytes | Pause | Drop
Script = Refusal | Iterable[Step]


@dataclass(frozen=True)
class Connect:
    """One attempt to connect to the stream: its time, in seconds, and its query."""

    at: float
    parameters: dict[str, list[str]]


def in_stream(problem: dict[str, Any]) -> bytes:
    """Returns an error as it comes inside a stream."""
    return orjson.dumps({"errors": [problem]}) + b"\r\n"


class XServer:
    """Plays one of `scripts` per connection; when none is left, it sends the lines given to `send`, and heartbeats.

    A script of steps ends with a clean close. `slowest_write` is the longest time, in seconds, that a client made the
    server wait. `rule_refusals` are the answers to the next requests for rules.
    """

    def __init__(self, *scripts: Script, token: str = TOKEN, heartbeat: float = 20.0) -> None:
        self.scripts = list(scripts)
        self.rules = RuleBook()
        self.rule_refusals: list[Refusal] = []
        self.connects: list[Connect] = []
        self.token = token
        self.heartbeat = heartbeat
        self.slowest_write = 0.0
        self.closing = threading.Event()
        self._sent: list[bytes] = []
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        """The value for PULSO_X_API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def send(self, *lines: bytes) -> None:
        """Sends lines to every client that is connected, or that connects later."""
        with self._news:
            self._sent += [line + b"\r\n" for line in lines]
            self._news.notify_all()

    def next_lines(self, place: int) -> list[bytes]:
        """Returns the lines from number `place` on; empty if none comes within `heartbeat` seconds."""
        with self._news:
            self._news.wait_for(lambda: len(self._sent) > place or self.closing.is_set(), self.heartbeat)
            return self._sent[place:]

    def __enter__(self) -> "XServer":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.closing.set()
        with self._news:
            self._news.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(server: XServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"x": server})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    x: XServer

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == STREAM:
            self.x.connects.append(Connect(time.monotonic(), query))
        if self._is_refused(path):
            return
        if path == STREAM:
            self._stream()
        else:
            self._answer(200, self.x.rules.page(query.get("pagination_token", ["0"])[0]))

    def do_POST(self) -> None:
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_refused(urlsplit(self.path).path):
            self._answer(201 if "add" in body else 200, self.x.rules.change(body))

    def _is_refused(self, path: str) -> bool:
        if self.headers.get("Authorization") != f"Bearer {self.x.token}":
            return self._refuse(Refusal(401))
        if path not in (STREAM, f"{STREAM}/rules"):
            return self._refuse(Refusal(404))
        if path != STREAM:
            return bool(self.x.rule_refusals) and self._refuse(self.x.rule_refusals.pop(0))
        if self.x.scripts and isinstance(self.x.scripts[0], Refusal):
            refusal = self.x.scripts.pop(0)
            assert isinstance(refusal, Refusal)
            return self._refuse(refusal)
        return not self.x.rules.rules and self._refuse(Refusal(409, NO_RULES))

    def _refuse(self, refusal: Refusal) -> bool:
        title = TITLES.get(refusal.status, "Error")
        body = {"title": title, "detail": title, "type": "about:blank", "status": refusal.status}
        self._answer(refusal.status, refusal.body or body, refusal.headers)
        return True

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = orjson.dumps(body)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            if not self.x.scripts:
                self._send_news()
            elif self._play(self.x.scripts.pop(0)):
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            return  # the client left

    def _play(self, script: Script) -> bool:
        """Plays a script; returns whether to end the answer as HTTP requires."""
        assert not isinstance(script, Refusal)
        for step in script:
            if isinstance(step, Drop):
                return False
            if isinstance(step, Pause):
                self._pause(step)
            else:
                self._chunk(step)
        return True

    def _pause(self, pause: Pause) -> None:
        if pause.seconds is not None:
            self.x.closing.wait(pause.seconds)
            return
        self.connection.settimeout(0.05)
        while not self.x.closing.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    def _send_news(self) -> None:
        place = 0
        while not self.x.closing.is_set():
            lines = self.x.next_lines(place)
            place += len(lines)
            self._chunk(b"".join(lines) or HEARTBEAT)

    def _chunk(self, content: bytes) -> None:
        began = time.monotonic()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
        self.wfile.flush()
        self.x.slowest_write = max(self.x.slowest_write, time.monotonic() - began)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

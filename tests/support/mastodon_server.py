"""A local Mastodon server: its stream as server-sent events, its public timeline, and faults on demand."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

TOKEN = "test-token"
THUMP = b":thump\n"


@dataclass(frozen=True)
class Refusal:
    """An HTTP error to answer with."""

    status: int
    retry_after: str = ""


class Silence:
    """A step: the server sends nothing more and keeps the connection open."""


class Drop:
    """A step: the server closes the connection without the end that chunked HTTP requires."""


class Live:
    """A step: the server sends what is published from now on, and heartbeats."""


Step = bytes | Silence | Drop | Live
Script = Refusal | Sequence[Step]


def status(number: int, content: str = "<p>hello</p>", **changes: Any) -> dict[str, Any]:
    """Returns a status with every required field, made `number` seconds after 2026-05-25, 14:00."""
    return status_at(1_779_717_600_000 + number * 1000, content, **changes)


def status_at(made: int, content: str = "<p>hello</p>", **changes: Any) -> dict[str, Any]:
    """Returns a status made at `made`, in ms since 1970; its id contains its time, as Mastodon's ids do."""
    return {
        "id": str(made << 16),
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(made / 1000)),
        "account": {
            "id": "7",
            "acct": "Ana",
            "url": "https://example.social/@Ana",
            "bot": False,
            "followers_count": 5,
            "following_count": 7,
            "created_at": "2020-01-01T00:00:00.000Z",
        },
        "content": content,
        "visibility": "public",
        "language": "en",
        "mentions": [],
        "tags": [],
        **changes,
    }


def sse(event: str, payload: Any) -> bytes:
    """Returns an event in the format of server-sent events."""
    data = payload if isinstance(payload, bytes) else str(payload).encode()
    return b"event: %s\ndata: %s\n\n" % (event.encode(), data)


def update(number: int, content: str = "<p>hello</p>", **changes: Any) -> bytes:
    """Returns a status as an `update` event."""
    return sse("update", orjson.dumps(status(number, content, **changes)))


class MastodonServer:
    """Plays one of `scripts` per connection; when none is left, it sends what is published, and heartbeats.

    `timeline` is the public timeline, oldest first; `refusals` are the answers to the next requests for it,
    with None for a page. `odd` are the answers to the next questions about the server: status and content. `asked` are
    the paths of all requests. `publish` sends statuses to the connections that play no script, and adds them to the
    timeline.
    """

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.timeline: list[dict[str, Any]] = []
        self.refusals: list[Refusal | None] = []
        self.odd: list[tuple[int, bytes]] = []
        self.heartbeat = 0.5
        self._news = threading.Condition()
        self.asked: list[str] = []
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"mastodon": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        """The value for PULSO_MASTODON_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, *statuses: dict[str, Any]) -> None:
        """Publishes statuses, as the newest ones."""
        with self._news:
            self.timeline += statuses
            self._news.notify_all()

    def later(self, place: int) -> list[dict[str, Any]]:
        """Returns the statuses from number `place` on; empty if none comes within `heartbeat` seconds."""
        with self._news:
            self._news.wait_for(lambda: len(self.timeline) > place or self.closing.is_set(), self.heartbeat)
            return self.timeline[place:]

    def page(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Returns a page of the timeline, newest first, as Mastodon does."""
        above, below = int(query.get("since_id", ["0"])[0]), int(query.get("max_id", [str(2**63)])[0])
        found = [one for one in self.timeline if above < int(one["id"]) < below]
        return list(reversed(found))[: min(int(query.get("limit", ["20"])[0]), 40)]

    def __enter__(self) -> "MastodonServer":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mastodon: MastodonServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.mastodon.asked.append(self.path)
        if parts.path == "/api/v2/instance":
            streaming = self.mastodon.address.replace("http", "ws")
            told = orjson.dumps({"configuration": {"urls": {"streaming": streaming}}})
            self._send(*(self.mastodon.odd.pop(0) if self.mastodon.odd else (200, told)))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "The access token is invalid"})
        elif parts.path == "/api/v1/timelines/public":
            refusal = self.mastodon.refusals.pop(0) if self.mastodon.refusals else None
            if refusal is not None:
                self._answer(refusal.status, {"error": "no"}, refusal.retry_after)
            else:
                self._answer(200, self.mastodon.page(parse_qs(parts.query)))
        elif parts.path == "/api/v1/streaming/public":
            self._stream()
        else:
            self._answer(404, {"error": "Record not found"})

    def _stream(self) -> None:
        script: Script = self.mastodon.scripts.pop(0) if self.mastodon.scripts else (THUMP, Live())
        if isinstance(script, Refusal):
            self._answer(script.status, {"error": "no"}, script.retry_after)
            return
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for step in script:
            if isinstance(step, Drop):
                return
            if isinstance(step, Silence):
                self.mastodon.closing.wait()
                return
            if isinstance(step, Live):
                self._go_on()
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(step), step))
        self.wfile.write(b"0\r\n\r\n")

    def _go_on(self) -> None:
        """Sends what is published, and heartbeats, until the client or the server ends it."""
        place = len(self.mastodon.timeline)
        with suppress(OSError):
            while not self.mastodon.closing.is_set():
                statuses = self.mastodon.later(place)
                place += len(statuses)
                for step in [sse("update", orjson.dumps(one)) for one in statuses] or [THUMP]:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(step), step))

    def _answer(self, code: int, body: Any, retry_after: str = "") -> None:
        self._send(code, orjson.dumps(body), retry_after)

    def _send(self, code: int, content: bytes, retry_after: str = "") -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

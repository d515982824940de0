"""A local AppView: `app.bsky.actor.getProfiles` as the public one answers it, and refusals on demand."""

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

PATH = "/xrpc/app.bsky.actor.getProfiles"
MOST = 25


class AppViewServer:
    """Knows `handles` by DID. `refusals` are answered first, each a status and headers. `asked` are the actors of each
    request.

    `answer` replaces the body of every answer that is no refusal. With `pause`, so many seconds pass after each byte.
    """

    def __init__(
        self, handles: dict[str, str], *refusals: tuple[int, dict[str, str]], answer: bytes = b"", pause: float = 0
    ) -> None:
        self.handles, self.refusals, self.answer, self.pause = handles, list(refusals), answer, pause
        self.asked: list[list[str]] = []
        handler = type("Handler", (_Handler,), {"appview": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        """The value for PULSO_BLUESKY_APPVIEW."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "AppViewServer":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    appview: AppViewServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        actors = parse_qs(parts.query).get("actors", [])
        self.appview.asked.append(actors)
        if parts.path != PATH:
            self._send(404, {"error": "MethodNotImplemented", "message": "Method Not Implemented"})
        elif self.appview.refusals:
            status, headers = self.appview.refusals.pop(0)
            self._send(status, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, headers)
        elif not 0 < len(actors) <= MOST or not all(actor.startswith("did:") and "%" not in actor for actor in actors):
            self._send(400, {"error": "InvalidRequest", "message": "Error: actors must be at-identifiers"})
        else:
            known = [actor for actor in actors if actor in self.appview.handles]
            self._send(200, {"profiles": [_profile(actor, self.appview.handles[actor]) for actor in known]})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = (status == 200 and self.appview.answer) or orjson.dumps(body)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):  # who asked may have given up
            size = 1 if self.appview.pause else len(content)
            for start in range(0, len(content), size):
                self.wfile.write(content[start : start + size])
                time.sleep(self.appview.pause)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


def _profile(did: str, handle: str) -> dict[str, Any]:
    return {
        **{"did": did, "handle": handle, "displayName": "A name", "avatar": "https://cdn.example/a", "labels": []},
        **{"followersCount": 5, "followsCount": 7, "postsCount": 9, "createdAt": "2023-05-01T00:00:00.000Z"},
        **{"indexedAt": "2024-01-01T00:00:00.000Z", "viewer": {"muted": False, "blockedBy": False}},
    }

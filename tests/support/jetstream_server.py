"""A local Jetstream server: real WebSockets, playback from a cursor, and faults on demand."""

import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.support.bluesky import time_us_of


@dataclass
class JetstreamServer:
    """Sends `events`, in order, to each connection: from its cursor on or, without a cursor, those added later.

    Events before `kept_from_us` are not played back. `faults` are for the next connections, in turn: an HTTP status, or
    `drop` (no close handshake) or `silence` after a number of events. `asked` has the time and the query of each
    connection. `rate` limits the events per second; 0 means no limit.
    """

    events: list[bytes] = field(default_factory=list)
    kept_from_us: int = 0
    faults: list[tuple[str, int]] = field(default_factory=list)
    asked: list[tuple[float, dict[str, list[str]]]] = field(default_factory=list)
    rate: float = 0.0

    def __post_init__(self) -> None:
        self._added = threading.Condition()
        self._places: dict[ServerConnection, int] = {}
        self._closing = threading.Event()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The value for PULSO_BLUESKY_HOSTS."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def add(self, *events: bytes) -> None:
        """Adds events, which connections then receive."""
        with self._added:
            self.events.extend(events)
            self._added.notify_all()

    def __enter__(self) -> "JetstreamServer":
        self._server = serve(self._serve, "127.0.0.1", 0, process_request=self._refuse)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._closing.set()
        with self._added:
            self._added.notify_all()
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()

    def _refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """Notes the query and, under the same lock, this connection's first event; refuses it if a fault says so."""
        query = parse_qs(urlsplit(request.path).query)
        with self._added:
            self.asked.append((time.time(), query))
            if self.faults and self.faults[0][0].isdecimal():
                status, _ = self.faults.pop(0)
                return connection.respond(int(status), "as ordered\n")
            cursor = int(query["cursor"][0]) if "cursor" in query else None
            self._places[connection] = len(self.events) if cursor is None else self._first_after(cursor)
        return None

    def _serve(self, connection: ServerConnection) -> None:
        place = self._places.pop(connection)
        fault, after = self.faults.pop(0) if self.faults else ("", 0)
        sent = 0
        try:
            while not self._closing.is_set():
                if fault and sent >= after:
                    if fault == "drop":
                        connection.socket.shutdown(socket.SHUT_RDWR)  # close() would wait for the reading thread
                        return
                    self._closing.wait()
                with self._added:
                    while place >= len(self.events) and not self._closing.is_set():
                        self._added.wait(0.5)
                    batch = self.events[place : place + 1]
                for event in batch:
                    connection.send(event.decode())
                    sent += 1
                    place += 1
                    if self.rate:
                        time.sleep(1 / self.rate)
        except (ConnectionClosed, OSError):
            return

    def _first_after(self, cursor: int) -> int:
        wanted = max(cursor, self.kept_from_us)
        return next((i for i, event in enumerate(self.events) if time_us_of(event) >= wanted), len(self.events))

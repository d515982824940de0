"""Mastodon's streaming by server-sent events.

A server sends every public status that it sees; Pulso selects those that match the topic.

Protocol: https://docs.joinmastodon.org/methods/streaming/. After an outage or a restart, what was missed is read from
the public timeline (`timeline.py`). Deletions and edits during the outage are not reported by the server.
"""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
import structlog
from httpx_sse import EventSource, ServerSentEvent, SSEError
from tenacity import wait_exponential

from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from ingest.sources.addresses import checked_address
from ingest.sources.back_off import BackOff, number_in
from ingest.sources.base import Clock, Sink
from ingest.sources.mastodon.timeline import Timeline

SILENCE = 35.0
"""Seconds without a byte after which the connection counts as dead; Mastodon sends a heartbeat every 15 seconds."""
WAIT = wait_exponential(multiplier=1, max=60)
"""The wait before the next connection: 1 second, doubled with each failure up to 60."""
UNTOLD_429, LONGEST_429 = 60.0, 900.0
"""Seconds after "too many requests" where the server doesn't say how long, and the most that it may ask for."""
LONGEST_EVENT = 8 * 1024 * 1024
"""Characters that an event of the stream may have."""
_EVENT_ENDS = ("\n\n", "\r\n\r\n")
KINDS = ("update", "status.update", "delete")
TOKEN_FIX = "Make a token under Preferences, Development, with the scope read:statuses, and set MASTODON_TOKEN to it"

log = structlog.get_logger("mastodon")


class Mastodon:
    """Collects from one server, whose address is a setting. Raises PulsoError where there is no token."""

    name = "mastodon"

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        silence: float = SILENCE,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if settings.mastodon_token is None:
            raise PulsoError("Mastodon's stream is for signed-in users only", TOKEN_FIX)
        self._address = checked_address(settings.mastodon_url, "PULSO_MASTODON_URL", "https", "http").rstrip("/")
        self._server = urlsplit(self._address).hostname or ""
        self._headers = {"Authorization": f"Bearer {settings.mastodon_token.get_secret_value()}"}
        self._clock = clock
        self._silence = silence
        self._back_off = BackOff(WAIT, jitter)
        self._streaming = ""
        self._socket: socket.socket | None = None

    def run(self, sink: Sink) -> None:
        """Collects until the clock is stopped. Raises PulsoError when the server refuses the token."""
        with httpx.Client(headers=self._headers, timeout=httpx.Timeout(10, read=self._silence)) as client:
            threading.Thread(target=self._leave_when_told, name="mastodon stop", daemon=True).start()
            while not self._clock.stopped:
                reason, wait = self._collect(client, sink)
                if self._clock.stopped:
                    return
                sink.closed(reason)
                log.warning("connection lost", reason=reason, wait_seconds=wait)
                self._clock.wait(wait)

    def _collect(self, client: httpx.Client, sink: Sink) -> tuple[str, float]:
        """Collects while the connection lasts; returns why it ended, and the seconds to wait before the next one."""
        try:
            with client.stream("GET", f"{self._stream_address(client)}/api/v1/streaming/public") as response:
                if refusal := self._refused(response):
                    return refusal
                self._socket = response.extensions["network_stream"].get_extra_info("socket")
                if not self._clock.stopped:  # it may have been, before there was a connection to shut down
                    self._open(client, sink, _ahead(response, self._clock.now()))
                    for event in self._events(response, sink):
                        self._back_off.reset()
                        self._take(sink, event)
            return "the server ended the connection", self._back_off.next()
        except httpx.TimeoutException:
            return f"nothing came for {self._silence:g} s", self._back_off.next()
        except (httpx.HTTPError, httpx.InvalidURL, SSEError, OSError, ValueError) as error:  # also for an odd address
            return f"network error: {error}"[:200], self._back_off.next()

    def _stream_address(self, client: httpx.Client) -> str:
        """Returns the address of the server's stream, which may be on another host.

        A server in trouble may not tell it. Then the server itself is tried, and asked again at the next connection.
        """
        if self._streaming:
            return self._streaming
        told = _told_stream(client.get(f"{self._address}/api/v2/instance"))
        parts = urlsplit(told or self._address)
        scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
        address = urlunsplit((scheme, parts.netloc, parts.path, "", "")).rstrip("/")
        checked_address(address, "PULSO_MASTODON_URL", "https", "http")
        self._streaming = address if told else ""
        return address

    def _refused(self, response: httpx.Response) -> tuple[str, float] | None:
        """Returns None for success, else the reason and the seconds to wait.

        Raises PulsoError where waiting can't help.
        """
        if response.status_code in (401, 403):
            raise PulsoError(f"{self._server} refuses the token (HTTP {response.status_code})", TOKEN_FIX)
        if response.status_code == 429:
            asked = number_in(response.headers, "Retry-After")
            wait = UNTOLD_429 if asked is None else asked
            return "HTTP 429: too many requests", min(max(wait, self._back_off.next()), LONGEST_429)
        return None if response.is_success else (f"HTTP {response.status_code}", self._back_off.next())

    def _open(self, client: httpx.Client, sink: Sink, ahead: timedelta) -> None:
        """Reads what was missed, as far as the server has it; then reports that the connection is up.

        Ids have the server's time, and `ahead` is how far this machine's clock is ahead of it.
        """
        since = sink.missed_since()
        if since is None:
            sink.opened()
            return
        timeline = Timeline(client, self._address, self._clock)
        for status in timeline.missed(since - ahead):
            self._hand_on(sink, "update", status)
        if timeline.reached is None:
            sink.opened()
        else:
            sink.resumed(timeline.reached + ahead)

    def _events(self, response: httpx.Response, sink: Sink) -> Iterator[ServerSentEvent]:
        """Yields the events of a stream. Raises httpx.ReadTimeout after a silence."""
        source = EventSource(_Heartbeats(response, sink, self._clock, self._silence))  # type: ignore[arg-type]  # suffices
        yield from source.iter_sse()

    def _take(self, sink: Sink, event: ServerSentEvent) -> None:
        if event.event in KINDS:
            payload = event.data.encode()
            self._hand_on(sink, event.event, payload if event.event != "delete" else orjson.dumps(event.data))
        else:
            sink.heard()

    def _hand_on(self, sink: Sink, kind: str, payload: bytes) -> None:
        """Hands on one event as a line that contains its payload unchanged."""
        sink.take(b'{"event":"%s","server":"%s","payload":%s}' % (kind.encode(), self._server.encode(), payload))

    def _leave_when_told(self) -> None:
        """Shuts the connection down once the clock is stopped, so that a reader that waits for it returns."""
        self._clock.stopping.wait()
        if self._socket is not None:
            with suppress(OSError):  # it may have ended meanwhile
                self._socket.shutdown(socket.SHUT_RDWR)


def source(settings: Settings, _topic: Topic, clock: Clock) -> Mastodon:
    """Returns the source, as `make_source` asks for it."""
    return Mastodon(settings, clock)


def _ahead(response: httpx.Response, now: datetime) -> timedelta:
    """Returns how far this machine's clock is ahead of the server's, at most a day; zero where that is not known."""
    try:
        ahead = now - parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):  # no such header, no date, or one without a time zone
        return timedelta()
    return min(max(ahead, timedelta()), timedelta(days=1))


def _told_stream(answer: httpx.Response) -> str:
    """Returns the address of the stream by what a server says of itself; empty if it does not say it."""
    told: object = ""
    with suppress(ValueError, TypeError, LookupError, RecursionError):  # a page of a proxy, for example
        told = answer.json()["configuration"]["urls"]["streaming"] if answer.is_success else ""
    return told if isinstance(told, str) else ""


class _Heartbeats:
    """A response that reports its heartbeats, which are comments, to the sink.

    If this process stood still, something may be there when it looks; the silence counts nevertheless.
    """

    def __init__(self, response: httpx.Response, sink: Sink, clock: Clock, silence: float) -> None:
        self.headers = response.headers
        self._response, self._sink, self._clock, self._silence = response, sink, clock, silence

    def iter_text(self) -> Iterator[str]:
        """Yields the text as it comes.

        Raises httpx.ReadTimeout after a silence, and httpx.RemoteProtocolError for an event that does not end: it would
        fill memory.
        """
        last = self._clock.elapsed()
        size, before = 0, ""
        for text in self._response.iter_text():
            if self._clock.elapsed() - last >= self._silence:
                raise httpx.ReadTimeout("this process stood still")
            if text.startswith(":"):
                self._sink.heard()
            joined = before + text
            size = len(joined) - end if (end := max(map(joined.rfind, _EVENT_ENDS))) >= 0 else size + len(text)
            if size > LONGEST_EVENT:
                raise httpx.RemoteProtocolError(f"an event of more than {LONGEST_EVENT:,} characters")
            before = joined[-3:]
            yield text
            last = self._clock.elapsed()

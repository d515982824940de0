"""Bluesky's Jetstream over WebSockets.

It sends every post and repost of the network; Pulso selects those that match the topic.

Protocol: https://github.com/bluesky-social/jetstream. After an outage, a host sends all events again from a given time
(the cursor), if it still has them. Then there is no gap. Any of several hosts can be used for this.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from urllib.parse import urlencode

import structlog
from tenacity import wait_chain, wait_exponential, wait_none
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from conf.instants import instant, micros
from conf.settings import Settings
from conf.topic import Topic
from ingest.formats.bluesky import POST, REPOST
from ingest.sources.addresses import checked_address
from ingest.sources.back_off import BackOff
from ingest.sources.base import Clock, Sink

REWIND_US = 5_000_000
"""The clocks of hosts differ by some seconds, so a playback starts earlier by this many µs.

An event that comes twice is stored once.
"""
SILENCE = 30.0
LARGEST = 16 * 1024 * 1024
"""Bytes of a message that are taken. Hosts are asked to leave out what is larger.

A record has at most a megabyte on the network, and JSON may write six bytes for one. With a limit that a stranger's
record can exceed, each connection would end at the same event.
"""
WAIT = wait_chain(wait_none(), wait_exponential(multiplier=0.5, max=60))
"""The wait before the next host: none after the first failure, then 1 second, doubled with each failure up to 60."""
STEADY = 10.0
"""Seconds that a connection must have lasted for the waits to start anew: a host may send something and close."""
_TIME = re.compile(rb'"time_us":\s*([1-9]\d{0,18})\b')
"""An event's time by its host. A 0 is none."""

log = structlog.get_logger("bluesky")


class Bluesky:
    """Collects from one host at a time, and goes on with the next host when one fails."""

    name = "bluesky"

    def __init__(self, settings: Settings, clock: Clock, silence: float = SILENCE) -> None:
        self._hosts = [checked_address(host, "PULSO_BLUESKY_HOSTS", "wss", "ws") for host in settings.bluesky_hosts]
        self._clock = clock
        self._silence = silence

    def run(self, sink: Sink) -> None:
        """Collects until the clock is stopped."""
        back_off = BackOff(WAIT)
        for host in cycle(self._hosts):
            began = self._clock.elapsed()
            if self._collect(host, sink) and self._clock.elapsed() - began >= STEADY:
                back_off.reset()
            if self._clock.stopped or self._clock.wait(back_off.next()):
                return

    def _collect(self, host: str, sink: Sink) -> bool:
        """Collects from one host while the connection lasts; returns whether anything came."""
        heard = False
        reason = "the host ended the connection"
        try:
            with self._connected(host, sink) as link:
                for message in self._messages(link):
                    if not heard:
                        heard = True
                        self._say_open(sink, message)
                    self._take(sink, message)
        except TimeoutError:
            reason = f"nothing came for {self._silence:g} s" if heard else "no answer"
        except InvalidStatus as error:
            reason = f"HTTP {error.response.status_code}"
        except (WebSocketException, OSError) as error:
            reason = f"network error: {error}" if str(error) else "network error"
        if not self._clock.stopped:
            sink.closed(f"{reason} ({host})")
            log.warning("connection lost", host=host, reason=reason)
        return heard

    def _connected(self, host: str, sink: Sink) -> ClientConnection:
        return connect(self._url(host, sink.reached_us()), max_size=LARGEST, open_timeout=10, close_timeout=2)

    def _messages(self, link: ClientConnection) -> Iterator[bytes]:
        """Yields messages until asked to stop. Raises TimeoutError after a silence, and the connection's own errors.

        If this process stood still, a message may be there when it looks; the silence counts nevertheless.
        """
        last = self._clock.elapsed()
        while not self._clock.stopped:
            message = _next(link)
            if self._clock.elapsed() - last >= self._silence:
                raise TimeoutError
            if message is not None:
                yield message
                last = self._clock.elapsed()

    def _take(self, sink: Sink, message: bytes) -> None:
        """Hands on a message; waits while the sink has no room.

        If the host disconnects us meanwhile, it plays back later what we missed.
        """
        at_us = self._time_of(message) or sink.reached_us() or micros(self._clock.now())
        while not sink.take(message, at_us) and not self._clock.wait(0.2):
            pass

    def _say_open(self, sink: Sink, first: bytes) -> None:
        """Tells the sink, by the first event, since when events come.

        A playback starts REWIND_US before the last event that was taken. So if it starts with a later event than that
        one, the host has moved the cursor up: it no longer has what is between.
        """
        reached_us, first_us = sink.reached_us(), self._time_of(first)
        if reached_us is None or first_us is None:
            sink.opened()
            return
        kept = first_us <= reached_us
        if not kept:
            log.warning("the host no longer has all that was missed", since=instant(reached_us), kept=instant(first_us))
        sink.resumed(instant(reached_us if kept else first_us))

    def _time_of(self, message: bytes) -> int | None:
        """Returns an event's time, in µs, but none later than now: a host may have any clock. None if it has none."""
        found = _TIME.search(message)
        return min(int(found[1]), micros(self._clock.now())) if found else None

    @staticmethod
    def _url(host: str, reached_us: int | None) -> str:
        query = [("wantedCollections", POST), ("wantedCollections", REPOST), ("maxMessageSizeBytes", str(LARGEST))]
        if reached_us is not None:
            query.append(("cursor", str(reached_us - REWIND_US)))
        return f"{host.rstrip('/')}/subscribe?{urlencode(query)}"


def source(settings: Settings, _topic: Topic, clock: Clock) -> Bluesky:
    """Returns the source, as `make_source` asks for it."""
    return Bluesky(settings, clock)


def _next(link: ClientConnection) -> bytes | None:
    """Returns the next message; None if none comes within half a second."""
    with suppress(TimeoutError):
        return link.recv(timeout=0.5, decode=False)
    return None

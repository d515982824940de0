"""One connection to X's stream. A separate thread reads it, so the caller can stop waiting at any time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue

import requests
import urllib3

from conf.errors import PulsoError
from ingest.sources.base import Clock
from ingest.sources.x.api import cause_of
from ingest.sources.x.errors import Unavailable

CHUNK_BYTES = 16 * 1024
LONGEST_LINE = 8 * 1024 * 1024
LOOK_SECONDS = 0.1
ENDED = "X ended the connection"


class Connection:
    """Opens the stream with `connect`, and keeps the received lines. Use an instance only once."""

    def __init__(self, connect: Callable[[], requests.Response]) -> None:
        self._connect = connect
        self._came: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self._response: requests.Response | None = None
        self._left = False
        self._thread = threading.Thread(target=self._read, name="x stream", daemon=True)
        self._thread.start()

    def lines(self, clock: Clock) -> Iterator[bytes | None]:
        """Yields None when the connection is up, then each line without its line break, until the clock is stopped.

        Raises Unavailable once the connection has ended, and the errors of `connect`. An incomplete last line is
        dropped.
        """
        while not clock.stopped:
            try:
                came = self._came.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            if isinstance(came, Exception):
                raise came
            yield came

    def close(self) -> None:
        """Ends the connection and its thread. A thread that is still connecting ends at its own time-out."""
        self._left = True
        if self._response is not None:
            with suppress(OSError, ValueError, RuntimeError, AttributeError):  # it may have ended meanwhile
                self._response.raw.shutdown()
        self._thread.join(timeout=LOOK_SECONDS)

    def _read(self) -> None:
        opened = False
        try:
            with self._connect() as response:
                self._response = response
                if self._left:
                    return
                opened = True
                self._came.put(None)
                self._split(response)
            self._came.put(Unavailable(ENDED, "network"))
        except PulsoError as error:
            self._came.put(error)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self._came.put(Unavailable(_reason(error, opened=opened), "network"))
        except Exception as error:  # handed on: after a defect, the source must not wait for ever
            self._came.put(error)

    def _split(self, response: requests.Response) -> None:
        rest = b""
        for chunk in response.iter_content(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._came.put(line.rstrip(b"\r"))
            if self._left:
                return
            if len(rest) > LONGEST_LINE:
                raise Unavailable("X sent an incomplete line", "network")


def _reason(error: Exception, *, opened: bool) -> str:
    """Returns the reason for an error in a few words.

    A time-out while reading means silence. A broken chunk means that X closed the connection in the middle of it.
    """
    if isinstance(error, requests.Timeout) or "timed out" in cause_of(error):
        return "nothing came for too long" if opened else "X does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return ENDED
    return f"network error: {cause_of(error)}"

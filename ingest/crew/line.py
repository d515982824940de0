"""The line between a member of a crew and its supervisor: two pipes.

Reports go up through the member's stdout. Nothing goes down through its stdin: when that ends, the supervisor is gone,
however it died.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from conf.errors import PulsoError, StoreDown

REPORT_EVERY = 0.5
"""Seconds between two reports of a member that works."""


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a member says of itself.

    `done` counts the messages that it has acked, by OUTCOMES. `drained` says that it has found the queue empty. `what`
    and `fix` are those of the PulsoError that has ended it, `exit_code` is its code; `passing` says that a later start
    may succeed.
    """

    done: dict[str, int] = {}
    drained: bool = False
    what: str = ""
    fix: str = ""
    exit_code: int = 0
    passing: bool = False


_DECODER = msgspec.json.Decoder(Report)


def report_of(line: bytes) -> Report | None:
    """Returns the report that a line holds; None for anything else that a member prints."""
    try:
        return _DECODER.decode(line)
    except msgspec.MsgspecError:
        return None


class Line:
    """A member's end of the line. It never waits: a supervisor that stands still must not stop the work."""

    def __init__(self, down: int = 0, up: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._down, self._up = down, up
        self._clock = clock
        self._next = 0.0
        os.set_blocking(up, False)

    def on_end(self, stop: Callable[[], None]) -> None:
        """Calls `stop`, on a thread of its own, when the supervisor is gone."""

        def wait() -> None:
            with suppress(OSError):
                while os.read(self._down, 1024):
                    pass
            stop()

        threading.Thread(target=wait, name="supervisor", daemon=True).start()

    def tell(self, done: Mapping[str, int]) -> None:
        """Reports what is done; at most every REPORT_EVERY seconds."""
        if self._clock() >= self._next:
            self._next = self._clock() + REPORT_EVERY
            self._send(Report(dict(done)))

    def end(self, done: Mapping[str, int], *, drained: bool) -> None:
        """Reports what is done at last."""
        self._send(Report(dict(done), drained))

    def fail(self, done: Mapping[str, int], error: PulsoError) -> None:
        """Reports what is done at last, and the error that ends the work."""
        passing = isinstance(error, StoreDown)
        self._send(Report(dict(done), False, error.what, error.fix, error.exit_code, passing))

    def _send(self, report: Report) -> None:
        with suppress(OSError):  # the pipe is full, or nobody reads it any more
            os.write(self._up, msgspec.json.encode(report) + b"\n")

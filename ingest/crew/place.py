"""A place in a crew: one member after the other, and what they have done together."""

import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from typing import IO, TypeVar

from ingest.crew.line import Report, report_of

T = TypeVar("T")
PIECE = 65_536


class Place:
    """The process of a member, None while there is none, and its last report.

    `failures` counts how often in a row members ended soon and unasked, and `deaths` those that no store that was down
    explains. `due` is when the next one is started, by the supervisor's clock; None if none is.
    """

    def __init__(self, number: int, command: Sequence[str]) -> None:
        self.number = number
        self.report = Report()
        self.failures = self.deaths = 0
        self.began = 0.0
        self.due: float | None = None
        self.is_given_up = False
        self._command = list(command)
        self._before: Counter[str] = Counter()
        self.process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    @property
    def is_open(self) -> bool:
        """Whether a member works here, or one is to be started."""
        return self.process is not None or self.due is not None

    @property
    def done(self) -> Counter[str]:
        """The messages that all members of this place have acked, by OUTCOMES, as far as they have told."""
        return self._before + Counter(self.report.done)

    @property
    def output(self) -> IO[bytes]:
        """What the member's reports come from."""
        return _started(self.process.stdout if self.process else None)

    def start(self, now: float) -> None:
        """Starts a member. It has a process group of its own: Ctrl-C reaches the supervisor alone, which passes it on.

        Raises OSError if the machine has no room for another process.
        """
        self._before, self.report = self.done, Report()
        self.due, self.began, self._rest = None, now, b""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, process_group=0)

    def hear(self) -> bool:
        """Takes in what the member has sent; returns whether it has sent its last."""
        piece = os.read(self.output.fileno(), PIECE)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self.report = report_of(line) or self.report
        self._rest = self._rest[:PIECE]
        return not piece

    def close(self) -> int:
        """Waits for the end of the process, and returns its exit code."""
        process, self.process = _started(self.process), None
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            _started(pipe).close()
        return code


def _started(part: T | None) -> T:
    """Returns what is there while a member runs."""
    assert part is not None, "no member was started"
    return part

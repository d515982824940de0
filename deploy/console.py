"""Output during long steps: a spinner on a terminal, and single lines in a pipe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

QUIET_SECONDS = 15.0
"""Seconds after which a waiting step prints its line again, if stdout is a pipe."""
PIPE_WIDTH = 160


def make_console() -> Console:
    """Returns a console on stdout. If stdout is a pipe, the console is so wide that no line is wrapped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def say(console: Console, line: str) -> None:
    """Prints one line as it is, without wrapping it."""
    console.print(line, markup=False, soft_wrap=True)


class Waits:
    """The steps that are being waited for: for each a name, a line that describes it, and the time since it began."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def begin(self, name: str, line: str) -> None:
        """Starts a wait. In a pipe it prints the line."""
        self._since[name] = self._said[name] = time.monotonic()
        self._tasks[name] = self._progress.add_task(line, total=None)
        if not self._console.is_terminal:
            say(self._console, line)

    def now(self, name: str, line: str) -> None:
        """Updates the line of a wait. In a pipe it prints the line every QUIET_SECONDS."""
        self._progress.update(self._tasks[name], description=line)
        if not self._console.is_terminal and time.monotonic() - self._said[name] >= QUIET_SECONDS:
            self._said[name] = time.monotonic()
            say(self._console, f"{line}, {self.seconds(name):.0f} s so far")

    def end(self, name: str, line: str) -> None:
        """Ends a wait and prints a last line, which stays on the terminal."""
        self._progress.remove_task(self._tasks.pop(name))
        say(self._console, line)

    def seconds(self, name: str) -> float:
        """Seconds since the wait began."""
        return time.monotonic() - self._since[name]


@contextmanager
def waits(console: Console) -> Iterator[Waits]:
    """Shows waits while the block runs."""
    shown = Waits(console)
    with shown._progress:
        yield shown

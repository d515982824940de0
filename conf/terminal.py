"""Output for people: tables, progress bars (only on a terminal), and logs with one line per event."""

import logging
import sys
from contextlib import suppress
from datetime import date

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from structlog.typing import EventDict

ERR = Console(stderr=True)


PIPE_WIDTH = 200


def out_console() -> Console:
    """Returns a console on stdout for tables: as wide as the terminal, or PIPE_WIDTH characters in a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def progress(*, counted: bool = True) -> Progress:
    """Returns a progress display on stderr; it is hidden unless stderr is a terminal.

    With `counted`, the display shows how many steps are done, and how many there are. Each task needs a field `note`, a
    text that is shown beside the bar.
    """
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    middle = [MofNCompleteColumn()] if counted else []
    last = [TextColumn("{task.fields[note]}"), TimeElapsedColumn(), TimeRemainingColumn()]
    return Progress(*columns, *middle, *last, console=ERR, disable=not ERR.is_terminal, transient=True)


def _with_iso_times(_logger: object, _level: str, event: EventDict) -> EventDict:
    return {key: _iso(value) for key, value in event.items()}


def _iso(value: object) -> object:
    """Returns a value with all times in it, at any depth, in ISO's form rather than in Python's."""
    match value:
        case date():
            return value.isoformat()
        case dict():
            return {key: _iso(part) for key, part in value.items()}
        case list() | tuple() | set():
            return [_iso(part) for part in value]
        case _:
            return value


def configure_logs(*, verbose: bool = False) -> None:
    """Sends logs to stderr: readable on a terminal, otherwise one JSON object per line.

    `verbose` includes debug logs.
    """
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _with_iso_times,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        # sys.stderr is looked up for each line, since it may be replaced, and the old one closed, in between.
        logger_factory=lambda *_: _Lines(sys.stderr),
    )


class _Lines(structlog.PrintLogger):
    """Writes lines, and does without where they can't be written: no terminal or full disk may stop the work."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):  # a closed file is a ValueError
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg

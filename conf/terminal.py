"""What a person sees: progress on a terminal and nothing of it in a pipe; logs, one line an event."""

import logging
import sys

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

ERR = Console(stderr=True)


PIPE_WIDTH = 200


def out_console() -> Console:
    """stdout for tables: as wide as the terminal, and wide enough for whole lines in a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def progress(*, counted: bool = True) -> Progress:
    """A progress display on stderr; hidden when stderr is no terminal. `counted` shows how many of how many."""
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    middle = [MofNCompleteColumn()] if counted else []
    last = [TextColumn("{task.fields[note]}"), TimeElapsedColumn(), TimeRemainingColumn()]
    return Progress(*columns, *middle, *last, console=ERR, disable=not ERR.is_terminal, transient=True)


def configure_logs(*, verbose: bool = False) -> None:
    """Logs go to stderr: readable on a terminal, one JSON object a line in a pipe."""
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        # stderr as it is when a line is written: who replaces and closes it later must not break a log.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )

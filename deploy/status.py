"""The state of an engine: as a table for a person, as JSON for a program."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

LOGIN = "needed; make credentials shows it"


class State(StrEnum):
    """The state of an engine."""

    RUNNING = "running"
    STARTING = "starting"
    STOPPED = "stopped"
    EXTERNAL = "external"
    TAKEN = "port taken by other"


@dataclass(frozen=True)
class Status:
    """One engine. `memory` is its resident set and `data` its size on disk, in bytes; `since` is its start, UTC.

    `program` is the file that runs. `needs_login`: clients need the login that `python -m deploy credentials` prints.
    """

    engine: str
    state: State
    address: str
    version: str = ""
    pid: int | None = None
    since: datetime | None = None
    memory: int | None = None
    data: int | None = None
    log: Path | None = None
    problem: str = ""
    program: Path | None = None
    needs_login: bool = False


def as_json(statuses: list[Status]) -> str:
    """Returns a JSON array with one object per engine. Times are ISO 8601 in UTC, sizes are in bytes."""
    fields = Status.__dataclass_fields__
    rows = [{name: _plain(getattr(status, name)) for name in fields} for status in statuses]
    return json.dumps(rows, indent=2)


def print_table(console: Console, statuses: list[Status]) -> None:
    """Prints a table with one column per engine."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for status in statuses:
        table.add_column(status.engine, overflow="fold")
    rows = [_cells(status) for status in statuses]
    for label in rows[0]:
        if any(row[label] for row in rows):
            table.add_row(label, *(row[label] for row in rows))
    console.print(table, markup=False)


def _cells(status: Status) -> dict[str, str]:
    return {
        "state": str(status.state),
        "address": status.address,
        "version": status.version,
        "program": _near(status.program),
        "login": LOGIN if status.needs_login else "",
        "pid": str(status.pid or ""),
        "up since": _since(status.since),
        "memory": _size(status.memory),
        "data": _size(status.data),
        "log": _near(status.log),
        "note": status.problem,
    }


def _since(start: datetime | None) -> str:
    if start is None:
        return ""
    seconds = int((datetime.now(UTC) - start).total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    return f"{start.astimezone():%Y-%m-%d %H:%M:%S} ({hours} h {minutes} min)"


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _near(path: Path | None) -> str:
    """A path, relative to the current folder if it is inside it."""
    if path is None:
        return ""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path | State) else value

"""The accounts of faults: one table of a test run, in one process or several.

Each process adds its lines to a file; the leading process begins it, and prints it at the end.
"""

import os

from rich.console import Console
from rich.table import Table

from tests.support.engine_set import HOME

COLUMNS = ("fault", "accepted", "found", "missing", "twice", "other columns", "seconds")
_FILE = HOME / "faults.md"
_WIDTH = 150


def begin() -> None:
    """Forgets the accounts of earlier runs."""
    _FILE.unlink(missing_ok=True)


def add(fault: str, figures: tuple[int, int, int, int, int], seconds: float) -> None:
    """Adds a line: accepted, found, missing, twice, other columns, and the seconds until all was well."""
    cells = (fault, *(f"{figure:,}" for figure in figures), f"{seconds:.1f}")
    HOME.mkdir(parents=True, exist_ok=True)
    line = f"| {' | '.join(cells)} |\n".encode()
    file = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line)  # one call, so that lines of two processes do not mix
    finally:
        os.close(file)


def told() -> str:
    """Returns the table; empty if no fault was tried."""
    if not _FILE.exists():
        return ""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in _FILE.read_text().splitlines()]
    table = Table(*COLUMNS, title="under fault", title_justify="left")
    for row in sorted(rows):
        table.add_row(*row)
    console = Console(width=_WIDTH)
    with console.capture() as captured:
        console.print(table)
    return captured.get()

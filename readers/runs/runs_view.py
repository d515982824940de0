"""Shows runs to people: several as a table, or one with all details and, below it, the runs whose rows it read."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from conf.topic import Topic
from readers.runs.runs import shortened

STYLES = {"succeeded": "green", "superseded": "yellow", "running": "cyan", "failed": "red"}
NO_SIGN = "no sign of life: it was probably killed, and the job's next run over the topic marks it as failed"
Sources = Callable[[Any], list[tuple[str, Any]]]


def print_runs(rows: Sequence[Any], topic: Topic, console: Console, silent: Collection[UUID] = ()) -> None:
    """Prints one line per run; times are in the topic's time zone. `silent` runs give no sign of life."""
    if not rows:
        console.print(f"no job has run over {topic.topic}")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("run", "job", "status", f"started ({topic.timezone})", "window"):
        table.add_column(name, no_wrap=True)
    for name in ("posts read", "rows", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("read", overflow="fold")
    short = shortened(run for row in rows for run in (row.run_id, *(row.inputs or {}).values()))
    for row in rows:
        status = Text(f"{row.status}?", "red") if row.run_id in silent else Text(row.status, STYLES.get(row.status, ""))
        counts = (
            _number(row.rows_read),
            _number(row.rows_written),
            "" if row.seconds is None else f"{row.seconds:.1f}",
        )
        read = " ".join(f"{table_}@{short[str(run_id)]}" for table_, run_id in sorted((row.inputs or {}).items()))
        table.add_row(
            *(short[str(row.run_id)], row.job, status, _at(row.started_at, topic), _window(row, topic)), *counts, read
        )
    console.print(table)
    for row in rows:
        if error := row.error or (NO_SIGN if row.run_id in silent else ""):
            console.print(Text(f"{short[str(row.run_id)]} {row.job}: {error}"))


def print_run(row: Any, topic: Topic, sources: Sources, console: Console, silent: Collection[UUID] = ()) -> None:
    """Prints all columns of a run, and below it the runs whose rows it read. `silent` runs give no sign of life."""
    console.print(_tree(row, topic, sources, silent))


def _tree(row: Any, topic: Topic, sources: Sources, silent: Collection[UUID] = ()) -> Tree:
    title = f"{row.job} {row.run_id}"
    if isinstance(row.status, str):
        title += f": {row.status}"
    tree = Tree(Text(title, style="bold"))
    told = {
        "started": f"{_at(row.started_at, topic)} ({topic.timezone})",
        "window": _window(row, topic),
        "posts read": _number(row.rows_read),
        "rows published": _number(row.rows_written),
        "seconds": "" if row.seconds is None else f"{row.seconds:.1f}",
        "method": row.method or "",
        "version": row.version or "",
        "error": row.error or (NO_SIGN if row.run_id in silent else ""),
    }
    for name, value in told.items():
        if value:
            tree.add(Text(f"{name}: {value}"))
    for table, run in sources(row):
        if isinstance(run, UUID):
            tree.add(Text(f"read {table} of run {run}, which is no longer in job_runs"))
        else:
            branch = tree.add(Text(f"read {table} of"))
            branch.add(_tree(run, topic, sources))
    return tree


def _window(row: Any, topic: Topic) -> str:
    return f"{_at(row.window_start, topic)} to {_at(row.window_end, topic)}"


def _at(at: datetime, topic: Topic) -> str:
    return f"{at.replace(tzinfo=UTC).astimezone(topic.zone):%Y-%m-%d %H:%M}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"

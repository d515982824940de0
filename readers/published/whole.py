"""Reads the summary tables of each job as they are between two runs of it, never while a run replaces them.

Each partition is of one moment (`readers/partitions.py`), but a job's tables have many. So before and after they are
read, its newest runs are compared. If one began or ended meanwhile, or a run that goes on has rows among those that
were read, they are read again. A run that was killed while it replaced rows says `running` until the job's next run; if
two reads in turn find the same of it, these rows are what every reader sees, and so they are taken.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from conf.schema import Table
from conf.tables import GRAPH_SUMMARY
from readers.graphs.stored import StoredGraph
from readers.packs.summaries import SUMMARIES, Window, rows_of
from readers.partitions import Replaced
from readers.runs.runs import runs_of

TRIES, WAIT = 10, 2.0
"""How often a job's tables are read while it goes on replacing them, and the seconds between two reads."""
RUNS = 50
"""The newest runs of a job that are compared."""
Seen = Counter[tuple[str, UUID]]
"""Rows that were read, by table and run."""


def jobs() -> dict[str, list[Table]]:
    """Returns the jobs that publish tables, each with its tables."""
    found: dict[str, list[Table]] = {}
    for table in SUMMARIES:
        found.setdefault(table.job, []).append(table)
    return found


def read_job(
    window: Window,
    job: str,
    take: Callable[[Table, Iterator[Any]], None],
    wait: float = WAIT,
    tables: Sequence[Table] = (),
) -> Seen:
    """Gives the rows of each table of a job to `take`; again from the start where a run replaces them meanwhile.

    With `tables`, only of these. Returns the numbers of rows. Raises Replaced if runs go on replacing them through all
    of TRIES reads.
    """
    before: Seen | None = None
    for attempt in range(TRIES):
        if attempt:
            time.sleep(wait)
        runs, seen = _runs(window, job), Seen()
        try:
            for table in tables or jobs()[job]:
                take(table, _counted(window, table, seen))
        except Replaced:
            continue
        running = {run_id for run_id, status in runs if status == "running"}
        if runs == _runs(window, job) and (seen == before or running.isdisjoint(run_id for _, run_id in seen)):
            return seen
        before = seen
    raise Replaced(f"what {job} has published of {window.topic.topic}")


def _runs(window: Window, job: str) -> list[tuple[UUID, str]]:
    rows = runs_of(window.session, window.keyspace, window.topic, job, RUNS)
    return [(row.run_id, row.status) for row in rows]


def _counted(window: Window, table: Table, seen: Seen) -> Iterator[Any]:
    for row in _rows(window, table):
        seen[table.name, row.run_id] += 1
        yield row


def _rows(window: Window, table: Table) -> Iterator[Any]:
    """Yields a table's rows; those of a graph are of the run that its summary names, as in every reader of graphs."""
    if table.named_by != GRAPH_SUMMARY.name:
        yield from rows_of(window, table)
        return
    for summary in rows_of(window, GRAPH_SUMMARY):
        yield from StoredGraph(window.session, window.keyspace, window.topic, summary).rows(table, ())

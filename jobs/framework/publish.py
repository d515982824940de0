"""Publishes a run's result, in an order of steps that lets every reader see one whole run.

1. The rows of bulk tables are written under the run's id, where nobody reads them yet.
2. The pointers in `published` are set to the run, table by table.
3. In the small tables, the new rows replace the old ones, and are read back.
4. Rows of runs that no pointer and no summary names any more are removed.

If a run is killed after any step, every reader still sees one whole result. Readers of graphs find the run in
graph_summary, a small table. Until step 3 it names the earlier run, whose rows are removed only in step 4.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

import structlog
from cassandra.cluster import Session
from pyspark.sql import DataFrame
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from conf.errors import PulsoError, one_line
from conf.schema import Table
from jobs.framework.bulk import Written, write_rows
from jobs.framework.job import Output
from jobs.framework.publication import Publication, owned_periods
from jobs.framework.swapping import Swap, publish
from jobs.framework.sweep import Sweeper
from stores.published import Period, Pointer, place_of
from stores.refused import FAILURES

SWEEPS = 3
"""How often a sweep is tried when Cassandra is slow. What is left even then is swept by the next run."""

log = structlog.get_logger("publish")

Ready = tuple[Output, DataFrame | list[Swap]]
"""A table's result that has passed its checks: the frame of a bulk table, or the swaps of a small one."""


@dataclass(frozen=True)
class Result:
    """`rows` is the number of rows written; `stands` is True if no later run has replaced any of these rows yet."""

    rows: int
    stands: bool


def publish_all(
    session: Session,
    ready: Sequence[Ready],
    publication: Publication,
    then: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Publishes a run's result, and returns a Result. Raises PulsoError if not all of it can be published.

    `then` is called after the publication and before the sweep. A run that is killed in the sweep has been recorded.
    """
    bulk = [(output.table, frame) for output, frame in ready if isinstance(frame, DataFrame)]
    small = [(output, swaps) for output, swaps in ready if not isinstance(swaps, DataFrame)]
    sweepers = [Sweeper(session, publication.settings.keyspace, table, publication.topic) for table, _ in bulk]
    failed = True
    try:
        with ExitStack() as alive:
            for sweeper in sweepers:
                alive.enter_context(sweeper.writing(publication))
            written = [write_rows(table, frame, publication, session) for table, frame in bulk]
            stands = [
                _point(sweeper, table, rows, publication)
                for sweeper, (table, _), rows in zip(sweepers, bulk, written, strict=True)
            ]
            stands += [publish(session, output, swaps, publication) for output, swaps in small]
        rows = sum(rows.rows for rows in written) + sum(len(swap.rows) for _, swaps in small for swap in swaps)
        result = Result(rows, all(stands))
        then(result)
        failed = False
    finally:
        for sweeper in sweepers:
            _swept(sweeper, publication, failed=failed)
    return result


def _swept(sweeper: Sweeper, publication: Publication, *, failed: bool) -> None:
    """Sweeps. If that fails, the run does not: the list keeps what is left, for the next run."""
    try:
        Retrying(
            retry=retry_if_exception_type(FAILURES), stop=stop_after_attempt(SWEEPS), wait=wait_fixed(2), reraise=True
        )(sweeper.sweep, publication, failed=failed)
    except Exception as error:
        log.warning("could not remove rows of earlier runs; the next run tries again", error=one_line(error))


def _point(sweeper: Sweeper, table: Table, written: Written, publication: Publication) -> bool:
    """Points to the run every period for which it has rows, and every period that has a pointer already.

    Returns whether all of them now name the run; False if a later run holds some. Raises PulsoError if another run took
    this one for dead.
    """
    owned = list(owned_periods(table, publication.topic, publication.window))
    held = sweeper.pointers.read(owned)
    periods = {*written.periods, *held}

    def before(runs: set[UUID]) -> None:
        sweeper.replacing(runs, publication)

    refused = sweeper.pointers.point(periods, publication.run_id, publication.place, before)
    now = sweeper.pointers.read(periods)  # the run's own result, read back
    for period in periods:
        _check(table, period, now.get(period), publication)
    return not refused


def _check(table: Table, period: Period, pointer: Pointer | None, publication: Publication) -> None:
    if pointer and pointer.run_id == publication.run_id:
        return
    if pointer is None or pointer.run_id is None or place_of(pointer.run_id) < publication.place:
        raise PulsoError(
            f"this run gave no sign of life, so another run treated it as dead; {table.name} keeps the earlier result",
            "Run the job again",
        )

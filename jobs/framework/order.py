"""The order of a job's runs over a topic. Each run takes a place after all earlier ones, whatever the clocks say."""

from datetime import UTC, datetime, timedelta

from cassandra import ConsistencyLevel, OperationTimedOut, WriteTimeout
from cassandra.cluster import Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from conf.schema import bound
from conf.tables import JOB_RUNS, RUN_ORDER
from stores.prepare import prepared
from stores.published import utc

PATIENCE = 60.0
"""The seconds for which a run tries to take a place while other runs do so, too, or Cassandra is slow."""
STEP = timedelta(milliseconds=1)
"""The smallest distance between two places: Cassandra stores times in milliseconds."""


class Taken(Exception):
    """Another run took a place at the same time. Try again."""


def take_place(session: Session, keyspace: str, job: str, topic: str, now: datetime) -> datetime:
    """Takes the next place in the order of the job's runs, and returns it.

    A place is a time, UTC, in whole milliseconds: `now` or, if it is later, the newest run's place plus one
    millisecond. It is also the run's `started_at`, `computed_at` and write time. It is taken by a conditional write, so
    no two runs have the same place. Raises Taken, or the driver's error, if this does not succeed within PATIENCE
    seconds.
    """
    retrying = Retrying(
        retry=retry_if_exception_type((Taken, OperationTimedOut, WriteTimeout)),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        stop=stop_after_delay(PATIENCE),
        reraise=True,
    )
    return retrying(_take, session, keyspace, job, topic, now)


def _take(session: Session, keyspace: str, job: str, topic: str, now: datetime) -> datetime:
    table, where = f"{keyspace}.{RUN_ORDER.name}", bound(RUN_ORDER.partition)
    newest = _newest(session, keyspace, job, topic)
    last = newest or _last_started(session, keyspace, job, topic)
    place = _whole_milliseconds(now)
    if last is not None:
        place = max(place, utc(last) + STEP)
    update = prepared(session, f"UPDATE {table} SET newest = ? WHERE {where} IF newest = ?")
    if not session.execute(update, (place, job, topic, newest)).was_applied:
        raise Taken
    return place


def newest_place(session: Session, keyspace: str, job: str, topic: str) -> datetime:
    """Returns the place (UTC) of the newest run, even if that run has not ended.

    If there is no run, returns a time in the year 1.
    """
    newest = _newest(session, keyspace, job, topic)
    return utc(newest) if newest else datetime.min.replace(tzinfo=UTC)


def _newest(session: Session, keyspace: str, job: str, topic: str) -> datetime | None:
    """Returns the place of the newest run as the driver returns it; None if there is none."""
    query = f"SELECT newest FROM {keyspace}.{RUN_ORDER.name} WHERE {bound(RUN_ORDER.partition)}"
    asked = prepared(session, query).bind((job, topic))
    asked.consistency_level = ConsistencyLevel.SERIAL
    row = session.execute(asked).one()
    found: datetime | None = row.newest if row else None
    return found


def _last_started(session: Session, keyspace: str, job: str, topic: str) -> datetime | None:
    """Returns the newest `started_at` in job_runs; None if there is none.

    Runs of older releases took no place, so only job_runs has them.
    """
    query = f"SELECT started_at FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.partition)} LIMIT 1"
    row = session.execute(prepared(session, query), (job, topic)).one()
    return row.started_at if row else None


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)

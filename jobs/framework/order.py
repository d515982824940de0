"""The order of a job's runs over a topic: each takes a place after all before it, whatever its host's clock says."""

from datetime import UTC, datetime, timedelta

from cassandra import ConsistencyLevel, OperationTimedOut, WriteTimeout
from cassandra.cluster import Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from conf.schema import bound
from conf.tables import JOB_RUNS, RUN_ORDER
from stores.prepare import prepared

PATIENCE = 60.0
"""Seconds in which the place is asked for again while other runs take theirs, or Cassandra is slow."""
STEP = timedelta(milliseconds=1)
"""Cassandra keeps instants to the millisecond."""


class Taken(Exception):
    """Another run has taken a place in between."""


def take_place(session: Session, keyspace: str, job: str, topic: str, now: datetime) -> datetime:
    """Takes the next place in the order of the job's runs: `now`, or just after the newest run where that is later.

    The place is the run's `started_at`, `computed_at` and write time, in whole milliseconds, UTC. It is taken by a
    conditional write, so that no two runs have the same one. Raises what the driver raises when Cassandra does not
    answer within a minute.
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
    asked = prepared(session, f"SELECT newest FROM {table} WHERE {where}").bind((job, topic))
    asked.consistency_level = ConsistencyLevel.SERIAL
    row = session.execute(asked).one()
    newest = row.newest if row else None
    last = newest or _last_started(session, keyspace, job, topic)
    place = _whole_milliseconds(now)
    if last is not None:
        place = max(place, _utc(last) + STEP)
    update = prepared(session, f"UPDATE {table} SET newest = ? WHERE {where} IF newest = ?")
    if not session.execute(update, (place, job, topic, newest)).was_applied:
        raise Taken
    return place


def newest_place(session: Session, keyspace: str, job: str, topic: str) -> datetime:
    """The place of the newest run that there is, one that has not ended included; UTC."""
    query = f"SELECT newest FROM {keyspace}.{RUN_ORDER.name} WHERE {bound(RUN_ORDER.partition)}"
    asked = prepared(session, query).bind((job, topic))
    asked.consistency_level = ConsistencyLevel.SERIAL
    row = session.execute(asked).one()
    return _utc(row.newest) if row else datetime.min.replace(tzinfo=UTC)


def _last_started(session: Session, keyspace: str, job: str, topic: str) -> datetime | None:
    """When the newest run started that an older release has left, which took no place."""
    query = f"SELECT started_at FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.partition)} LIMIT 1"
    row = session.execute(prepared(session, query), (job, topic)).one()
    return row.started_at if row else None


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)

"""Reads runs of jobs, newest first, and the other runs whose rows a run read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.schema import bound
from conf.tables import JOB_RUNS, TABLES, UNSWEPT, run_list
from conf.topic import Topic
from stores.prepare import prepared

JOB_OF = {table.name: table.job for table in TABLES if table.job}
"""The job that publishes each table."""
LOOKED_AT = 50
"""The newest runs of a job among which one is looked for."""
FEW = 4
"""The most runs that an error names."""
SHORT = 8
"""The characters of a run's id that are shown where no other run beside it begins with the same."""


def jobs_of(session: Session, keyspace: str, topic: Topic) -> list[str]:
    """Returns the names of the jobs that have run over a topic, sorted."""
    keys = session.execute(f"SELECT DISTINCT job, topic FROM {keyspace}.{JOB_RUNS.name}")
    return sorted(key.job for key in keys if key.topic == topic.topic)


def runs_of(session: Session, keyspace: str, topic: Topic, job: str, limit: int | None = None) -> Iterator[Any]:
    """Yields rows of `job_runs` of one job over a topic, newest first, at most `limit`."""
    query = f"SELECT * FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.partition)}"
    if limit is not None:
        query += f" LIMIT {limit}"
    yield from session.execute(prepared(session, query), (job, topic.topic))


def has_succeeded(session: Session, keyspace: str, topic: Topic, job: str) -> bool:
    """Returns whether one of the newest runs of a job over a topic has succeeded."""
    return any(row.status == "succeeded" for row in runs_of(session, keyspace, topic, job, LOOKED_AT))


def method_of(session: Session, keyspace: str, topic: Topic, job: str, run: object) -> str:
    """Returns the method of one of the newest runs of a job; `not known` where it is none of these."""
    known = (row.method for row in runs_of(session, keyspace, topic, job, LOOKED_AT) if str(row.run_id) == str(run))
    return next(known, None) or "not known"


def read_runs(session: Session, keyspace: str, topic: Topic, job: str | None, limit: int) -> list[Any]:
    """Returns the newest runs over a topic, at most `limit`, of one job or (if `job` is None) of all jobs.

    Raises WrongUse for a job that has never run.
    """
    known = jobs_of(session, keyspace, topic)
    if job is not None and job not in known:
        raise WrongUse(f"no run of {job!r} over {topic.topic}", f"Jobs that have run: {', '.join(known) or 'none'}")
    rows = [row for name in ([job] if job else known) for row in runs_of(session, keyspace, topic, name, limit)]
    return sorted(rows, key=lambda row: row.started_at, reverse=True)[:limit]


def silent_runs(session: Session, keyspace: str, topic: Topic, rows: Sequence[Any]) -> set[Any]:
    """Returns the ids of those of these runs that are `running` and give no sign of life: probably they were killed.

    A run renews its sign of life every 20 seconds, and it expires after two minutes. The job's next run over the topic
    sets the status of a killed run to `failed`.
    """
    query = prepared(session, f"SELECT run_id, alive FROM {keyspace}.{UNSWEPT.name} WHERE {bound(UNSWEPT.partition)}")
    running = [row for row in rows if row.status == "running"]
    names = {row.job: run_list(row.job) for row in running}
    alive = {
        entry.run_id for name in names.values() for entry in session.execute(query, (topic.topic, name)) if entry.alive
    }
    return {row.run_id for row in running} - alive


def find_run(session: Session, keyspace: str, topic: Topic, run: str) -> Any:
    """Returns the run whose id is or begins with `run`. Raises WrongUse if there is no such run, or more than one."""
    wanted = run.strip().lower()
    found = [
        row
        for job in jobs_of(session, keyspace, topic)
        for row in runs_of(session, keyspace, topic, job)
        if str(row.run_id).startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise WrongUse(f"no run {run!r} over {topic.topic}", "`.venv/bin/python -m readers runs -t TOPIC` lists ids")
    some = ", ".join(f"{row.run_id} ({row.job})" for row in found[:FEW])
    raise WrongUse(f"{len(found)} runs begin with {run!r}", f"Give more of the id: {some}{', …' * (len(found) > FEW)}")


def shortened(runs: Iterable[object]) -> dict[str, str]:
    """Returns the first characters of each run's id by the id: SHORT, or as many as tell it from the others.

    Two jobs that begin within the same millisecond have ids that begin with the same 19 characters.
    """
    ids = {str(run) for run in runs}
    begin = Counter(one[:length] for one in ids for length in range(SHORT, len(one)))
    return {
        one: next((one[:length] for length in range(SHORT, len(one)) if begin[one[:length]] == 1), one) for one in ids
    }


def sources_of(session: Session, keyspace: str, topic: Topic, row: Any) -> list[tuple[str, Any]]:
    """Returns the runs that a run read, as pairs of a table's name and a run.

    A run is given as its row of `job_runs`, or as its id if that row does not exist any more.
    """
    found = []
    for table, run_id in sorted((row.inputs or {}).items()):
        runs = runs_of(session, keyspace, topic, JOB_OF.get(table, table))
        found.append((table, next((run for run in runs if run.run_id == run_id), run_id)))
    return found


def runs_frame(rows: Sequence[Any]) -> pd.DataFrame:
    """Returns runs as a frame with the columns of `job_runs`.

    Instants are UTC, ids are text, and `inputs` is `table=run table=run`.
    """
    frame = pd.DataFrame(
        [[getattr(row, name) for name in JOB_RUNS.columns] for row in rows], columns=[*JOB_RUNS.columns]
    )
    for name, column in JOB_RUNS.columns.items():
        if column.cql == "timestamp":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif column.cql == "bigint":
            frame[name] = frame[name].astype("Int64")
        elif column.cql in ("text", "timeuuid"):
            frame[name] = frame[name].astype("string")
    frame["inputs"] = frame["inputs"].map(told_inputs).astype("string")
    return frame


def told_inputs(inputs: Any) -> str:
    """Returns the runs that were read, as text: `table=run table=run`."""
    return " ".join(f"{table}={run_id}" for table, run_id in sorted((inputs or {}).items()))

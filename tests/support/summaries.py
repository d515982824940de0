"""Rows of summary tables as jobs publish them, stored without a job, for tests of readers."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra.cluster import Session

from conf.schema import Table
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL, JOB_RUNS, PUBLISHED, TEXT_FAMILIES
from conf.topic import Topic
from tests.support.stored_graph import END, START, write

HOUR = timedelta(hours=1)


def run(session: Session, settings: Settings, topic: Topic, job: str, status: str = "succeeded") -> uuid.UUID:
    """Stores a row of `job_runs`, newer than all before; returns the run's id."""
    run_id = uuid.uuid1()
    row = dict.fromkeys(JOB_RUNS.columns) | {"job": job, "topic": topic.topic, "run_id": run_id, "status": status}
    row |= {"started_at": datetime.now(UTC), "window_start": START, "window_end": END}
    write(session, settings, JOB_RUNS, iter([row]))
    return run_id


def row_of(table: Table, topic: Topic, run_id: uuid.UUID, **changes: Any) -> dict[str, Any]:
    """Returns a row with a value of its type in each column that is not nullable."""
    plain = {"bigint": 3, "int": 1, "double": 0.25, "text": "x", "timestamp": START, "frozen<list<text>>": ["a", "b"]}
    row: dict[str, Any] = {
        name: None if column.nullable else (column.values[0] if column.values else plain.get(column.cql))
        for name, column in table.columns.items()
    }
    known = {"topic": topic.topic, "run_id": run_id, "computed_at": datetime.now(UTC), "period": "window"}
    known |= {"period_start": START, "period_end": END}
    return row | {name: value for name, value in known.items() if name in row} | changes


def store_poll(session: Session, settings: Settings, topic: Topic, posts: int = 3) -> uuid.UUID:
    """Stores a poll of each race by window and hour: `posts` posts each; returns the run's id."""
    run_id = run(session, settings, topic, CANDIDATE_POLL.job)
    periods = [("window", START, END), *(("hour", START + n * HOUR, START + (n + 1) * HOUR) for n in range(3))]
    rows = (
        row_of(
            CANDIDATE_POLL,
            topic,
            run_id,
            race=race.id,
            candidate=candidate.id,
            name=candidate.name,
            posts=posts,
            period=period,
            period_start=start,
            period_end=end,
            share_authors=1 / len(race.candidates),
        )
        for race in topic.races
        for candidate in race.candidates
        for period, start, end in periods
    )
    write(session, settings, CANDIDATE_POLL, rows)
    return run_id


def store_authors(session: Session, settings: Settings, topic: Topic, names: list[str], *, shown: bool) -> uuid.UUID:
    """Stores the activity of authors of one window; `shown` says whether `published` names the run."""
    run_id = run(session, settings, topic, AUTHOR_ACTIVITY.job)
    rows = (row_of(AUTHOR_ACTIVITY, topic, run_id, bucket=0, author=f"x:{name}", label=name) for name in names)
    write(session, settings, AUTHOR_ACTIVITY, rows)
    if shown:
        pointer: dict[str, Any] = {
            "topic": topic.topic,
            "table_name": AUTHOR_ACTIVITY.name,
            "part": "",
            "period": "window",
        }
        pointer |= {"period_start": START, "period_end": END, "run_id": run_id, "published_at": datetime.now(UTC)}
        write(session, settings, PUBLISHED, iter([pointer]))
    return run_id


def store_text(session: Session, settings: Settings, topic: Topic, text: str) -> None:
    """Stores a family of texts."""
    run_id = run(session, settings, topic, TEXT_FAMILIES.job)
    write(session, settings, TEXT_FAMILIES, iter([row_of(TEXT_FAMILIES, topic, run_id, text=text)]))

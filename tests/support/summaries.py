"""Rows of summary tables as jobs publish them, stored without a job, for tests of readers."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from cassandra.cluster import Session
from cassandra.util import unix_time_from_uuid1

from conf.partitions import bucket_of, period_buckets
from conf.schema import Table
from conf.settings import Settings
from conf.tables import (
    AUTHOR_ACTIVITY,
    CANDIDATE_POLL,
    CONVERSATIONS,
    COORDINATION_ACCOUNTS,
    COORDINATION_PAIRS,
    JOB_RUNS,
    PUBLISHED,
    TEXT_FAMILIES,
)
from conf.topic import Topic
from tests.support.stored_graph import END, START, some_graph, store, write

HOUR = timedelta(hours=1)
LABELS = {"x:1": "BigNews", "x:2": "almost_public", "x:3": "SenGracePOE", "bluesky:did:plc:ana": "ana.example"}
FOLLOWERS = {"x:1": 250_000, "x:2": 9_999, "x:3": 5, "bluesky:did:plc:ana": None}
"""A public account, a private one, a candidate's, and one of unknown followers."""
PRIVATE = ("almost_public", "ana.example", "did:plc:ana", "x:2", "x:8", "x:9", "root2", "root4", "9999")
"""What must not be shown of these."""


def run(session: Session, settings: Settings, topic: Topic, job: str, status: str = "succeeded") -> uuid.UUID:
    """Stores a row of `job_runs`, newer than all before; returns the run's id."""
    run_id = uuid.uuid1()
    row = dict.fromkeys(JOB_RUNS.columns) | {"job": job, "topic": topic.topic, "run_id": run_id, "status": status}
    row |= {"started_at": datetime.now(UTC), "window_start": START, "window_end": END}
    write(session, settings, JOB_RUNS, iter([row]))
    return run_id


def row_of(table: Table, topic: Topic, run_id: uuid.UUID, **changes: Any) -> dict[str, Any]:
    """Returns a row with a value of its type in each column that is not nullable; a run's rows have one time."""
    plain = {"bigint": 3, "int": 1, "double": 0.25, "text": "x", "timestamp": START, "frozen<list<text>>": ["a", "b"]}
    row: dict[str, Any] = {
        name: None if column.nullable else (column.values[0] if column.values else plain.get(column.cql))
        for name, column in table.columns.items()
    }
    known = {"topic": topic.topic, "run_id": run_id, "period": "window"}
    known |= {"computed_at": datetime.fromtimestamp(unix_time_from_uuid1(run_id), UTC)}
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


def store_authors(
    session: Session,
    settings: Settings,
    topic: Topic,
    names: Iterable[str],
    *,
    shown: bool,
    followers: Mapping[str, int | None] = MappingProxyType({}),
) -> uuid.UUID:
    """Stores the activity of authors on X of one window; `shown` says whether `published` names the run.

    A name with a colon is a key as it is; `followers` has numbers of followers by name.
    """
    run_id = run(session, settings, topic, AUTHOR_ACTIVITY.job)
    buckets = period_buckets(topic.buckets, "window", START, END)
    keys = {name: name if ":" in name else f"x:{name}" for name in names}
    changes = (
        {"author": key, "label": name, "bucket": bucket_of(key, buckets), "followers": followers.get(name)}
        for name, key in keys.items()
    )
    write(session, settings, AUTHOR_ACTIVITY, (row_of(AUTHOR_ACTIVITY, topic, run_id, **each) for each in changes))
    if shown:
        point(session, settings, topic, AUTHOR_ACTIVITY, run_id)
    return run_id


def point(session: Session, settings: Settings, topic: Topic, table: Table, run_id: uuid.UUID, part: str = "") -> None:
    """Lets `published` name a run of a bulk table, for the window."""
    pointer: dict[str, Any] = {"topic": topic.topic, "table_name": table.name, "part": part, "period": "window"}
    pointer |= {"period_start": START, "period_end": END, "run_id": run_id, "published_at": datetime.now(UTC)}
    write(session, settings, PUBLISHED, iter([pointer]))


def store_people(session: Session, settings: Settings, topic: Topic) -> None:
    """Stores conversations and accounts that act together, of FOLLOWERS; and a pair of no group, of x:8 and x:9."""
    store_authors(session, settings, topic, FOLLOWERS, shown=True, followers=FOLLOWERS)
    run_id = run(session, settings, topic, CONVERSATIONS.job)
    roots = [{"rank": n, "root": f"root{n}", "author": key, "label": LABELS[key]} for n, key in enumerate(LABELS, 1)]
    write(session, settings, CONVERSATIONS, (row_of(CONVERSATIONS, topic, run_id, **each) for each in roots))
    run_id = run(session, settings, topic, "coordination")
    own = {"kind": "link", "bucket": 0}
    accounts = ({**own, "author": key, "label": LABELS[key], "followers": FOLLOWERS[key]} for key in LABELS)
    ends = [*pairwise(LABELS), ("x:8", "x:9")]
    pairs = ({**own, "src": src, "dst": dst, "group": None if src == "x:8" else 1} for src, dst in ends)
    for table, found in ((COORDINATION_ACCOUNTS, accounts), (COORDINATION_PAIRS, pairs)):
        write(session, settings, table, (row_of(table, topic, run_id, **each) for each in found))
        point(session, settings, topic, table, run_id, "link")


def store_text(session: Session, settings: Settings, topic: Topic, text: str) -> None:
    """Stores a family of texts."""
    run_id = run(session, settings, topic, TEXT_FAMILIES.job)
    write(session, settings, TEXT_FAMILIES, iter([row_of(TEXT_FAMILIES, topic, run_id, text=text)]))


def store_some(session: Session, settings: Settings, topic: Topic, text: str) -> Topic:
    """Stores a poll, a graph, authors, and a family of texts of a topic; returns the topic."""
    store_poll(session, settings, topic)
    run(session, settings, topic, "network_graph")
    store(some_graph(), session, settings, topic)
    store_authors(session, settings, topic, ["ana", "ben"], shown=True)
    store_text(session, settings, topic, text)
    return topic

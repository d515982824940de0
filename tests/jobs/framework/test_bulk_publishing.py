"""Tables that the executors publish: swapped partition by partition, nothing old left, read whole or not at all."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import DataFrame, SparkSession

from conf.buckets import bucket_of, period_buckets
from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY
from conf.topic import Topic
from jobs.framework import bulk_publishing
from jobs.framework.bulk_publishing import Batches, Swapper, publish_bulk
from jobs.framework.job import Output
from jobs.framework.publication import Publication, owned_partitions
from jobs.framework.window import now_micros, parse_window
from readers.partitions import rows_of_period, whole_period

OUTPUT = Output(AUTHOR_ACTIVITY)
WINDOW = ("2016-04-30T16:00Z", "2016-05-02T16:00Z")
START = datetime(2016, 4, 30, 16, tzinfo=UTC)
SCHEMA = (
    "topic string, period string, period_start timestamp, period_end timestamp, author string, posts bigint, "
    "originals bigint, retweets bigint, replies bigint, quotes bigint, mentions_received bigint, followers bigint, "
    "bot_score double, bot_flags array<string>"
)
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "window": timedelta(days=2)}


@dataclass
class Table:
    """Publishes to author_activity under a topic of its own, and reads it."""

    spark: SparkSession
    session: Session
    settings: Settings
    topic: Topic

    def publication(self) -> Publication:
        window = parse_window(*WINDOW, self.topic.zone)
        return Publication(self.settings, self.topic, window, uuid.uuid1(), now_micros())

    def frame(self, authors: dict[str, int], period: str = "day", start: datetime = START) -> DataFrame:
        base = [self.topic.topic, period, start, start + LENGTHS[period]]
        rows = [[*base, name, posts, posts, 0, 0, 0, 0, None, 0.5, ["client"]] for name, posts in authors.items()]
        return self.spark.createDataFrame(rows, SCHEMA)

    def publish(self, frame: DataFrame) -> Publication:
        publication = self.publication()
        assert publish_bulk(self.session, OUTPUT, frame, publication) == frame.count()
        return publication

    def key(self, period: str, start: datetime) -> dict[str, object]:
        return {"period": period, "period_start": start, "period_end": start + LENGTHS[period]}

    def rows(self, period: str = "day", start: datetime = START) -> Iterator[Any]:
        return rows_of_period(
            self.session, self.settings.keyspace, AUTHOR_ACTIVITY, self.topic, self.key(period, start)
        )

    def posts(self, period: str = "day", start: datetime = START) -> dict[str, int]:
        return {row.author: row.posts for row in self.rows(period, start)}


@pytest.fixture
def table(spark: SparkSession, session: Session, settings: Settings, topic: Topic) -> Table:
    return Table(spark, session, settings, topic)


def test_every_row_stands_in_its_bucket_with_the_runs_columns(table: Table) -> None:
    authors = {f"a{i}é": i for i in range(50)}
    publication = table.publish(table.frame(authors))
    rows = list(table.rows())
    assert {row.author: row.posts for row in rows} == authors
    buckets = period_buckets(table.topic, "day", START, START + timedelta(days=1))
    assert buckets == 4
    assert all(row.bucket == bucket_of(row.author, buckets) for row in rows)
    assert {row.run_id for row in rows} == {publication.run_id}
    assert {(row.followers, row.bot_score, tuple(row.bot_flags)) for row in rows} == {(None, 0.5, ("client",))}
    assert {row.period_start for row in rows} == {START.replace(tzinfo=None)}


def test_a_rerun_replaces_rows_and_whole_periods_that_are_gone(table: Table) -> None:
    tomorrow = START + timedelta(days=1)
    table.publish(table.frame({"ana": 1, "bob": 2}).union(table.frame({"cy": 3}, start=tomorrow)))
    assert (table.posts(), table.posts(start=tomorrow)) == ({"ana": 1, "bob": 2}, {"cy": 3})
    table.publish(table.frame({"ana": 5}))
    assert (table.posts(), table.posts(start=tomorrow)) == ({"ana": 5}, {})
    table.publish(table.frame({}))
    assert table.posts() == {}


def test_a_run_leaves_what_it_does_not_own_alone(table: Table) -> None:
    table.publish(table.frame({"ana": 1}))
    outside = START - timedelta(days=1)
    table.publish(table.frame({"bob": 2}, start=outside))
    owned = {(p["period"], p["period_start"]) for p in owned_partitions(OUTPUT, table.publication())}
    assert len([period for period, _ in owned if period == "hour"]) == 48
    assert ("day", int(outside.timestamp() * 1000)) not in owned
    table.publish(table.frame({}))
    assert (table.posts(), table.posts(start=outside)) == ({}, {"bob": 2})


def test_a_partition_too_large_for_one_batch_is_swapped_in_spans(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_publishing, "MOST_ROWS", 10)
    table.publish(table.frame({f"a{i:02}": i for i in range(25)}))
    publication = table.publication()
    batches = Batches(Swapper(AUTHOR_ACTIVITY, publication), table.session)
    start = int(START.timestamp() * 1000)
    key = (table.topic.topic, "day", start, start + 86_400_000, 0)
    names = sorted(f"a{i:02}" for i in range(25) if bucket_of(f"a{i:02}", 4) == 0) + [f"b{i}" for i in range(24)]
    rows: list[tuple[Any, ...]] = [
        (table.topic.topic, "day", start, start + 86_400_000, 0, n, 9, 9, 0, 0, 0, 0, None, 0.0, []) for n in names[3:]
    ]
    made = list(batches.of(key, rows))
    assert [len(batch._statements_and_parameters) - 1 for batch in made[:-1]] == [10] * (len(made) - 1)
    for batch in made:
        table.session.execute(batch)
    found = [row for row in table.rows() if row.bucket == 0]
    assert {row.author: row.posts for row in found} == dict.fromkeys(names[3:], 9)


def test_a_mix_of_two_runs_is_read_again_and_never_given(table: Table) -> None:
    table.publish(table.frame({f"a{i}": 1 for i in range(20)}))
    first = list(table.rows())
    table.publish(table.frame({f"a{i}": 2 for i in range(20)}))
    second = list(table.rows())
    reads = iter([[*first[:10], *second[10:]], second])
    waits: list[float] = []
    assert whole_period(lambda: iter(next(reads)), "it", sleep=waits.append) == second
    assert len(waits) == 1
    with pytest.raises(PulsoError, match="author activity stands between two runs"):
        whole_period(lambda: iter([*first[:10], *second[10:]]), "author activity", sleep=waits.append)

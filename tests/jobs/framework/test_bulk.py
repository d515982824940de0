"""Bulk tables: rows are written under the run, then pointed to; earlier and killed runs leave nothing."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from cassandra.util import uuid_from_time
from pyspark.sql import DataFrame, SparkSession

from conf.errors import PulsoError
from conf.partitions import bucket_of, period_buckets
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, UNSWEPT
from conf.topic import Topic
from jobs.framework import bulk, publish
from jobs.framework.bulk import Writer, _batches, write_rows
from jobs.framework.job import Output
from jobs.framework.local import is_local
from jobs.framework.order import take_place
from jobs.framework.publication import Publication, owned_periods
from jobs.framework.publish import publish_all
from jobs.framework.runs import JobRun
from jobs.framework.sweep import Sweeper
from jobs.framework.unswept import Unswept, UnsweptList, this_process
from jobs.framework.window import parse_window
from readers.partitions import Replaced, published_rows, whole
from stores import published
from stores.published import Period, Pointers

OUTPUT = Output(AUTHOR_ACTIVITY)
WINDOW = ("2016-04-30T16:00Z", "2016-05-02T16:00Z")
START = datetime(2016, 4, 30, 16, tzinfo=UTC)
SCHEMA = (
    "topic string, period string, period_start timestamp, period_end timestamp, author string, label string, "
    "posts bigint, originals bigint, retweets bigint, replies bigint, quotes bigint, mentions_received bigint, "
    "followers bigint, bot_score double, bot_flags array<string>"
)
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "window": timedelta(days=2)}
Authors = dict[str, int]


class Killed(BaseException):
    """Stands for a kill: nothing after it is done."""


@dataclass
class Table:
    """Publishes to author_activity under a topic that only this test uses, and reads it."""

    spark: SparkSession
    session: Session
    settings: Settings
    topic: Topic

    def publication(self, window: tuple[str, str] = WINDOW) -> Publication:
        job = AUTHOR_ACTIVITY.job
        place = take_place(self.session, self.settings.keyspace, job, self.topic.topic, datetime.now(UTC))
        return Publication(
            self.settings, job, self.topic, parse_window(*window, self.topic.zone), uuid_from_time(place), place
        )

    def frame(self, authors: Authors, period: str = "day", start: datetime = START) -> DataFrame:
        base = [self.topic.topic, period, start, start + LENGTHS[period]]
        rows = [[*base, name, name, posts, posts, 0, 0, 0, 0, None, 0.5, ["client"]] for name, posts in authors.items()]
        return self.spark.createDataFrame(rows, SCHEMA)

    def publish(self, frame: DataFrame, publication: Publication | None = None) -> Publication:
        publication = publication or self.publication()
        result = publish_all(self.session, [(OUTPUT, frame)], publication)
        assert result.rows == frame.count()
        return publication

    def with_buckets(self, buckets: int) -> "Table":
        """The same with another topic file."""
        return replace(self, topic=self.topic.model_copy(update={"buckets": buckets}))

    def publish_as_job(self, authors: Authors) -> Publication:
        """Publishes a day as a run does that is recorded in job_runs."""
        made = self.publication()
        run = JobRun(self.session, self.settings.keyspace, made.job, self.topic, made.window, made.place)
        run.write("running")
        return self.publish(self.frame(authors), made)

    def posts(self, period: str = "day", start: datetime = START) -> Authors:
        return {row.author: row.posts for row in self.rows(period, start)}

    def rows(self, period: str = "day", start: datetime = START) -> list[Any]:
        of = Period("", period, start, start + LENGTHS[period])
        return published_rows(self.session, self.settings.keyspace, AUTHOR_ACTIVITY, self.topic, of)

    def stored_runs(self) -> set[uuid.UUID]:
        """Returns the runs that have any row in the table, pointed to or not."""
        query = f"SELECT topic, run_id FROM {self.settings.keyspace}.{AUTHOR_ACTIVITY.name}"
        return {row.run_id for row in self.session.execute(query) if row.topic == self.topic.topic}

    def listed(self) -> list[Unswept]:
        return UnsweptList(self.session, self.settings.keyspace, AUTHOR_ACTIVITY.name, self.topic).read()

    @property
    def sweeper(self) -> Sweeper:
        return Sweeper(self.session, self.settings.keyspace, AUTHOR_ACTIVITY, self.topic)

    @property
    def pointers(self) -> Pointers:
        return self.sweeper.pointers


@pytest.fixture
def table(spark: SparkSession, session: Session, settings: Settings, topic: Topic) -> Table:
    return Table(spark, session, settings, topic)


def test_every_row_stands_in_its_bucket_with_the_runs_columns(table: Table) -> None:
    authors = {f"a{i}é": i for i in range(50)}
    publication = table.publish(table.frame(authors))
    rows = table.rows()
    assert {row.author: row.posts for row in rows} == authors
    buckets = period_buckets(table.topic.buckets, "day", START, START + timedelta(days=1))
    assert buckets == 4
    assert all(row.bucket == bucket_of(row.author, buckets) for row in rows)
    assert {row.run_id for row in rows} == {publication.run_id}
    assert {(row.followers, row.bot_score, tuple(row.bot_flags)) for row in rows} == {(None, 0.5, ("client",))}
    assert {row.period_start for row in rows} == {START.replace(tzinfo=None)}
    assert {row.computed_at for row in rows} == {publication.place.replace(tzinfo=None)}


def test_a_rerun_replaces_rows_and_whole_periods_that_are_gone(table: Table) -> None:
    tomorrow = START + timedelta(days=1)
    table.publish(table.frame({"ana": 1, "bob": 2}).union(table.frame({"cy": 3}, start=tomorrow)))
    assert (table.posts(), table.posts(start=tomorrow)) == ({"ana": 1, "bob": 2}, {"cy": 3})
    second = table.publish(table.frame({"ana": 5}))
    assert (table.posts(), table.posts(start=tomorrow)) == ({"ana": 5}, {})
    assert table.stored_runs() == {second.run_id}
    table.publish(table.frame({}))
    assert table.posts() == {}
    assert (table.stored_runs(), table.listed()) == (set(), [])


@pytest.mark.parametrize(("first", "then"), [(9, 1), (1, 9)])
def test_a_result_is_read_and_replaced_whole_after_the_file_has_other_buckets(
    table: Table, first: int, then: int
) -> None:
    authors = {f"a{i}": i for i in range(50)}
    table.with_buckets(first).publish_as_job(authors)
    changed = table.with_buckets(then)
    assert changed.posts() == authors
    second = changed.publish_as_job({"ana": 5})
    assert (changed.posts(), changed.stored_runs()) == ({"ana": 5}, {second.run_id})


def test_a_run_leaves_what_it_does_not_own_alone(table: Table) -> None:
    first = table.publish(table.frame({"ana": 1}).union(table.frame({"dot": 4}, "window")))
    day = (WINDOW[0], "2016-05-01T16:00Z")
    second = table.publish(table.frame({"bob": 2}), table.publication(day))
    assert table.posts() == {"bob": 2}
    assert table.posts("window") == {"dot": 4}
    assert table.stored_runs() == {first.run_id, second.run_id}
    assert table.listed() == []
    owned = list(owned_periods(AUTHOR_ACTIVITY, table.topic, second.window))
    assert [period.period for period in owned].count("hour") == 24


def test_a_partition_too_large_for_one_batch_is_written_in_several(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(AUTHOR_ACTIVITY, table.publication())
    insert = table.session.prepare(AUTHOR_ACTIVITY.insert(table.settings.keyspace, timestamp=True))
    rows: list[tuple[Any, ...]] = [
        (table.topic.topic, "day", 0, 1, 0, f"a{i}", f"a{i}", 9, 9, 0, 0, 0, 0, None, 0.0, []) for i in range(25)
    ]

    def sizes() -> list[int]:
        return [len(batch._statements_and_parameters) for batch in _batches(insert, writer, rows)]

    assert sizes() == [25]
    monkeypatch.setattr(bulk, "BATCH_ROWS", 10)
    assert sizes() == [10, 10, 5]
    one_row = next(size for _, size in writer.encoded(rows[-1:]))
    monkeypatch.setattr(bulk, "BATCH_BYTES", 12 * one_row)
    monkeypatch.setattr(bulk, "BATCH_ROWS", 100)
    assert sizes()[0] == 12


def test_of_two_runs_the_later_one_is_read_whichever_ends_last(table: Table) -> None:
    earlier, later = table.publication(), table.publication()
    table.publish(table.frame({"new": 2}), later)
    result = publish_all(table.session, [(OUTPUT, table.frame({"old": 1}))], earlier)
    assert not result.stands
    assert table.posts() == {"new": 2}
    assert (table.stored_runs(), table.listed()) == ({later.run_id}, [])


# What a kill leaves: the process ends at each of these places in turn, and nothing after it is done.


@contextmanager
def killed_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, skip: int = 0) -> Iterator[None]:
    """In the block, the process ends when `owner.name` is called; later it counts as a process that has ended."""
    calls = iter(range(skip + 1))
    original: Callable[..., Any] = getattr(owner, name)

    def dies(*arguments: Any, **named: Any) -> Any:
        if next(calls, skip) < skip:
            return original(*arguments, **named)
        raise Killed

    gone = " ".join([*this_process().split(" ")[:2], "0.00"])
    with monkeypatch.context() as patch:
        patch.setattr("jobs.framework.sweep.this_process", lambda: gone)
        patch.setattr(owner, name, dies)
        patch.setattr(publish, "_swept", lambda *_, **__: None)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize(
    ("owner", "name", "read"),
    [
        (bulk, "execute_all", "before"),
        (publish, "_point", "before"),
        (Pointers, "point", "before"),
        (UnsweptList, "add", "before"),
        (Pointers, "_write", "before"),
        (publish, "_check", "after"),
    ],
)
def test_a_killed_run_leaves_one_whole_result_and_the_next_run_removes_the_rest(
    table: Table, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, read: str
) -> None:
    before, after = {f"a{i}": 1 for i in range(20)}, {f"b{i}": 2 for i in range(20)}
    table.publish(table.frame(before))
    if owner is bulk:  # a kill on an executor, which has its own copy of the code: here half of the rows are written
        publication = table.publication()
        gone = " ".join([*this_process().split(" ")[:2], "0.00"])
        with monkeypatch.context() as patch:
            patch.setattr("jobs.framework.sweep.this_process", lambda: gone)
            with table.sweeper.writing(publication):
                write_rows(AUTHOR_ACTIVITY, table.frame(dict(list(after.items())[:10])), publication, table.session)
    else:
        with killed_before(monkeypatch, owner, name, skip=1 if owner is UnsweptList else 0):
            publish_all(table.session, [(OUTPUT, table.frame(after))], table.publication())
    assert table.posts() == (before if read == "before" else after)
    assert table.listed()
    last = table.publish(table.frame({"c": 3}))
    assert table.posts() == {"c": 3}
    assert (table.stored_runs(), table.listed()) == ({last.run_id}, [])


def test_a_run_that_was_killed_between_two_pointers_is_known_as_killed_when_it_is_replaced(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "BATCH", 1)
    both = table.frame({"day": 1}).union(table.frame({"left": 1}, "window"))
    with killed_before(monkeypatch, Pointers, "_write", skip=1):
        publish_all(table.session, [(OUTPUT, both)], table.publication())
    assert (table.posts(), table.posts("window")) == ({"day": 1}, {})
    last = table.publish(table.frame({"c": 3}))
    assert (table.stored_runs(), table.listed()) == ({last.run_id}, [])


def test_a_run_that_is_killed_after_it_was_recorded_stays_a_success(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = table.publication()
    job_run = JobRun(
        *(table.session, table.settings.keyspace, publication.job, table.topic, publication.window, publication.place)
    )
    job_run.write("running")
    with killed_before(monkeypatch, UnsweptList, "read", skip=1):
        publish_all(
            table.session, [(OUTPUT, table.frame({"ana": 1}))], publication, lambda _: job_run.write("succeeded")
        )
        table.sweeper.sweep(publication)
    table.publish(table.frame({"c": 3}))
    query = f"SELECT status FROM {table.settings.keyspace}.job_runs WHERE job = %s AND topic = %s"
    rows = table.session.execute(query, (publication.job, table.topic.topic))
    assert [row.status for row in rows] == ["succeeded"]


def test_what_a_killed_run_left_outside_the_next_window_goes_too(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_before(monkeypatch, publish, "_point"):
        publish_all(table.session, [(OUTPUT, table.frame({"left": 1}, "window"))], table.publication())
    later = ("2016-05-10T16:00Z", "2016-05-11T16:00Z")
    last = table.publish(table.frame({"c": 3}, start=START + timedelta(days=10)), table.publication(later))
    assert (table.stored_runs(), table.listed()) == ({last.run_id}, [])


def test_maintenance_sweeps_without_a_run_and_says_that_the_run_was_killed(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = table.publication()
    job_run = JobRun(
        *(table.session, table.settings.keyspace, publication.job, table.topic, publication.window, publication.place)
    )
    job_run.write("running")
    with killed_before(monkeypatch, publish, "_point"):
        publish_all(table.session, [(OUTPUT, table.frame({"left": 1}))], publication)
    table.sweeper.sweep()
    assert (table.stored_runs(), table.listed()) == (set(), [])
    query = f"SELECT status, error FROM {table.settings.keyspace}.job_runs WHERE job = %s AND topic = %s"
    row = table.session.execute(query, (publication.job, table.topic.topic)).one()
    assert (row.status, row.error.split("(")[0]) == ("failed", "the run ended without a report ")


def test_a_run_that_was_taken_for_dead_cannot_publish_any_more(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table.publish(table.frame({"ana": 1}))
    frozen = table.publication()
    monkeypatch.setattr(Unswept, "is_dead", property(lambda entry: entry.process is not None))
    with table.sweeper.writing(frozen):
        written = write_rows(AUTHOR_ACTIVITY, table.frame({"late": 2}), frozen, table.session)
        table.sweeper.sweep()  # another process finds it dead
        with pytest.raises(PulsoError, match="another run treated it as dead"):
            publish._point(table.sweeper, AUTHOR_ACTIVITY, written, frozen)
    assert table.posts() == {"ana": 1}


def test_a_run_on_another_host_is_alive_as_long_as_it_says_so(table: Table) -> None:
    publication = table.publication()
    elsewhere = Unswept(publication.run_id, publication.window, publication.place, "elsewhere 1 0.00", alive=True)
    listed = UnsweptList(table.session, table.settings.keyspace, AUTHOR_ACTIVITY.name, table.topic)
    listed.add(elsewhere)
    table.sweeper.sweep()
    assert table.listed() == [elsewhere]
    assert not elsewhere.is_dead
    assert replace(elsewhere, alive=False).is_dead
    query = (
        f"SELECT ttl(alive) AS left FROM {table.settings.keyspace}.{UNSWEPT.name} WHERE topic = %s AND table_name = %s"
    )
    left = table.session.execute(query, (table.topic.topic, AUTHOR_ACTIVITY.name)).one().left
    assert 60 < left <= 120


def test_a_result_that_is_replaced_while_it_is_read_is_read_again(table: Table) -> None:
    reads = iter([Replaced("it"), Replaced("it"), "whole"])

    def read() -> Any:
        found = next(reads)
        if isinstance(found, Replaced):
            raise found
        return found

    assert whole(read) == "whole"

    def never() -> None:
        raise Replaced("author activity")

    with pytest.raises(PulsoError, match="author activity was replaced by a later run while it was being read"):
        whole(never)


def test_rows_that_the_driver_has_are_written_without_a_task(table: Table) -> None:
    authors = {f"a{i}é": i for i in range(50)}
    table.publish(table.frame(authors))
    before = [row._replace(run_id=None, computed_at=None) for row in table.rows()]
    frame = table.spark.createDataFrame(table.frame(authors).toPandas(), SCHEMA)
    assert is_local(frame)
    assert not is_local(table.frame(authors))
    context = table.spark.sparkContext
    context.setJobGroup("local", "")
    publication = table.publication()
    result = publish_all(table.session, [(OUTPUT, frame)], publication)
    jobs = context.statusTracker().getJobIdsForGroup("local")
    context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    assert list(jobs) == []
    assert result.rows == 50
    after = table.rows()
    assert {row.run_id for row in after} == {publication.run_id}
    assert [row._replace(run_id=None, computed_at=None) for row in after] == before

"""The job shared_items over the whole path: its tables equal an independent computation, and readers show them."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, ITEM_KINDS, TOP_ITEMS, TOPIC_VOLUME
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs import author_activity, candidate_poll
from jobs.framework.job import JobResult
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from jobs.shared_items import JOB
from readers.cli import main
from readers.items.authors import read_authors
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support import independent_items
from tests.support.independent_accounts import Accounts
from tests.support.independent_items import World, items_of, races_of_ph2016
from tests.support.loading import load

POSTS = 6_000
WINDOW = ("2016-05-02T05:30Z", "2016-05-08T16:00Z")
START, END = (datetime.fromisoformat(value) for value in WINDOW)
CARRIED = [kind for kind in ITEM_KINDS if kind not in ("place", "media")]
"""Generated posts have no media, and no places if the topic has no area; tests/jobs/test_shared_items.py has some."""
VOLUME = [name for name in TOPIC_VOLUME.columns if name not in ("topic", "coverage", "run_id", "computed_at")]


@dataclass
class Published:
    """A topic over which author_activity, the poll and shared_items have run, and what was computed apart."""

    topic: Topic
    world: World
    result: JobResult


@pytest.fixture(scope="module")
def published(spark: SparkSession, session: Session, settings: Settings, client: RedisClient) -> Published:
    topic = make_topic(settings)
    lines = b"".join(generate(topic, POSTS, 11)).splitlines()
    load(lines, topic.topic, PostsQueue(client, "t:items"), session, settings)
    window = parse_window(*WINDOW, topic.zone)
    run_job(author_activity.JOB, spark, session, settings, topic, window)
    activity = read_authors(session, settings.keyspace, topic)
    flagged = set(activity[activity["bot_score"] >= topic.bots.flag_at]["author"])
    run_job(candidate_poll.JOB, spark, session, settings, topic, window)
    result = run_job(JOB, spark, session, settings, topic, window)
    world = World(items_of(lines), Accounts(map(json.loads, lines), START, END), flagged, races_of_ph2016())
    world.count_hours(START - timedelta(days=9), END)
    return Published(topic, world, result)


def rows_of(session: Session, settings: Settings, table: str, topic: Topic) -> list[Any]:
    query = f"SELECT * FROM {settings.keyspace}.{table} WHERE topic = %s ALLOW FILTERING"
    return list(session.execute(query, (topic.topic,)))


def key(row: Any) -> tuple[Any, ...]:
    return row.period, row.period_start.replace(tzinfo=UTC), row.period_end.replace(tzinfo=UTC)


def near(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytest.approx(v, abs=1e-9) if isinstance(v, float) else v for v in values)


def test_the_volume_in_the_table_equals_one_computed_apart(
    published: Published, session: Session, settings: Settings
) -> None:
    expected = independent_items.volume(published.world, START, END, published.topic.zone)
    rows = rows_of(session, settings, "topic_volume", published.topic)
    found = {key(row): tuple(getattr(row, name) for name in VOLUME[3:]) for row in rows}
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    assert found.keys() == expected.keys()
    assert {k: (found[k], row) for k, row in expected.items() if found[k] != near(row)} == {}
    assert {row.coverage for row in rows} == {None}


def in_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_the_items_in_the_table_equal_those_computed_apart(
    published: Published, session: Session, settings: Settings, kind: str
) -> None:
    expected = independent_items.top(published.world, kind, START, END, published.topic.zone)
    rows = [row for row in rows_of(session, settings, "top_items", published.topic) if row.kind == kind]
    found = {
        (*key(row), row.rank): (
            *(row.item, row.label, row.posts, row.authors, row.originals, row.previous_posts, row.burst),
            *(round(row.share_flagged * row.posts), row.first_at.replace(tzinfo=UTC)),
            *(row.candidate, row.log_odds),
        )
        for row in rows
    }
    assert bool(expected) is (kind in CARRIED)
    assert found.keys() == expected.keys()
    # Cassandra keeps times in milliseconds.
    wanted = {k: (*row[:-3], in_milliseconds(row[-3]), *row[-2:]) for k, row in expected.items()}
    assert {k: (found[k], row) for k, row in wanted.items() if found[k] != near(row)} == {}


def test_a_rerun_replaces_and_an_empty_window_says_nothing(
    published: Published, spark: SparkSession, session: Session, settings: Settings
) -> None:
    def plain() -> list[Any]:
        rows = [*rows_of(session, settings, "topic_volume", published.topic)]
        rows += rows_of(session, settings, "top_items", published.topic)
        return sorted(str(row._replace(run_id=None, computed_at=None)) for row in rows)

    before = plain()
    assert len(before) == published.result.rows_written
    window = parse_window(*WINDOW, published.topic.zone)
    again = run_job(JOB, spark, session, settings, published.topic, window)
    assert (plain(), again.rows_read) == (before, published.result.rows_read)
    nothing = parse_window("2017-01-01", "2017-01-02", published.topic.zone)
    assert run_job(JOB, spark, session, settings, published.topic, nothing).rows_written == 0
    assert plain() == before


def test_people_see_volume_items_and_authors(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*arguments: str) -> str:
        assert main([arguments[0], "--topic", published.topic.topic, *arguments[1:]]) == 0
        return capsys.readouterr().out

    volume = told("volume", "--period", "day")
    assert "\n 2016-05-07 " in volume
    assert "by top" in volume
    top = told("top", "--limit", "3")
    assert [line for line in top.splitlines() if line in ITEM_KINDS] == CARRIED
    assert "balita.example" in told("top", "--kind", "host")
    assert "bot rules that fired" in told("authors", "--limit", "5")
    assert "The topic as a whole had " in told("poll", "--race", "president")


@pytest.mark.parametrize(
    ("command", "table"),
    [("volume", TOPIC_VOLUME), ("top", TOP_ITEMS), ("authors", AUTHOR_ACTIVITY)],
)
def test_csv_json_and_parquet_hold_the_same(
    published: Published, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, table: Any
) -> None:
    def told(format_: str) -> str:
        file = tmp_path / format_
        arguments = [command, "--topic", published.topic.topic, "--period", "day", "--format", format_]
        assert main([*arguments, "--out", str(file)]) == 0
        return file.read_text() if format_ != "parquet" else ""

    rows, objects = list(csv.DictReader(io.StringIO(told("csv")))), json.loads(told("json"))
    told("parquet")
    frame = pd.read_parquet(tmp_path / "parquet")
    names = [name for name in table.columns if name != "bucket"]
    assert list(rows[0]) == list(objects[0]) == list(frame.columns) == names
    assert len(rows) == len(objects) == len(frame) > 0
    for row, given, stored in zip(rows, objects, frame.to_dict("records"), strict=True):
        assert int(row["posts"]) == given["posts"] == stored["posts"]
        assert row["run_id"] == given["run_id"] == stored["run_id"]
    assert frame["posts"].dtype == "int64"


def test_items_of_few_authors_can_be_left_out(published: Published, tmp_path: Path) -> None:
    def frame(*arguments: str) -> pd.DataFrame:
        out = tmp_path / "frame.parquet"
        words = ["top", "--topic", published.topic.topic, "--format", "parquet", "--out", str(out), *arguments]
        assert main(words) == 0
        return pd.read_parquet(out)

    every, some = frame(), frame("--min-authors", "5")
    assert 0 < len(some) == sum(every["authors"] >= 5) < len(every)
    assert set(frame("--kind", "mentioned")["kind"]) == {"mentioned"}
    named = every["candidate"].dropna()
    of_one = frame("--candidate", named.iloc[0])
    assert set(of_one["candidate"]) == {named.iloc[0]}
    assert len(of_one) == sum(named == named.iloc[0])
    hour = frame("--period", "hour", "--from", "2016-05-08T02:00Z", "--to", "2016-05-08T03:00Z")
    assert set(hour["period_start"]) == {pd.Timestamp("2016-05-08T02:00Z")}


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["volume", "--from", "2017-01-01"], 1, "no volume of {t} by window has been published. Run SPARK_CONF"),
        (["top", "--kind", "word", "--from", "2017-01-01"], 1, "no list of items of {t} by window and of the kind"),
        (["authors", "--from", "2017-01-01"], 1, "no activity of authors of {t} by window has been published. Run "),
        (["top", "--candidate", "po"], 2, "has no candidate 'po'. It has: "),
        (["top", "--candidate", "poe", "--period", "hour"], 2, "not known by hour. Give --period day or window"),
        (["top", "--kind", "words"], 2, "Invalid value for '--kind'"),
    ],
)
def test_what_goes_wrong_is_one_line(
    published: Published, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, error: str
) -> None:
    assert main([arguments[0], "--topic", published.topic.topic, *arguments[1:]]) == code
    told = capsys.readouterr().err
    assert error.format(t=published.topic.topic) in told
    assert told.count("\n") == 1

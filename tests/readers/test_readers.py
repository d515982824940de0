"""`python -m readers poll` as a person and as a machine reads it."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pandas as pd
import pytest
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.settings import Settings
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from readers.polls.poll import read_poll
from readers.polls.poll_view import interval_bar
from tests.conftest import make_topic
from tests.support.commands import Done, run_command

ANA, BOB = "{id: a, name: Ana, aliases: [ana]}", "{id: b, name: Bob, aliases: [bob]}"
RACES = f"races: [{{id: r, title: Race, candidates: [{ANA}, {BOB}]}}]"
START = datetime(2016, 5, 1, tzinfo=UTC)


def publish(session: Session, settings: Settings, topic: Topic, **changes: object) -> None:
    """One row of the poll, with what differs."""
    row = {
        "topic": topic.topic, "race": "r", "period": "window", "period_start": START,
        "period_end": START + timedelta(days=1), "candidate": "a", "name": "Ana", "posts": 70, "originals": 70,
        "retweets": 0, "replies": 0, "quotes": 0, "authors": 60, "share_posts": 0.7, "share_authors": 0.6,
        "share_authors_low": 0.5, "share_authors_high": 0.7, "posts_total": 100, "authors_total": 100, "method": "m1",
        "run_id": uuid.uuid1(), "computed_at": datetime(2026, 1, 1, tzinfo=UTC), **changes,
    }  # fmt: skip
    insert = session.prepare(CANDIDATE_POLL.insert(settings.keyspace))
    session.execute(insert, [row.get(name, UNSET_VALUE) for name in CANDIDATE_POLL.columns])


@pytest.fixture
def poll(session: Session, settings: Settings) -> Topic:
    """A topic with a published poll of two candidates."""
    topic = make_topic(settings, RACES)
    run = uuid.uuid1()
    publish(session, settings, topic, run_id=run)
    other = {"candidate": "b", "name": "Bob", "posts": 30, "share_posts": 0.3, "share_authors": 0.4, "authors": 40}
    publish(session, settings, topic, run_id=run, share_authors_low=0.3, share_authors_high=0.5, **other)
    return topic


def read(topic: Topic, *arguments: str) -> Done:
    done = run_command("readers", "poll", "--topic", topic.topic, *arguments)
    assert "Traceback" not in done.stderr
    return done


def test_a_person_sees_shares_intervals_and_what_they_rest_on(poll: Topic) -> None:
    shown = read(poll, "--race", "r").stdout
    assert shown.index("Ana") < shown.index("Bob")
    assert "60.0%" in shown
    assert "50.0% to 70.0%" in shown
    assert "Share of conversation, not a forecast: 100 posts by 100 authors" in shown
    assert "2016-05-01 08:00 to 2016-05-02 08:00 (Asia/Manila)" in shown


def test_too_few_authors_show_no_share(poll: Topic, session: Session, settings: Settings) -> None:
    publish(session, settings, poll, period="day", authors_total=29)
    shown = read(poll, "--period", "day").stdout
    assert "too few" in shown
    assert "60.0%" not in shown


def test_csv_json_and_parquet_hold_the_same(poll: Topic, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(read(poll, "--format", "csv").stdout)))
    objects = orjson.loads(read(poll, "--format", "json").stdout)
    done = read(poll, "--format", "parquet", "--out", str(tmp_path / "poll.parquet"))
    frame = pd.read_parquet(tmp_path / "poll.parquet")
    assert done.stdout == ""
    assert (
        [row["candidate"] for row in rows]
        == [o["candidate"] for o in objects]
        == list(frame["candidate"])
        == ["a", "b"]
    )
    assert list(rows[0]) == list(objects[0]) == list(frame.columns) == list(CANDIDATE_POLL.columns)
    assert float(rows[0]["share_authors"]) == objects[0]["share_authors"] == frame["share_authors"][0] == 0.6
    assert rows[0]["period_start"] == "2016-05-01T00:00:00.000000Z"
    assert objects[0]["coverage"] is None
    assert frame["posts"].dtype == "int64"


def test_the_window_shown_is_the_one_computed_last(poll: Topic, session: Session, settings: Settings) -> None:
    later = START + timedelta(days=7)
    publish(session, settings, poll, period_start=later, computed_at=datetime(2026, 1, 2, tzinfo=UTC))
    frame = read_poll(session, settings.keyspace, poll, "r")
    assert list(frame["period_start"]) == [pd.Timestamp(later)]
    both = read_poll(session, settings.keyspace, poll, "r", start=START)
    assert len(both) == 3


def test_bounds_are_half_open(poll: Topic, session: Session, settings: Settings) -> None:
    for hour in range(4):
        at = START + timedelta(hours=hour)
        publish(session, settings, poll, period="hour", period_start=at, period_end=at + timedelta(hours=1))
    rows = orjson.loads(
        read(
            poll, "--period", "hour", "--from", "2016-05-01T01:00Z", "--to", "2016-05-01T03:00Z", "--format", "json"
        ).stdout
    )
    assert [row["period_start"][11:13] for row in rows] == ["01", "02"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--race", "x"], 2, "has no race 'x'. It has: r"),
        (["--period", "week"], 2, "Invalid value for '--period'"),
        (["--from", "soon"], 2, "--from 'soon' is not a date or ISO time"),
        (["--period", "day"], 1, "by day has been published. Run SPARK_CONF_DIR=conf .venv/bin/spark-submit"),
        (["--rce", "r"], 2, "No such option: --rce"),
    ],
)
def test_what_goes_wrong_is_one_line(poll: Topic, arguments: list[str], code: int, error: str) -> None:
    done = read(poll, *arguments)
    assert done.returncode == code
    assert error in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_share(share: float) -> None:
    bar = interval_bar(share, share, share, 1.0).plain
    assert len(bar) == 30
    assert bar.count("█") == round(share * 29) + 1

"""`python -m readers texts` as a person and as a machine reads it."""

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
from conf.tables import TEXT_FAMILIES
from conf.topic import Topic
from readers.texts.texts import read_texts
from readers.texts.texts_view import duration
from tests.conftest import make_topic
from tests.support.commands import Done, run_command

START = datetime(2016, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def publish(session: Session, settings: Settings, topic: Topic, **changes: object) -> None:
    """One row of text_families, with what differs."""
    row = {
        "topic": topic.topic, "period": "window", "period_start": START, "period_end": START + 24 * HOUR, "rank": 1,
        "family": "f" * 16, "text": "Vote\u202e early\nand \x1b[31moften", "post_id": "1", "source": "x", "posts": 1200,
        "authors": 900, "texts": 7, "sources": ["mastodon", "x"], "first_at": START, "last_at": START + 9 * HOUR,
        "half_life_seconds": 5430.0, "share_flagged": 0.25, "links": ["https://a.example/1"], "large_bands": 0,
        "run_id": uuid.uuid1(), "computed_at": datetime(2026, 1, 1, tzinfo=UTC), **changes,
    }  # fmt: skip
    insert = session.prepare(TEXT_FAMILIES.insert(settings.keyspace))
    session.execute(insert, [row.get(name, UNSET_VALUE) for name in TEXT_FAMILIES.columns])


@pytest.fixture
def topic(session: Session, settings: Settings) -> Topic:
    """A topic with two families."""
    topic = make_topic(settings, "")
    run = uuid.uuid1()
    publish(session, settings, topic, run_id=run)
    smaller = {"rank": 2, "family": "e" * 16, "text": "=1+1 of a few", "authors": 4, "posts": 4, "sources": ["x"]}
    publish(session, settings, topic, run_id=run, new_account_share=0.5, links=[], **smaller)
    return topic


def read(topic: Topic, *arguments: str) -> Done:
    done = run_command("readers", "texts", "--topic", topic.topic, *arguments)
    assert "Traceback" not in done.stderr
    return done


def test_a_person_sees_the_texts_of_most_accounts_first(topic: Topic) -> None:
    shown = read(topic).stdout
    assert shown.index("Vote early and") < shown.index("=1+1 of a few")
    assert "\x1b" not in shown
    for part in ("900", "1,200", "1 h 30 min", "25%", "50%", "mastodon, x"):
        assert part in shown
    assert "2016-05-01 08:00 to 2016-05-02 08:00 (Asia/Manila)" in shown
    assert "Many accounts may post a text for many reasons" in shown


def test_texts_of_few_accounts_can_be_left_out(topic: Topic) -> None:
    shown = read(topic, "--min-authors", "5").stdout
    assert "Vote early" in shown
    assert "of a few" not in shown
    assert "No text has as many accounts" in read(topic, "--min-authors", "5000").stdout


def test_csv_json_and_parquet_hold_the_same(topic: Topic, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(read(topic, "--format", "csv").stdout)))
    objects = orjson.loads(read(topic, "--format", "json").stdout)
    read(topic, "--format", "parquet", "--out", str(tmp_path / "texts.parquet"))
    frame = pd.read_parquet(tmp_path / "texts.parquet")
    assert list(rows[0]) == list(objects[0]) == list(frame.columns) == list(TEXT_FAMILIES.columns)
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert [row["rank"] for row in objects] == list(frame["rank"]) == [1, 2]
    assert rows[0]["sources"] == "mastodon x"
    assert rows[1]["text"] == "'=1+1 of a few"
    assert objects[1]["text"] == frame["text"][1] == "=1+1 of a few"
    assert objects[0]["links"] == list(frame["links"][0]) == ["https://a.example/1"]
    assert objects[0]["new_account_share"] is None
    assert rows[0]["period_start"] == "2016-05-01T00:00:00.000000Z"


def test_days_are_read_within_bounds(topic: Topic, session: Session, settings: Settings) -> None:
    for day in range(3):
        at = START + 24 * day * HOUR
        publish(session, settings, topic, period="day", period_start=at, period_end=at + 24 * HOUR)
    objects = orjson.loads(read(topic, "--period", "day", "--from", "2016-05-02", "--format", "json").stdout)
    assert [row["period_start"][:10] for row in objects] == ["2016-05-02", "2016-05-03"]


def test_the_window_shown_is_the_one_computed_last(topic: Topic, session: Session, settings: Settings) -> None:
    later = START + 72 * HOUR
    publish(session, settings, topic, period_start=later, computed_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert list(read_texts(session, settings.keyspace, topic)["period_start"]) == [pd.Timestamp(later)]
    assert len(read_texts(session, settings.keyspace, topic, start=START)) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--period", "hour"], 2, "Invalid value for '--period'"),
        (["--min-authors", "1"], 2, "Invalid value for '--min-authors'"),
        (["--from", "soon"], 2, "--from 'soon' is not a date or ISO time"),
        (
            ["--period", "day"],
            1,
            "by day has been published. Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/te",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(topic: Topic, arguments: list[str], code: int, error: str) -> None:
    done = read(topic, *arguments)
    assert done.returncode == code
    assert error in done.stderr
    assert done.stderr.count("\n") == 1


def test_lengths_of_time_have_two_units() -> None:
    assert [duration(s) for s in (0.0, 59.9, 61.0, 3660.0, 90_000.0)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 h 1 min",
        "1 d 1 h",
    ]

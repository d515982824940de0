"""`python -m readers conversations` as a person and as a machine reads it; private persons have no names by default."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import CONVERSATIONS
from conf.topic import Topic
from readers.cli import main
from readers.conversations.conversations import read_conversations
from tests.conftest import make_topic
from tests.support.stored_graph import START, write
from tests.support.summaries import FOLLOWERS, HOUR, row_of, run, store_authors

DAY = 24 * HOUR


def publish(session: Session, settings: Settings, topic: Topic, *rows: dict[str, Any], **changes: Any) -> None:
    """Conversations of one run."""
    run_id = run(session, settings, topic, CONVERSATIONS.job)
    found = [row_of(CONVERSATIONS, topic, run_id, **changes, **row) for row in rows]
    write(session, settings, CONVERSATIONS, iter(found))


@pytest.fixture
def topic(session: Session, settings: Settings) -> Topic:
    """A topic with conversations under posts of a public account, two private ones, a candidate and nobody known."""
    topic = make_topic(settings)
    store_authors(session, settings, topic, FOLLOWERS, shown=True, followers=FOLLOWERS)
    first = {
        "rank": 1,
        "root": "9001",
        "author": "x:1",
        "label": "Big\u202eNews\x1b[31m",
        "posts": 1234,
        "authors": 900,
    }
    more = {"half_life_seconds": 5430.0, "replies_per_retweet": 2.5, "share_strangers": 0.75, "candidate": "poe"}
    ana = {"source": "bluesky", "author": "bluesky:did:plc:ana", "label": "ana.example"}
    publish(
        *(session, settings, topic),
        {**first, **more, "share_flagged": 0.5},
        {"rank": 2, "root": "9002", "author": "x:2", "label": "almost_public", "shape": "tree"},
        {**ana, "rank": 3, "root": "did:plc:ana/1"},
        {"rank": 4, "root": "9004", "author": "x:@sengracepoe", "label": "SenGracePOE"},
        {"rank": 5, "root": "9005", "shape": "chain"},
    )
    return topic


class Read:
    """Runs the command in this process."""

    def __init__(self, topic: Topic, capsys: pytest.CaptureFixture[str]) -> None:
        self._topic, self._capsys = topic, capsys

    def __call__(self, *arguments: str) -> str:
        assert main(["conversations", "--topic", self._topic.topic, *arguments]) == 0
        return self._capsys.readouterr().out


@pytest.fixture
def read(topic: Topic, capsys: pytest.CaptureFixture[str]) -> Read:
    return Read(topic, capsys)


def test_a_person_sees_the_largest_conversations_first(read: Read) -> None:
    shown = read()
    assert shown.index("BigNews") < shown.index("an account") < shown.index("SenGracePOE") < shown.index("unknown")
    assert "\x1b" not in shown
    for part in ("1,234", "900", "1 h 30 min", "star", "tree", "chain"):
        assert part in shown
    assert "2016-05-01 08:00 to 2016-05-03 08:00 (Asia/Manila)" in shown
    whole = " ".join(shown.split())
    assert "Many replies are no sign of an attack" in whole
    assert "fewer than 10,000 followers, or unknown ones, are not named" in whole


def test_nothing_leads_to_a_private_person_by_default(read: Read, tmp_path: Path) -> None:
    read("--format", "parquet", "--out", str(tmp_path / "c.parquet"))
    every = [read(), *(read("--format", kind) for kind in ("csv", "json"))]
    for text in (*every, pd.read_parquet(tmp_path / "c.parquet").to_csv()):
        for secret in ("almost_public", "ana.example", "did:plc:ana", "x:2", "9002"):
            assert secret not in text
    everyone = read("--format", "csv", "--min-followers", "0")
    assert all(secret in everyone for secret in ("almost_public", "ana.example", "did:plc:ana/1", "x:2", "9002"))
    assert "almost_public" in read("--min-followers", "9999")
    assert "BigNews" not in read("--min-followers", "250001")


def test_without_known_followers_only_candidates_are_named(session: Session, settings: Settings) -> None:
    topic = make_topic(settings)
    named = {"rank": 2, "author": "x:5", "label": "SenGracePOE"}
    publish(session, settings, topic, {"rank": 1, "author": "x:1", "label": "bignews"}, named)
    assert list(read_conversations(session, settings.keyspace, topic)["label"]) == ["an account", "SenGracePOE"]


def test_csv_json_and_parquet_hold_the_same(read: Read, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(read("--format", "csv"))))
    objects = orjson.loads(read("--format", "json"))
    read("--format", "parquet", "--out", str(tmp_path / "c.parquet"))
    frame = pd.read_parquet(tmp_path / "c.parquet")
    assert list(rows[0]) == list(objects[0]) == list(frame.columns) == list(CONVERSATIONS.columns)
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["posts"] for row in objects] == list(frame["posts"]) == [1234, 3, 3, 3, 3]
    assert [objects[1][name] for name in ("author", "root", "label", "share_strangers")] == [
        *(None, None, "an account", None),
    ]
    assert objects[4]["label"] is None


def test_days_are_read_within_bounds(read: Read, topic: Topic, session: Session, settings: Settings) -> None:
    for day in range(3):
        at = START + day * DAY
        publish(session, settings, topic, {"rank": 1}, period="day", period_start=at, period_end=at + DAY)
    objects = orjson.loads(read("--period", "day", "--from", "2016-05-02", "--format", "json"))
    assert [row["period_start"][:10] for row in objects] == ["2016-05-02", "2016-05-03"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--period", "hour"], 2, "Invalid value for '--period'"),
        (["--min-followers", "-1"], 2, "Invalid value for '--min-followers'"),
        (["--from", "soon"], 2, "--from 'soon' is not a date or ISO time"),
        (["--period", "day"], 1, "has been published. Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/conv"),
    ],
)
def test_what_goes_wrong_is_one_line(
    topic: Topic, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, error: str
) -> None:
    assert main(["conversations", "--topic", topic.topic, *arguments]) == code
    told = capsys.readouterr().err
    assert error in told
    assert told.count("\n") == 1


def test_an_account_is_shown_by_the_run_that_was_computed_last(
    topic: Topic, session: Session, settings: Settings
) -> None:
    later = START + 72 * HOUR
    publish(session, settings, topic, {"rank": 1, "label": "later"}, period_start=later, period_end=later + DAY)
    assert list(read_conversations(session, settings.keyspace, topic)["period_start"]) == [pd.Timestamp(later)]
    assert len(read_conversations(session, settings.keyspace, topic, start=START)) == 6

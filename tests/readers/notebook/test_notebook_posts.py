"""`from readers import posts`: typed frames that equal the table, windows, searches, and parts."""

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from cassandra.cluster import Session

import readers
from conf import ROOT
from conf.errors import StoreDown, WrongUse
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from readers import posts, posts_in_parts
from readers.whole_days.stored_posts import COLUMNS, USUAL
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.packed import rows
from tests.support.posts import stream_line, tweet, user
from tests.support.stored_posts import FIRST, drawn_posts, store_posts

DRAWN = 2_000


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session) -> Topic:
    topic = make_topic(settings)
    store_posts(session, settings, drawn_posts(topic, DRAWN, seed=3))
    return topic


@pytest.fixture(scope="module")
def said(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic with posts that a worker stored, so that they can be searched for."""
    topic, queue = make_topic(settings), PostsQueue(client, "test:notebook-posts")
    queue.ensure_group()
    texts = ("Poe wins", "Işık için POE", "no name", "東京 Poe")
    lines = [
        stream_line(tweet(str(7267 * 10**14 + n), text, author_id=str(n)), [user(str(n), f"Name{n}")])
        for n, text in enumerate(texts)
    ]
    load(lines, topic.topic, queue, session, settings)
    return topic


def keys(frame: pd.DataFrame) -> list[str]:
    return sorted(frame["post_id"])


def test_frames_have_the_rows_of_the_table(topic: Topic, session: Session, settings: Settings) -> None:
    frame = posts(topic.topic, columns=COLUMNS)
    stored = {row["post_id"]: row for row in rows(session, settings.keyspace, POSTS.name, topic.topic)}
    assert len(frame) == len(stored) == DRAWN
    assert frame.attrs["read_from"] == {"cassandra": DRAWN}
    for row in frame.to_arrow().to_pylist():
        other = stored[row["post_id"]]
        for name in COLUMNS:
            value = row[name].replace(tzinfo=None) if isinstance(row[name], datetime) else row[name]
            assert value == (list(other[name]) if isinstance(value, list) else other[name]), name


def test_types_hold_what_the_table_holds(topic: Topic) -> None:
    frame = posts(topic.topic, columns=COLUMNS)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["event_at"] == kinds["author_created_at"] == "datetime64[ms, UTC]"
    assert kinds["author_followers"] == "Int64"
    assert kinds["author_is_bot"] == "boolean"
    assert kinds["lat"] == "float64"
    assert {kinds[name] for name in ("source", "kind", "lang")} == {"category"}
    assert list(frame["source"].cat.categories) == ["x", "bluesky", "mastodon"]
    assert kinds["text"] == "string"
    assert frame["author_followers"].max() == 2**62
    assert 0 < frame["author_followers"].isna().sum() < DRAWN
    assert frame["hashtags"].explode().notna().sum() > 0
    by_polars = frame.to_polars()
    assert by_polars.shape == frame.shape
    assert by_polars["author_followers"].max() == 2**62
    assert isinstance(frame.to_arrow(), pa.Table)
    assert type(frame.head(1)) is pd.DataFrame


def test_an_empty_answer_has_the_same_columns_and_types(topic: Topic) -> None:
    none = posts(topic.topic, "2010-01-01", "2010-02-01")
    some = posts(topic.topic)
    assert len(none) == 0
    assert dict(none.dtypes.drop("lang")) == dict(some.dtypes.drop("lang"))
    assert list(none.columns) == list(USUAL)


@pytest.mark.parametrize("hours", [(0, 24), (5, 30), (23.5, 24.5), (-5, 1), (47, 400)])
def test_a_window_is_half_open(topic: Topic, hours: tuple[float, float]) -> None:
    start, end = (FIRST + timedelta(hours=hour) for hour in hours)
    every = posts(topic.topic)
    wanted = every[(every["event_at"] >= start) & (every["event_at"] < end)]
    assert keys(posts(topic.topic, start, end)) == keys(wanted)
    exact = wanted["event_at"].min()
    assert exact in set(posts(topic.topic, exact, exact + timedelta(milliseconds=1))["event_at"])
    assert exact not in set(posts(topic.topic, end=exact, columns=["event_at"])["event_at"])
    assert keys(posts(topic.topic, start.isoformat(), end.isoformat(), columns=["post_id"])) == keys(wanted)


@pytest.mark.parametrize("size", [1, 300, 1_999, 2_000, 100_000])
def test_parts_hold_the_same_posts(topic: Topic, size: int) -> None:
    parts = posts_in_parts(topic.topic, FIRST, FIRST + timedelta(hours=20 if size == 1 else 72), rows=size)
    some = [next(parts), next(parts)] if size == 1 else list(parts)
    assert {len(part) for part in some[:-1]} <= {size}
    if size > 1:
        assert keys(pd.concat(some)) == keys(posts(topic.topic))
        assert list(some[0].dtypes.drop("lang")) == list(posts(topic.topic).dtypes.drop("lang"))


def test_words_and_authors_are_found_by_their_index(said: Topic) -> None:
    found = posts(said.topic, words="poe")
    assert sorted(found["text"]) == ["Işık için POE", "Poe wins", "東京 Poe"]
    assert found.attrs["read_from"] == {"index": 3}
    assert list(posts(said.topic, words="ISIK", author="@Name1")["author"]) == ["name1"]
    assert list(posts(said.topic, author="name2", columns=["text"])["text"]) == ["no name"]
    assert len(posts(said.topic, words="nobodywritesthis")) == 0
    assert dict(posts(said.topic, words="nobodywritesthis").dtypes.drop("lang")) == dict(found.dtypes.drop("lang"))
    assert sum(map(len, posts_in_parts(said.topic, words="poe", rows=2))) == 3


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: posts("no-such-topic"), "no topic 'no-such-topic'"),
        (lambda t: posts(t, "soon"), "start 'soon' is not a date"),
        (lambda t: posts(t, "2016-05-02", "2016-05-02"), "is not before end"),
        (lambda t: posts(t, columns=["txt"]), "posts have no column 'txt'. Did you mean text?"),
        (lambda t: next(posts_in_parts(t, rows=0)), "Give 1 or more"),
        (lambda t: posts(t, words='"'), ""),
    ],
)
def test_a_wrong_argument_is_told_in_a_line(topic: Topic, call: Any, told: str) -> None:
    with pytest.raises(WrongUse) as raised:
        call(topic.topic)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_cassandra_it_says_so(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_CASSANDRA_PORT", "1")
    with pytest.raises(StoreDown, match="make up"):
        posts(topic.topic)


def test_readers_imports_nothing_heavy_by_itself() -> None:
    code = "import sys, readers; sys.exit('pandas' in sys.modules or 'pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
    summaries = {"cql", "graph", "groups", "poll", "replies", "trends"}
    assert set(readers.__all__) == {"posts", "posts_in_parts"} | summaries
    with pytest.raises(AttributeError):
        readers.nothing  # noqa: B018

"""The job text_families from stored posts to its table: over two networks, with flags, over a day and over hours."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs import author_activity, text_families
from jobs.framework.command import run
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.bluesky import event
from tests.support.loading import load
from tests.support.posts import stream_line, tweet, user

TEXT = "Tomorrow we all vote for a better city so bring your friends and your family"
NOON = datetime(2016, 5, 1, 4, tzinfo=UTC)
DAY = ("--from", "2016-04-30T16:00Z", "--to", "2016-05-01T16:00Z")
HOUR = ("--from", "2016-05-01T05:00Z", "--to", "2016-05-01T06:00Z")
EMPTY = ("--from", "2016-05-01T08:00Z", "--to", "2016-05-01T09:00Z")
LINK = "https://a.example/vote?utm_source=x"


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    topic = make_topic(settings, "")
    lines = []
    for n in range(30):
        created_at = f"2016-05-01T04:{n:02}:00.000Z"
        text = f"{TEXT} https://t.co/{n}"
        urls = [{"start": len(TEXT) + 1, "end": len(text), "url": f"https://t.co/{n}", "expanded_url": LINK}]
        data = tweet(str(9000 + n), text, author_id=str(n), created_at=created_at, entities={"urls": urls})
        lines.append(stream_line(data, [{**user(str(n), f"u{n}"), "created_at": "2016-04-01T00:00:00Z"}]))
    for n in range(10):
        at = NOON + timedelta(hours=1, minutes=n)
        lines.append(event({"text": f"{TEXT} 🗳", "langs": ["en"]}, at, f"did:plc:a{n}"))
    load(lines, topic.topic, PostsQueue(client, "t:texts"), session, settings)
    return topic


def published(session: Session, settings: Settings, topic: Topic, period: str = "window") -> list[Any]:
    cql = f"SELECT * FROM {settings.keyspace}.text_families WHERE topic = %s AND period = %s"
    return list(session.execute(cql, (topic.topic, period)))


def test_a_text_of_two_networks_is_published(
    topic: Topic, settings: Settings, session: Session, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    for job in (author_activity.JOB, text_families.JOB):
        assert run(job, ["--topic", topic.topic, *DAY]) == 0, capsys.readouterr().err
    assert "40 posts read, 2 rows published" in capsys.readouterr().out
    for period in ("day", "window"):
        (row,) = published(session, settings, topic, period)
        assert (row.posts, row.authors, row.sources) == (40, 40, ["bluesky", "x"])
        assert (row.source, row.post_id, row.text) == ("x", "9000", f"{TEXT} https://t.co/0")
        assert (row.links, row.share_flagged, row.new_account_share) == ([LINK], 0.0, 1.0)
        assert row.half_life_seconds == 19 * 60


def test_an_hour_of_few_posts_is_quick_and_an_empty_one_has_no_rows(
    topic: Topic, settings: Settings, session: Session, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(text_families.JOB, ["--topic", topic.topic, *DAY]) == 0
    started = time.monotonic()
    assert run(text_families.JOB, ["--topic", topic.topic, *HOUR]) == 0
    assert time.monotonic() - started < 20
    assert "10 posts read, 1 rows published" in capsys.readouterr().out
    assert {row.authors for row in published(session, settings, topic)} == {40, 10}
    assert run(text_families.JOB, ["--topic", topic.topic, *EMPTY]) == 0
    assert "0 posts read, 0 rows published" in capsys.readouterr().out

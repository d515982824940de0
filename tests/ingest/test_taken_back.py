"""What is taken back is gone from posts, search and the next run of the poll, and an old file doesn't bring it back."""

from pathlib import Path

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from ingest.cli import main
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from readers.search.search import posts_frame, search_posts
from tests.conftest import make_topic
from tests.support.line import X_ID, compliance, x_post
from tests.support.posts import capture
from tests.support.stored import stored

SECOND, THIRD = (str(int(X_ID) + (ms << 22)) for ms in (1000, 2000))
RACES = (
    "races: [{id: president, candidates: ["
    + ", ".join(f"{{id: {name}, name: {name}, aliases: [{name}]}}" for name in ("duterte", "poe", "roxas", "binay"))
    + "]}]\n"
)
EDITED = str(int(X_ID) + (60_000 << 22))


def counts(spark: SparkSession, session: Session, settings: Settings, topic: Topic) -> dict[str, int]:
    """Posts by candidate of the president's race, as a new run of the poll counts them."""
    run_job(JOB, spark, session, settings, topic, parse_window("2026-05-25T15:00Z", "2026-05-25T17:00Z", topic.zone))
    where = "topic = %s AND race = 'president' AND period = 'window'"
    rows = session.execute(f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE {where}", (topic.topic,))
    return {row.candidate: row.posts for row in rows if row.posts}


def found(session: Session, settings: Settings, topic: Topic, word: str) -> set[str]:
    """Posts of the topic that hold a word, by the index that search uses; search must find the same."""
    query = f"SELECT topic, post_id FROM {settings.keyspace}.post_words WHERE words CONTAINS %s"
    ids = {row.post_id for row in session.execute(query, (word,)) if row.topic == topic.topic}
    assert set(posts_frame(search_posts(session, settings.keyspace, topic, word))["post_id"]) == ids
    return ids


def run(*arguments: str) -> None:
    assert main(arguments) == 0


def test_a_deleted_and_an_edited_post_are_gone_for_good(
    spark: SparkSession,
    session: Session,
    settings: Settings,
    stream: PostsQueue,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    topic = make_topic(settings, RACES)
    old, new, file = tmp_path / "old.jsonl", tmp_path / "new.jsonl", tmp_path / "compliance.jsonl"
    texts = {X_ID: "duterte duterte", SECOND: "grace poe", THIRD: "mar roxas"}
    old.write_bytes(capture(*(x_post(post_id, text=text) for post_id, text in texts.items())))
    run("replay", str(old), "--topic", topic.topic)
    run("work", "--drain")
    assert counts(spark, session, settings, topic) == {"duterte": 1, "poe": 1, "roxas": 1}

    new.write_bytes(capture(x_post(EDITED, text="jejomar binay", edit_history_tweet_ids=[SECOND, EDITED])))
    file.write_bytes(capture(compliance()))
    capsys.readouterr()
    run("comply", str(file))
    assert capsys.readouterr().out == "1 lines read, 1 deletions queued, 0 lines refused\n"
    run("replay", str(new), "--topic", topic.topic)
    for again in (False, True):
        if again:
            run("replay", str(old), "--topic", topic.topic)  # an old file
        run("work", "--drain")
        assert stored(session, settings.keyspace, topic.topic).keys() == {THIRD, EDITED}
        assert found(session, settings, topic, "duterte") == found(session, settings, topic, "poe") == set()
        assert found(session, settings, topic, "binay") == {EDITED}
        assert counts(spark, session, settings, topic) == {"binay": 1, "roxas": 1}

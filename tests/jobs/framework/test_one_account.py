"""An author whose table gave a handle and no id is the account whose id other posts tell, in every job."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, POSTS
from ingest.formats import Unit
from ingest.formats.table import Row
from ingest.queue.envelope import envelope_of
from ingest.queue.posts_queue import PostsQueue
from jobs.author_activity import JOB as ACTIVITY
from jobs.candidate_poll import JOB as POLL
from jobs.framework.columns import spark_schema
from jobs.framework.command import run, run_set
from jobs.framework.one_account import TELLING, with_known_ids
from readers.partitions import published_rows
from stores.published import Period
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.posts import stream_line, tweet, user

START, END = datetime(2016, 4, 30, 16, tzinfo=UTC), datetime(2016, 5, 1, 16, tzinfo=UTC)
NOON = datetime(2016, 5, 1, 12, tzinfo=UTC)
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"
Told = tuple[str, str, str | None, list[str]]


@pytest.mark.parametrize(
    ("telling", "found"),
    [
        ([("x", "12", "ana", [])], "12"),  # an author of that handle
        ([("x", "7", "ben", ["12 ana", "13 cai"])], "12"),  # an account that a post names
        ([("x", "12", "ana", []), ("x", "7", None, ["12 ana"])], "12"),  # the same, twice
        ([("x", "12", "ana", []), ("x", "7", "ben", ["13 ana"])], "@ana"),  # the handle passed on
        ([("mastodon", "12", "ana", [])], "@ana"),  # of another network
        ([("x", "12", "anna", []), ("x", "@ana", "ana", [])], "@ana"),  # nobody tells
    ],
)
def test_a_handle_is_the_one_account_that_bears_it(spark: SparkSession, telling: list[Told], found: str) -> None:
    posts = spark.createDataFrame(
        [("x", "1", "@ana"), ("x", "2", "9"), ("x", "3", None)], spark_schema(POSTS, ("source", "post_id", "author_id"))
    )
    known = with_known_ids(posts, spark.createDataFrame(telling, spark_schema(POSTS, TELLING)))
    rows = {(row.post_id, row.author_id) for row in known.collect()}
    known.unpersist()
    assert known.columns == posts.columns
    assert rows == {("1", found), ("2", "9"), ("3", None)}


@pytest.mark.parametrize("is_set", [False, True])
def test_a_table_without_ids_beside_a_capture_gives_an_author_one_vote(
    is_set: bool, spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = make_topic(settings, RACES)
    row = Row(post_id="730000000000000002", event_at=NOON, author_id="@ana_k", author="Ana_K", text="bob")
    other = Row(post_id="730000000000000003", event_at=NOON, author_id="@cai", author="cai", text="bob")
    for each in (row, other):
        queue.add([envelope_of(topic.topic, Unit("table_x", "x", msgspec.json.encode(each)))])
    line = stream_line(tweet("730000000000000001", "ana", author_id="12"), [user("12", "Ana_K")])
    assert load([line], topic.topic, queue, session, settings) == 3
    arguments = ["--topic", topic.topic, "--from", "2016-04-30T16:00Z", "--to", "2016-05-01T16:00Z"]
    if is_set:  # which reads posts once for all its jobs
        assert run_set("daily", [ACTIVITY, POLL], arguments) == 0
    else:
        assert [run(job, arguments) for job in (ACTIVITY, POLL)] == [0, 0]

    query = f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = 'r' AND period = 'window'"
    poll: dict[str, Any] = {row.candidate: row for row in session.execute(query, (topic.topic,))}
    assert (poll["a"].authors_total, poll["b"].authors) == (2, 2)
    assert poll["a"].share_authors == 0.25
    window = Period("", "window", START, END)
    rows = published_rows(session, settings.keyspace, AUTHOR_ACTIVITY, topic, window)
    assert {(row.author, row.label, row.posts) for row in rows} == {("x:12", "ana_k", 2), ("x:@cai", "cai", 1)}

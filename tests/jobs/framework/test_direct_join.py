"""An hour reads an hour: posts are found by ranges of ids, and never missed where an id does not tell the time."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.errors import PulsoError
from conf.settings import Settings
from conf.snowflakes import mastodon_id_at, x_id_at
from conf.topic import Topic
from ingest.formats.post import Post
from ingest.queue.envelope import Message
from ingest.write.rows import Write, row_of
from ingest.write.writer import PostWriter
from jobs.framework.direct_join import PART_OF_DAYS, stored_posts, within
from jobs.framework.inputs import Place, read_posts
from jobs.framework.window import Window
from stores.layout import DayLayouts, record_layout
from stores.prepare import MIGRATE
from stores.untimed import timed_networks

HOUR = datetime(2026, 5, 1, 12, tzinfo=UTC)
END = HOUR + timedelta(hours=1)
TIMES = [HOUR + timedelta(minutes=minutes) for minutes in (-600, -61, 0, 30, 59.99, 60, 61, 500)]


def post(source: str, post_id: str, at: datetime) -> Post:
    return Post(
        source=source,
        post_id=post_id,
        event_at=at,
        author_id="1",
        author="ana",
        text="hello",
        folded="hello",
    )


def topic_of(name: str, session: Session, settings: Settings) -> Topic:
    topic = Topic(topic=name, timezone="Asia/Kolkata", buckets=2)
    record_layout(session, settings.keyspace, topic)
    return topic


def store(posts: Sequence[Post], topic: Topic, session: Session, settings: Settings) -> None:
    writes = [Write(Message(topic.topic, p.source, "", b""), row_of(p, topic), 1) for p in posts]
    assert not PostWriter(session, settings.keyspace).write(writes)


def timed(topic: Topic, session: Session, settings: Settings, window: Window) -> frozenset[str]:
    days = window.days()
    return timed_networks(session, settings.keyspace, topic.topic, days[0], days[-1])


def read(
    spark: SparkSession, session: Session, settings: Settings, topic: Topic, end: datetime = END
) -> tuple[set[str], set[str]]:
    """Returns the ids of the posts that were read, and of those among them that lie in the window."""
    window = Window(HOUR, end, topic.zone)
    buckets = DayLayouts(session, settings.keyspace).of(topic.topic, window.days(), 1)
    frame = stored_posts(spark, settings, topic, window, ["author"], buckets, timed(topic, session, settings, window))
    try:
        inside = within(frame, window, ["post_id"])
        return {row.post_id for row in frame.collect()}, {row.post_id for row in inside.collect()}
    finally:
        frame.unpersist()


def honest_posts() -> list[Post]:
    x = [post("x", str(x_id_at(at) + 5), at.replace(microsecond=0)) for at in TIMES]
    mastodon = [post("mastodon", str(mastodon_id_at(at) + 7), at) for at in TIMES]
    bluesky = [post("bluesky", f"did:plc:{number}/3l3qo2vuowo2b", at) for number, at in enumerate(TIMES)]
    return [*x, *mastodon, *bluesky]


def in_hour(posts: Sequence[Post]) -> set[str]:
    return {p.post_id for p in posts if HOUR <= p.event_at < END}


def test_an_hour_reads_an_hour(spark: SparkSession, session: Session, settings: Settings) -> None:
    topic, posts = topic_of("an_hour", session, settings), honest_posts()
    store(posts, topic, session, settings)
    everything, inside = read(spark, session, settings, topic)
    assert inside == in_hour(posts)
    far = {p.post_id for p in posts if p.source != "bluesky" and abs(p.event_at - HOUR) > timedelta(hours=2)}
    assert far
    assert not everything & far


@pytest.mark.parametrize("source", ["x", "mastodon"])
def test_a_day_with_an_id_that_does_not_tell_the_time_is_read_whole(
    spark: SparkSession, session: Session, settings: Settings, source: str
) -> None:
    topic, posts = topic_of(f"odd_{source}", session, settings), honest_posts()
    odd = post(source, "5", HOUR + timedelta(minutes=3))
    store([*posts, odd], topic, session, settings)
    everything, inside = read(spark, session, settings, topic)
    assert inside == in_hour([*posts, odd])
    same_day = {p.post_id for p in posts if p.source == source and topic.day_of(p.event_at) == date(2026, 5, 1)}
    assert same_day <= everything


def test_days_with_other_numbers_of_partitions_are_read_whole_and_once(
    spark: SparkSession, session: Session, settings: Settings
) -> None:
    topic = topic_of("other_numbers", session, settings)
    window = Window(HOUR, HOUR + timedelta(days=5), topic.zone)
    buckets = dict(zip(window.days(), (2, 5, 5, 1, 9, 2), strict=True))
    posts = [post("bluesky", f"{day}/{number}", HOUR + timedelta(days=day)) for day in range(6) for number in range(20)]
    writes = [
        Write(Message(topic.topic, p.source, "", b""), row_of(p, topic, lambda _, day: buckets[day]), 1) for p in posts
    ]
    assert not PostWriter(session, settings.keyspace).write(writes)
    for day in window.days()[:5]:  # the last has the topic's first buckets
        DayLayouts(session, settings.keyspace).record(topic.topic, [day], buckets[day])
    stored, count, _ = read_posts(Place(spark, session, settings, topic, window), window, ["author"])
    try:
        assert sorted(row.post_id for row in stored.collect()) == sorted(p.post_id for p in posts)
        assert count == 5 * 20
    finally:
        stored.unpersist()


def test_a_backdated_post_is_found_too(spark: SparkSession, session: Session, settings: Settings) -> None:
    topic = topic_of("backdated", session, settings)
    late = post("mastodon", str(mastodon_id_at(HOUR + timedelta(hours=4))), HOUR + timedelta(minutes=1))
    store([late], topic, session, settings)
    assert read(spark, session, settings, topic)[1] == {late.post_id}


def test_a_topic_of_an_earlier_release_is_read_whole(spark: SparkSession, session: Session, settings: Settings) -> None:
    topic, posts = topic_of("earlier", session, settings), honest_posts()
    session.execute(f"DELETE ids_noted FROM {settings.keyspace}.topic_layout WHERE topic = %s", (topic.topic,))
    store(posts, topic, session, settings)
    everything, inside = read(spark, session, settings, topic)
    assert inside == in_hour(posts)
    assert {p.post_id for p in posts if topic.day_of(p.event_at) == date(2026, 5, 1)} == everything


def test_a_span_of_most_of_its_days_is_read_whole(spark: SparkSession, session: Session, settings: Settings) -> None:
    topic, posts = topic_of("most", session, settings), honest_posts()
    store(posts, topic, session, settings)
    assert PART_OF_DAYS == 0.75
    for hours, whole in ((54, False), (54.5, True)):  # of the 72 hours of the three days in Kolkata
        everything, _ = read(spark, session, settings, topic, HOUR + timedelta(hours=hours))
        early = {p.post_id for p in posts if p.source == "x" and p.event_at == TIMES[0]}
        assert (early <= everything) is whole, hours


def test_a_day_is_noted_once_and_before_its_post(session: Session, settings: Settings) -> None:
    topic = topic_of("noted", session, settings)
    window = Window(HOUR, END, topic.zone)
    assert timed(topic, session, settings, window) == {"x", "mastodon"}
    store(honest_posts(), topic, session, settings)
    assert timed(topic, session, settings, window) == {"x", "mastodon"}
    store([post("x", "5", HOUR)], topic, session, settings)
    assert timed(topic, session, settings, window) == {"mastodon"}
    assert timed(topic, session, settings, Window(END + timedelta(days=2), END + timedelta(days=3), topic.zone)) == {
        "x",
        "mastodon",
    }


def test_a_table_that_lacks_a_column_is_told_with_the_fix(
    spark: SparkSession, session: Session, settings: Settings
) -> None:
    window = Window(HOUR, END, topic_of("t_earlier", session, settings).zone)
    at = Place(spark, session, settings, Topic(topic="t_earlier", timezone="Asia/Kolkata", buckets=2), window)
    with pytest.raises(PulsoError) as told:
        read_posts(at, window, ["author", "none_such"])
    assert "none_such" in str(told.value)
    assert MIGRATE in str(told.value)

from datetime import UTC, date, datetime

import pytest
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.partitions import bucket_of
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import parse_topic
from ingest.formats.post import InvalidMessage, Post
from ingest.write.rows import row_of

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila\nbuckets: 4\n", "f")


def full_post() -> Post:
    at = datetime(2016, 5, 8, 16, 30, 1, 234_567, tzinfo=UTC)
    return Post(
        source="x", post_id="é1", event_at=at, author_id="10", author="ana", text="Hi #tág", lang="tl", reply_to="5",
        reply_to_author="bea", folded="hi #tag", hashtags=["tag"], mentions=["bea", "cý"], urls=["https://x.ph"],
        place="Manila", lat=14.5, lon=0.0, author_followers=0, author_following=0,
        author_created_at=datetime(1969, 1, 1, tzinfo=UTC), client="Twitter Web Client",
    )  # fmt: skip


def test_the_day_is_the_topics_own() -> None:
    assert row_of(full_post(), TOPIC).partition == ("t", date(2016, 5, 9), bucket_of("é1", 4))


def test_what_is_unknown_is_unset_and_zero_is_known() -> None:
    values = dict(zip(POSTS.columns, row_of(full_post(), TOPIC).values, strict=True))
    assert values["retweet_of"] is UNSET_VALUE
    assert values["lon"] == bytes(8)
    assert values["author_followers"] == values["author_following"] == bytes(8)
    assert values["client"] == b"Twitter Web Client"


def test_a_number_beyond_64_bits_is_refused() -> None:
    post = full_post()
    post.author_followers = 2**70
    with pytest.raises(InvalidMessage, match="out of range"):
        row_of(post, TOPIC)


def test_encoding_is_the_drivers_own(session: Session, settings: Settings) -> None:
    insert = session.prepare(POSTS.insert(settings.keyspace))
    row = row_of(full_post(), TOPIC)
    driver = []
    for column, value in zip(insert.column_metadata, row.values, strict=True):
        if value is UNSET_VALUE:
            driver.append(UNSET_VALUE)
            continue
        decoded = column.type.deserialize(value, session.cluster.protocol_version)
        driver.append(column.type.serialize(decoded, session.cluster.protocol_version))
    sets = [i for i, column in enumerate(insert.column_metadata) if column.name == "words"]
    for i, (own, theirs) in enumerate(zip(row.values, driver, strict=True)):
        if i not in sets:
            assert own == theirs, insert.column_metadata[i].name
        else:
            assert sorted(own) == sorted(theirs)

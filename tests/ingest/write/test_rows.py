from datetime import UTC, date, datetime

import pytest
from cassandra.cluster import Session
from cassandra.cqltypes import ListType, UTF8Type
from cassandra.protocol import ProtocolHandler
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, BoundStatement

from conf.partitions import bucket_of
from conf.schema import bound
from conf.settings import Settings
from conf.tables import POST_TABLES, POST_WORDS, POSTS
from conf.topic import parse_topic
from ingest.formats.post import InvalidMessage, Post
from ingest.write.post_statements import PostStatements, new_batch
from ingest.write.rows import row_of
from stores.encoded import written_at
from stores.encoding import ENCODERS
from tests.support.encoded import values_in

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
    values = dict(zip(POSTS.columns, values_in(row_of(full_post(), TOPIC).posts), strict=True))
    assert values["retweet_of"] is UNSET_VALUE
    assert values["lon"] == bytes(8)
    assert values["author_followers"] == values["author_following"] == bytes(8)
    assert values["client"] == b"Twitter Web Client"


def test_every_table_has_the_same_key_and_its_own_columns() -> None:
    assert {(table.partition, table.clustering) for table in POST_TABLES} == {(POSTS.partition, POSTS.clustering)}
    row = row_of(full_post(), TOPIC)
    posts = dict(zip(POSTS.columns, values_in(row.posts), strict=True))
    words = dict(zip(POST_WORDS.columns, values_in(row.words), strict=True))
    assert row.key == ("t", date(2016, 5, 9), bucket_of("é1", 4), "x", "é1")
    assert {name: posts[name] for name in POSTS.key} == {name: words[name] for name in POST_WORDS.key}
    assert "words" not in posts
    assert all(word in words["words"] for word in (b"hi", b"tag", b"#tag"))
    known = (value for of in (posts, words) for value in of.values() if isinstance(value, bytes))
    assert row.size == sum(map(len, known))


def test_a_number_beyond_64_bits_is_refused() -> None:
    post = full_post()
    post.author_followers = 2**70
    with pytest.raises(InvalidMessage, match="out of range"):
        row_of(post, TOPIC)


@pytest.mark.parametrize("texts", [[], ["a", ""], ["x" * 127, "b"], ["x" * 128], ["é", "c"], ["x" * 70_000, "日本"]])
def test_texts_are_encoded_as_by_the_driver(texts: list[str]) -> None:
    theirs = ListType.apply_parameters([UTF8Type]).serialize(texts, 5)
    assert ENCODERS["frozen<list<text>>"](texts) == theirs


@pytest.mark.parametrize("number", range(len(POST_TABLES)), ids=[table.name for table in POST_TABLES])
def test_encoding_is_the_drivers_own(session: Session, settings: Settings, number: int) -> None:
    insert = session.prepare(POST_TABLES[number].insert(settings.keyspace))
    row = row_of(full_post(), TOPIC)
    values = values_in((row.posts, row.words)[number])
    driver = []
    for column, value in zip(insert.column_metadata, values, strict=True):
        if value is UNSET_VALUE:
            driver.append(UNSET_VALUE)
            continue
        decoded = column.type.deserialize(value, session.cluster.protocol_version)
        driver.append(column.type.serialize(decoded, session.cluster.protocol_version))
    sets = [i for i, column in enumerate(insert.column_metadata) if column.name == "words"]
    for i, (own, theirs) in enumerate(zip(values, driver, strict=True)):
        if i not in sets:
            assert own == theirs, insert.column_metadata[i].name
        else:
            assert sorted(own) == sorted(theirs)


def test_a_batch_of_encoded_rows_is_the_drivers_own(session: Session, settings: Settings) -> None:
    statements = PostStatements(session, settings.keyspace)
    row, batch = row_of(full_post(), TOPIC), new_batch()
    statements.insert(batch, row, 5, 7)
    statements.delete(batch, row.key, 4)
    theirs = BatchStatement(BatchType.UNLOGGED)
    for table, values in zip(POST_TABLES, (row.posts, row.words), strict=True):
        insert = BoundStatement(session.prepare(table.insert(settings.keyspace, timestamp=True, ttl=True)))
        insert.values = values_in(values + written_at(5, 7))
        theirs.add(insert)
    for table in POST_TABLES:
        theirs.add(session.prepare(table.delete(settings.keyspace, bound(POSTS.key))), (4, *row.key))
    assert (batch.routing_key, batch.keyspace) == (theirs.routing_key, theirs.keyspace)
    own, driver = (
        handler.encode_message(session._create_response_future(one, None, False, {}, 1.0).message, 3, 5, None, False)
        for handler, one in ((session.client_protocol_handler, batch), (ProtocolHandler, theirs))
    )
    assert own == driver

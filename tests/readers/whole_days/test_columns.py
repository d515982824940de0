"""Whole days as Arrow tables: the same values as the driver gives, whatever they are and however pages fall."""

from collections.abc import Sequence
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from readers.whole_days import stored_posts, wire
from readers.whole_days.columns import decoded
from readers.whole_days.stored_posts import COLUMNS, TTL, read_days, stored_days
from tests.conftest import make_topic
from tests.support.packed import rows
from tests.support.stored_posts import drawn_posts, store_posts

POSTS_STORED = 1_200


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session) -> Topic:
    topic = make_topic(settings)
    assert store_posts(session, settings, drawn_posts(topic, POSTS_STORED)) == POSTS_STORED
    return topic


def plain(value: Any) -> Any:
    """Returns a value as the driver and Arrow both have it."""
    if hasattr(value, "tzinfo"):
        return value.replace(tzinfo=None)
    return tuple(value) if isinstance(value, list | tuple) else value


def by_id(found: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {row["post_id"]: tuple(plain(row[name]) for name in COLUMNS) for row in found}


@pytest.mark.parametrize(("page", "together"), [(100, 64), (7, 5), (1, 64)])
def test_every_column_of_every_post_is_as_the_driver_gives_it(
    topic: Topic, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, page: int, together: int
) -> None:
    monkeypatch.setattr(stored_posts, "PAGE", page)
    monkeypatch.setattr(stored_posts, "TOGETHER", together)
    days = stored_days(session, settings.keyspace, topic)
    assert len(days) == 3
    found: list[dict[str, Any]] = []
    with wire.raw_session(session) as raw:
        for day, table in read_days(session, raw, settings.keyspace, topic, days, (*COLUMNS, TTL)):
            table.validate(full=True)
            of_table = table.to_pylist()
            assert {topic.day_of(row["event_at"]) for row in of_table} == {day}
            found += of_table
    assert {row[TTL] for row in found} == {None}
    stored = rows(session, settings.keyspace, POSTS.name, topic.topic)
    assert by_id(found) == by_id(stored)
    assert len(found) == POSTS_STORED


def test_no_pages_are_no_rows_with_the_same_types() -> None:
    types = {"text": "text", "at": "timestamp", "tags": "frozen<list<text>>", "n": "bigint"}
    empty = decoded([], types)
    assert (empty.num_rows, empty.column_names) == (0, [*types])
    nothing = decoded([wire.Page(0, b"")], types)
    assert nothing.schema == empty.schema
    one = decoded([wire.Page(1, b"\xff\xff\xff\xff" * 4)], types)
    assert one.to_pylist() == [dict.fromkeys(types)]
    assert one.schema == empty.schema

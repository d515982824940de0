"""The newest posts of a search, with few columns; and whether the same search would still find the same.

A search takes long, and a look at what it rests on is short: the posts themselves, since what was deleted must not be
shown again, not even before it is counted; and how often the days were changed, since new posts must be found.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from conf.schema import bound
from conf.tables import POSTS
from conf.topic import Topic
from readers.search.post_reads import Key, Place, Row, key_of
from readers.search.statements import Statements
from stores.changed_days import changes_between

_WRITTEN = ("event_at", "author", "text", "text_more")
"""The columns whose write times are compared: an edit writes a post anew, and one that is stripped loses them."""
_TIMES = [f"WRITETIME({name}) AS {name}_written" for name in _WRITTEN]
_IDS = ("day", "bucket", "source", "post_id")
SELECTED = (*_IDS, "event_at", "author_id", "author", "text", "text_more", "kind", "hashtags", *_TIMES)
"""What is selected of each post: what is shown, what a search looks at, and its write times."""
Days = tuple[date, date]
Written = tuple[int | None, ...]


@dataclass(frozen=True)
class Basis:
    """What a result rests on: the days that count, the changes of each of them and of `every` day, and its posts."""

    days: Days
    changes: Mapping[date, int]
    every: int
    posts: Mapping[tuple[Place, Key], Written]


@dataclass(frozen=True)
class FirstPosts:
    """The newest posts of a search, rows with the columns SELECTED; whether there are `more`; what that rests on."""

    rows: Sequence[Row]
    more: bool
    basis: Basis


def first_posts(rows: Sequence[Row], most: int, before: Basis) -> FirstPosts:
    """Returns at most `most` of the rows that a search has found, newest first. `before` was read before it.

    Where there are more, days before the oldest of them do not count: what is stored there is shown nowhere.
    """
    more = len(rows) > most
    days = (min(row.day.date() for row in rows), before.days[1]) if more else before.days
    changes = {day: number for day, number in before.changes.items() if day >= days[0]}
    return FirstPosts(rows[:most], more, Basis(days, changes, before.every, _posts(rows[:most])))


def read_changes(statements: Statements, topic: Topic, days: Days) -> Basis:
    """Returns what a search in these days will rest on, without posts."""
    return Basis(days, *changes_between(statements.session, statements.keyspace, topic.topic, *days), {})


def is_same(statements: Statements, topic: Topic, basis: Basis) -> bool:
    """Returns whether the search would find the same posts. Raises the driver's errors."""
    parts = defaultdict[Place, list[Key]](list)
    for place, key in basis.posts:
        parts[place].append(key)
    where = f"WHERE {bound(POSTS.partition)} AND (source, post_id) IN ?"
    statement = statements.select(", ".join((*_IDS, *_TIMES)), where)
    send = statements.session.execute_async
    asked = [send(statement, (topic.topic, *place, keys)) for place, keys in parts.items()]
    now = read_changes(statements, topic, basis.days)
    posts = _posts([row for future in asked for row in future.result()])
    return (now.changes, now.every, posts) == (basis.changes, basis.every, basis.posts)


def _posts(rows: Sequence[Row]) -> dict[tuple[Place, Key], Written]:
    return {
        ((row.day.date(), row.bucket), key_of(row)): tuple(getattr(row, f"{name}_written") for name in _WRITTEN)
        for row in rows
    }

"""The newest posts of a search, with few columns; and whether the same search would still find the same.

A search takes long, and a look at what it rests on is short: the posts themselves, since what was deleted must not be
shown again, not even before it is counted; and how often the days were changed, since new posts must be found.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

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
Changes = tuple[dict[date, int], int]
"""The changes of each day that was ever changed, and those of every day."""
Written = tuple[int | None, ...]


@dataclass(frozen=True)
class Basis:
    """What a result rests on: the days that count, a digest of their changes, and its posts."""

    days: Days
    changes: bytes
    posts: Mapping[tuple[Place, Key], Written]


@dataclass(frozen=True)
class FirstPosts:
    """The newest posts of a search, rows with the columns SELECTED; whether there are `more`; what that rests on.

    `unread` are days, the oldest ones, that were not searched for lack of time.
    """

    rows: Sequence[Row]
    more: bool
    basis: Basis
    unread: int = 0


def first_posts(rows: Sequence[Row], most: int, days: Days, changes: Changes, unread: int = 0) -> FirstPosts:
    """Returns at most `most` of the rows that a search has found, newest first. `changes` were read before it.

    Where there are more, days before the oldest of them do not count: what is stored there is shown nowhere.
    """
    more = len(rows) > most
    if more:
        days = (min(row.day.date() for row in rows), days[1])
    return FirstPosts(rows[:most], more, Basis(days, _digest(changes, days), _posts(rows[:most])), unread)


def read_changes(statements: Statements, topic: Topic, days: Days) -> Changes:
    """Returns the changes of these days. Raises the driver's errors."""
    return changes_between(statements.session, statements.keyspace, topic.topic, *days)


def is_same(statements: Statements, topic: Topic, basis: Basis) -> bool:
    """Returns whether the search would find the same posts. Raises the driver's errors."""
    parts = defaultdict[Place, list[Key]](list)
    for place, key in basis.posts:
        parts[place].append(key)
    where = f"WHERE {bound(POSTS.partition)} AND (source, post_id) IN ?"
    statement = statements.select(", ".join((*_IDS, *_TIMES)), where)
    send = statements.session.execute_async
    asked = [send(statement, (topic.topic, *place, keys)) for place, keys in parts.items()]
    changes = _digest(read_changes(statements, topic, basis.days), basis.days)
    posts = _posts([row for future in asked for row in future.result()])
    return (changes, posts) == (basis.changes, basis.posts)


def _digest(changes: Changes, days: Days) -> bytes:
    of_days = sorted((day.toordinal(), number) for day, number in changes[0].items() if day >= days[0])
    return sha256(f"{changes[1]} {of_days}".encode()).digest()


def _posts(rows: Sequence[Row]) -> dict[tuple[Place, Key], Written]:
    return {
        ((row.day.date(), row.bucket), key_of(row)): tuple(getattr(row, f"{name}_written") for name in _WRITTEN)
        for row in rows
    }

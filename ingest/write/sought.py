"""Where the posts of deletions may stand: few queries for many deletions, in every topic.

A file of an election's deletions names hundreds of thousands of posts, and most were never stored. So what may stand in
the same partition is asked for together, and days of which nothing is stored are not asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from cassandra.cluster import Session
from cassandra.query import PreparedStatement

from conf.partitions import bucket_of
from conf.schema import bound
from conf.snowflakes import mastodon_made_at, x_made_at
from conf.tables import HIDDEN_POSTS, POSTS, TOPIC_LAYOUT
from ingest.formats.limits import is_time
from ingest.formats.post import Deletion, InvalidMessage
from stores.layout import DayLayouts
from stores.prepare import prepared

COLUMNS = ", ".join((*POSTS.columns, "WRITETIME(author_id) AS written", "TTL(author_id) AS ttl"))
TABLES = {False: POSTS, True: HIDDEN_POSTS}
"""The tables of posts, by whether these are hidden."""
TOGETHER = 100
"""The most posts, or accounts, that one query asks for."""
_ONE_DAY = timedelta(days=1)
_NAMED_BY = ("post_id", "author", "author_id")
"""The columns by which a deletion names a post or an account."""
_BY_ID: Mapping[str, Callable[[str], datetime | None]] = {"x": x_made_at, "mastodon": mastodon_made_at}
"""What tells when a post was made by its id, for networks whose deletions do not name the author."""

Name = tuple[str, str, str]
"""A network, one of _NAMED_BY, and its value."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query for rows of one table, and the places of the deletions that its rows may be about, by name."""

    hidden: bool
    statement: PreparedStatement
    values: tuple[Any, ...]
    places: Mapping[Name, list[int]]

    def about(self, row: Any) -> Iterator[int]:
        """Yields the places of the deletions that a row is about."""
        for column in _NAMED_BY:
            yield from self.places.get((row.source, column, getattr(row, column)), ())


class SoughtPosts:
    """Makes the queries. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session, self._keyspace = session, keyspace
        self._of_author, self._some_of_author, self._by_author_id, self._in_topics = (
            {
                hidden: prepared(session, f"SELECT {COLUMNS} FROM {keyspace}.{table.name} WHERE {where}")
                for hidden, table in TABLES.items()
            }
            for where in (
                "author = ?",
                "author = ? AND post_id IN ? ALLOW FILTERING",
                f"{bound(POSTS.partition)} AND author_id IN ? ALLOW FILTERING",
                f"topic IN ? AND {bound(POSTS.partition[1:])} AND ({', '.join(POSTS.clustering)}) IN ?",
            )
        )
        self._layouts = f"SELECT topic, timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name}"
        self._days = DayLayouts(session, keyspace)

    def queries(self, deletions: Sequence[Deletion]) -> Iterator[Query]:
        """Yields the queries for the rows that deletions are about, in every topic. They must be `dated`."""
        of_author: dict[str, dict[int, Deletion]] = defaultdict(dict)
        by_author_id: dict[str, dict[int, Deletion]] = defaultdict(dict)
        dated: dict[int, Deletion] = {}
        for place, each in enumerate(deletions):
            if each.author:
                of_author[each.author][place] = each
            elif each.post_id is not None and each.at:
                dated[place] = each
            elif each.author_id:
                by_author_id[each.author_id][place] = each
        for author, sought in of_author.items():
            yield from self._of(author, sought)
        yield from self._everywhere(by_author_id)
        yield from self.near(dated) if dated else ()

    def near(self, sought: Mapping[int, Deletion], topic: str | None = None) -> Iterator[Query]:
        """Yields the queries for where each topic, or one, may have stored these posts."""
        together: dict[tuple[date, int, tuple[str, ...]], list[int]] = defaultdict(list)
        for place, partitions in self._partitions(sought, topic).items():
            for partition, names in partitions.items():
                together[*partition, tuple(names)].append(place)
        for (day, bucket, topics), places in together.items():
            for start in range(0, len(places), TOGETHER):
                some = _names({place: sought[place] for place in places[start : start + TOGETHER]})
                values = (list(topics), day, bucket, [(source, post_id) for source, _, post_id in some])
                for hidden, statement in self._in_topics.items():
                    yield Query(hidden, statement, values, some)

    def _of(self, author: str, sought: Mapping[int, Deletion]) -> Iterator[Query]:
        """Yields the queries for posts of one author, or for all."""
        names = _names(sought)
        ids = list({post_id for _, column, post_id in names if column == "post_id"})
        whole = any(each.post_id is None for each in sought.values())
        for hidden in TABLES:
            if whole:
                yield Query(hidden, self._of_author[hidden], (author,), names)
            for start in range(0, 0 if whole else len(ids), TOGETHER):
                some = ids[start : start + TOGETHER]
                yield Query(hidden, self._some_of_author[hidden], (author, some), names)

    def _everywhere(self, by_author_id: Mapping[str, Mapping[int, Deletion]]) -> Iterator[Query]:
        """Yields queries that read every partition: no index is kept for the few messages that give only an id."""
        ids = list(by_author_id)
        for start in range(0, len(ids), TOGETHER):
            some = ids[start : start + TOGETHER]
            names = _names(dict(chain.from_iterable(by_author_id[author_id].items() for author_id in some)))
            for hidden, table in TABLES.items():
                partitions = f"SELECT DISTINCT {', '.join(POSTS.partition)} FROM {self._keyspace}.{table.name}"
                for key in self._session.execute(partitions):
                    yield Query(hidden, self._by_author_id[hidden], (*key, some), names)

    def _partitions(
        self, sought: Mapping[int, Deletion], topic: str | None
    ) -> dict[int, dict[tuple[date, int], list[str]]]:
        """Returns, for each post, the days and buckets where it may stand, and in which topics."""
        found: dict[int, dict[tuple[date, int], list[str]]] = defaultdict(lambda: defaultdict(list))
        near: dict[str, dict[int, list[date]]] = {}
        for layout in self._session.execute(self._layouts):
            if topic not in (None, layout.topic):
                continue
            zone = layout.timezone
            if zone not in near:
                near[zone] = {place: _days(each, ZoneInfo(zone)) for place, each in sought.items()}
            buckets = self._days.stored(layout.topic, set(chain(*near[zone].values())), layout.buckets)
            for place, days in near[zone].items():
                for day in days:
                    if day in buckets:
                        bucket = bucket_of(sought[place].post_id or "", buckets[day])
                        found[place][day, bucket].append(layout.topic)
        return found


def dated(deletion: Deletion) -> Deletion:
    """Returns a deletion that can be looked for: it names the account, or says when the post was made.

    Raises InvalidMessage if neither the deletion nor the post's id says when that was.
    """
    if deletion.author:
        return deletion
    post_id = deletion.post_id or ""
    made_at_id = _BY_ID.get(deletion.source)
    made = deletion.at or (made_at_id(post_id) if made_at_id else None)
    if is_time(made):
        return replace(deletion, at=made)
    if deletion.author_id:
        return deletion
    raise InvalidMessage(f"the id {post_id[:40]!r} does not tell when the post was made, and nothing else does")


def _days(deletion: Deletion, zone: ZoneInfo) -> list[date]:
    """Returns the days of which a topic of this time zone may have stored the post."""
    assert deletion.at is not None
    day = deletion.at.astimezone(zone).date()
    shifts = (0,) if deletion.source == "x" else (-1, 0, 1)
    return [day + shift * _ONE_DAY for shift in shifts]


def _names(sought: Mapping[int, Deletion]) -> dict[Name, list[int]]:
    """Returns the places of deletions by what they name."""
    found: dict[Name, list[int]] = defaultdict(list)
    for place, each in sought.items():
        column = next(column for column in _NAMED_BY if getattr(each, column) is not None)
        found[each.source, column, getattr(each, column)].append(place)
    return found

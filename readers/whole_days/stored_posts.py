"""Reads whole days of posts from Cassandra as Arrow tables, several partitions at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.nearest import did_you_mean
from conf.schema import bound
from conf.tables import MATCHED, POSTS
from conf.topic import Topic
from readers.whole_days.columns import decoded
from readers.whole_days.wire import Page, raw_pages
from stores.layout import DayLayouts
from stores.prepare import prepared

READS, PAGE = 32, 1000
"""Partitions that are read at once, so that Cassandra has work while pages are decoded; and rows of a page."""
TOGETHER = 64
"""Pages that are decoded together: with fewer of them decoding takes more time, with more of them more memory."""
COLUMNS = tuple(name for name in POSTS.columns if name not in ("topic", "day", "bucket", *MATCHED.values()))
"""The columns of posts that frames may have."""
USUAL = (
    *("event_at", "source", "post_id", "author_id", "author", "kind", "lang", "text", "hashtags", "mentions", "urls"),
    *("retweet_of", "retweet_of_author", "reply_to", "reply_to_author", "quote_of", "quote_of_author"),
    "author_followers",
)
"""The columns of frames where nobody names others."""
FEW = ("source", "kind", "lang")
"""Columns with few values: they become categories."""
TTL = "ttl"
"""The column of seconds that are left to a row, null for ever; it has the values of TTL(author_id)."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A half-open window of event times, UTC. None means no limit on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def touches(self, topic: Topic, day: date) -> bool:
        """Returns whether a day of a topic has a part in the window."""
        begin, end = day_bounds(topic, day)
        return (self.end is None or begin < self.end) and (self.start is None or end > self.start)

    def cut(self, rows: pa.Table, topic: Topic, day: date) -> pa.Table:
        """Returns the posts of a day that lie in the window."""
        begin, end = day_bounds(topic, day)
        if self.start is not None and self.start > begin:
            rows = rows.filter(pc.greater_equal(rows["event_at"], self.start))
        if self.end is not None and self.end < end:
            rows = rows.filter(pc.less(rows["event_at"], self.end))
        return rows


def day_bounds(topic: Topic, day: date) -> tuple[datetime, datetime]:
    """Returns the start and the end of a day of a topic, UTC."""
    begin, end = (datetime.combine(at, time(0), topic.zone).astimezone(UTC) for at in (day, day + _ONE_DAY))
    return begin, end


def chosen(columns: Sequence[str] | None) -> tuple[str, ...]:
    """Returns the columns that a caller asks for. Raises WrongUse for one that posts do not have."""
    for name in columns or ():
        if name not in COLUMNS:
            known = f"They have {', '.join(COLUMNS)}"
            raise WrongUse(f"posts have no column {name!r}", did_you_mean(name, COLUMNS, known))
    return tuple(dict.fromkeys(columns)) if columns else USUAL


def stored_days(session: Session, keyspace: str, topic: Topic) -> list[date]:
    """Returns the days with stored posts, in order. Slow: Cassandra reads the keys of all partitions of all topics."""
    keys = session.execute(f"SELECT DISTINCT topic, day, bucket FROM {keyspace}.{POSTS.name}", timeout=120)
    return sorted({key.day.date() for key in keys if key.topic == topic.topic})


def read_days(
    session: Session, raw: Session, keyspace: str, topic: Topic, days: Sequence[date], columns: Sequence[str]
) -> Iterator[tuple[date, pa.Table]]:
    """Yields posts of days, some thousands at a time; each table has rows of one day alone.

    Days come about in order, and a day may come several times. `raw` is a session whose answers are pages of bytes.
    What is in memory does not depend on the number of posts.
    """
    types = {name: "int" if name == TTL else POSTS.columns[name].cql for name in columns}
    names = ", ".join(f"TTL(author_id) AS {TTL}" if name == TTL else name for name in columns)
    statement = prepared(session, f"SELECT {names} FROM {keyspace}.{POSTS.name} WHERE {bound(POSTS.partition)}")
    statement.fetch_size = PAGE
    layout = DayLayouts(session, keyspace).of(topic.topic, days, topic.buckets)
    keys = ((topic.topic, day, bucket) for day in days for bucket in range(layout[day]))
    waiting: list[tuple[Any, Page]] = []
    for key, page in raw_pages(raw, statement, keys, READS):
        if not page.rows:
            continue
        waiting.append((key[1], page))
        if len(waiting) == TOGETHER:
            yield from _tables(waiting, types)
            waiting = []
    yield from _tables(waiting, types)


def _tables(waiting: Sequence[tuple[date, Page]], types: dict[str, str]) -> Iterator[tuple[date, pa.Table]]:
    if not waiting:
        return
    by_day = sorted(waiting, key=lambda each: each[0])
    table, at = decoded([page for _, page in by_day], types), 0
    for day, pages in groupby(by_day, key=lambda each: each[0]):
        rows = sum(page.rows for _, page in pages)
        yield day, table.slice(at, rows)
        at += rows

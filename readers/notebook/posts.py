"""Posts as frames: of a window, in parallel by partition; days that are kept as files come from there."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.settings import Settings, load_settings
from conf.tables import POSTS
from conf.terminal import progress
from conf.topic import Topic, load_topic
from readers.mirror.days import MirroredDays
from readers.notebook.frame import Frame, When, from_arrow, instant
from readers.search.post_reads import Span as SearchSpan
from readers.search.search import PostSearch
from readers.whole_days.stored_posts import FEW, Span, chosen, read_days, stored_days
from readers.whole_days.wire import raw_session
from stores.connect import cassandra_session
from stores.layout import check_layout
from stores.refused import silence_told

ROWS = 100_000
"""Posts of a frame of `posts_in_parts`, unless it is asked for another number."""
QUIET = 2.0
"""Seconds after which a person is shown how far a read is."""
MIRROR, CASSANDRA, INDEX = "mirror", "cassandra", "index"
"""Where posts come from: files of kept days, whole days of Cassandra, its indexes of words and authors."""


def posts(
    topic: str,
    start: When = None,
    end: When = None,
    *,
    words: str = "",
    author: str = "",
    columns: Sequence[str] | None = None,
    mirror: bool = True,
) -> Frame:
    """Returns the posts of a window as a frame, in no particular order.

    `start` and `end` (half-open) are dates or times, UTC; left out, they are no limit. `words` are searched for as
    `readers search` does; `author` is a handle. `columns` names columns of `posts`. Days that `readers mirror` keeps
    as files come from there, unless `mirror` is false; `attrs["read_from"]` says how many posts came from where.

    Memory holds what is returned, and some 100 MB. Raises WrongUse for a wrong argument, StoreDown if Cassandra does
    not answer.
    """
    read = Counter[str]()
    tables = list(_tables(topic, start, end, words, author, chosen(columns), mirror, read))
    return _frame(tables, chosen(columns), read)


def posts_in_parts(  # noqa: PLR0913 - what `posts` takes, and the size
    topic: str,
    start: When = None,
    end: When = None,
    *,
    words: str = "",
    author: str = "",
    columns: Sequence[str] | None = None,
    mirror: bool = True,
    rows: int = ROWS,
) -> Iterator[Frame]:
    """Yields the posts of a window in frames of about `rows` posts: for what does not fit into memory.

    The arguments and errors are those of `posts`. At most one frame and some 100 MB are in memory.
    """
    if rows < 1:
        raise WrongUse(f"rows is {rows}", "Give 1 or more")
    read, waiting, count = Counter[str](), list[pa.Table](), 0
    for table in _tables(topic, start, end, words, author, chosen(columns), mirror, read):
        at = 0
        while at < table.num_rows:
            some = table.slice(at, rows - count)
            waiting.append(some)
            at, count = at + some.num_rows, count + some.num_rows
            if count == rows:
                yield _frame(waiting, chosen(columns), read)
                waiting, count = [], 0
    if waiting:
        yield _frame(waiting, chosen(columns), read)


def _frame(tables: Sequence[pa.Table], columns: Sequence[str], read: Counter[str]) -> Frame:
    if not tables:
        tables = [MirroredDays.no_rows(columns)]
    declared = {name: POSTS.columns[name] for name in columns}
    return from_arrow(pa.concat_tables(tables).select(list(columns)), declared, read_from=dict(read))


@dataclass(frozen=True)
class _Reading:
    session: Session
    settings: Settings
    topic: Topic
    span: Span
    columns: tuple[str, ...]
    read: Counter[str]


def _tables(  # noqa: PLR0913, PLR0917 - what `posts` takes
    name: str,
    start: When,
    end: When,
    words: str,
    author: str,
    columns: tuple[str, ...],
    mirror: bool,
    read: Counter[str],
) -> Iterator[pa.Table]:
    settings = load_settings()
    topic = load_topic(name, settings.topics_dir)
    span = Span(instant("start", start), instant("end", end))
    if span.start and span.end and span.start >= span.end:
        raise WrongUse(f"start {span.start:%Y-%m-%dT%H:%MZ} is not before end", "A window is [start, end)")
    asked = columns if "event_at" in columns else (*columns, "event_at")
    with silence_told("See `make status`; run it again"), cassandra_session(settings) as session, _shown() as show:
        check_layout(session, settings.keyspace, topic)
        reading = _Reading(session, settings, topic, span, asked, read)
        tables = _found(reading, words, author) if words or author else _days(reading, mirror, show)
        for source, table in tables:
            read[source] += table.num_rows
            yield table


def _days(reading: _Reading, mirror: bool, show: Callable[[int, int], None]) -> Iterator[tuple[str, pa.Table]]:
    """Yields the posts of whole days, from the files of kept days where these are whole and current."""
    session, topic, keyspace = reading.session, reading.topic, reading.settings.keyspace
    kept = MirroredDays(session, reading.settings, topic) if mirror else None
    days = [day for day in stored_days(session, keyspace, topic) if reading.span.touches(topic, day)]
    others = []
    for number, day in enumerate(days, 1):
        table = kept.read(day, reading.columns) if kept else None
        if table is None:
            others.append(day)
            continue
        show(number - len(others), len(days))
        yield MIRROR, reading.span.cut(table, topic, day)
    if not others:
        return
    done = len(days) - len(others)
    with raw_session(session) as raw:
        for day, table in read_days(session, raw, keyspace, topic, others, reading.columns):
            show(done + others.index(day), len(days))
            yield CASSANDRA, _few(reading.span.cut(table, topic, day))


def _found(reading: _Reading, words: str, author: str) -> Iterator[tuple[str, pa.Table]]:
    """Yields the posts that a search finds."""
    search = PostSearch(reading.session, reading.settings.keyspace, reading.topic)
    query = " ".join(filter(None, (words, f"@{author.removeprefix('@')}" if author else "")))
    schema = MirroredDays.no_rows(reading.columns, few=False).schema
    for page in search.pages(query, SearchSpan(reading.span.start, reading.span.end)):
        yield INDEX, _few(pa.Table.from_pandas(page[list(reading.columns)], schema=schema, preserve_index=False))


def _few(table: pa.Table) -> pa.Table:
    for number, name in enumerate(table.column_names):
        if name in FEW:
            table = table.set_column(number, name, table[name].dictionary_encode())
    return table


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None]]:
    """Yields a function that shows the number of finished days and of all days, once a read takes longer than QUIET."""
    began, task = time.monotonic(), None
    display = progress()
    is_notebook = "ipykernel" in sys.modules

    def show(done: int, days: int) -> None:
        nonlocal task
        if time.monotonic() - began < QUIET:
            return
        if task is None:
            display.disable = display.disable and not is_notebook
            display.start()
            task = display.add_task("posts", total=days, note="days")
        display.update(task, completed=done, total=days)

    try:
        yield show
    finally:
        display.stop()

"""The inputs of jobs: objects that describe which rows a job reads, and that read them.

`Posts` reads the posts of a window, and `Published` (`published.py`) the rows of one run of another job. The rows are
persisted, since the checks and the transform both use them, and since the connector's join must not be below an
exchange (`direct_join.py`).
"""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

from cassandra.cluster import Session
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.schema import Table
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from jobs.framework.counted_once import counted_once, may_repeat
from jobs.framework.counting import first_pass
from jobs.framework.direct_join import lies_in, stored_posts, within
from jobs.framework.expectations import of_posts
from jobs.framework.expected import Checks
from jobs.framework.one_account import TELLING, is_by_handle, with_known_ids
from jobs.framework.window import Window
from stores.layout import DayLayouts
from stores.prepare import prepared
from stores.untimed import timed_networks

if TYPE_CHECKING:
    from jobs.framework.job import Job


@dataclass(frozen=True)
class Place:
    """Everything that an input needs for reading: sessions, settings, the topic and the window.

    `posts` are posts that several jobs share; without them, each job reads its own.
    """

    spark: SparkSession
    session: Session
    settings: Settings
    topic: Topic
    window: Window
    posts: "SharedPosts | None" = None


@dataclass(frozen=True)
class Read:
    """The rows that an input has read.

    `frame` is for the transform. `stored` is persisted, and the caller must release it; it is None if somebody else
    does. `posts` is the number of posts in the window. `run_id` and `method` are those of the run that published the
    rows. `checks` is what is expected of the rows, and what the reading of them counted.
    """

    frame: DataFrame
    stored: DataFrame | None
    posts: int = 0
    run_id: uuid.UUID | None = None
    method: str = ""
    checks: Checks | None = None


class Input(Protocol):
    """An object that describes which rows a job reads, and that reads them."""

    @property
    def table(self) -> Table:
        """The table that the input reads."""
        ...

    @property
    def required(self) -> bool:
        """Whether the job can't run without rows of the table."""
        ...

    def read(self, at: Place) -> Read | None:
        """Reads the table; returns None if the input is optional and there is nothing to read."""
        ...


def same_window(window: Window, _: Topic) -> Window:
    """Returns the window unchanged: the default `reach`, for a job that reads only the posts of its window."""
    return window


def no_more(_: Topic) -> Sequence[str]:
    """Returns no columns: the default `further`, for a job that reads the same columns of every topic."""
    return ()


def nothing_computed(_: Topic) -> Mapping[str, Column]:
    """Returns no columns: the default `computed`."""
    return {}


@dataclass(frozen=True)
class Posts:
    """The posts whose event time lies in the window, with these columns, and those that `further(topic)` returns.

    For a job that needs more than its window, `reach(window, topic)` returns the span of posts to read.

    `computed(topic)` returns further columns, by name, that are costly and that several jobs need. They are computed
    once, when the posts are read, and every job that reads the same posts gets them. Of a set of jobs, this holds if
    the job's span is all that is read; a job must compute for itself what its posts lack.
    """

    columns: Sequence[str]
    reach: Callable[[Window, Topic], Window] = same_window
    further: Callable[[Topic], Sequence[str]] = no_more
    computed: Callable[[Topic], Mapping[str, Column]] = nothing_computed
    table: Table = POSTS
    required: bool = True

    def columns_of(self, topic: Topic) -> list[str]:
        """Returns the columns that the job reads of a topic."""
        return list(dict.fromkeys([*self.columns, *self.further(topic)]))

    def read(self, at: Place) -> Read:
        """Reads each partition that contains a part of the span, once; what is checked is counted in the same pass."""
        span = self.reach(at.window, at.topic)
        columns = self.columns_of(at.topic)
        if at.posts:
            stored, posts, checks = at.posts.read(at, span, columns)
        else:
            stored, posts, checks = read_posts(at, span, columns, self.computed(at.topic))
        return Read(self._of(stored, span, at.topic), None if at.posts else stored, posts, checks=checks)

    def once(self, at: Place, read: Read) -> Read:
        """Returns `read` itself or, if its checks found posts under two days, what it read without the later copies.

        In the second case, the caller must release that, too.
        """
        if read.checks is None or not may_repeat(read.checks):
            return read
        stored = counted_once(read.checks.frame)
        frame = self._of(stored, self.reach(at.window, at.topic), at.topic)
        return replace(read, frame=frame, stored=stored, posts=stored.where(lies_in(at.window)).count(), checks=None)

    def _of(self, stored: DataFrame, span: Window, topic: Topic) -> DataFrame:
        """Returns the posts of the span with the job's columns, and with those that were computed."""
        computed = [name for name in stored.columns if name not in POSTS.columns]
        return within(stored, span, [*self.columns_of(topic), *computed])


PostsRead = tuple[DataFrame, int, Checks]
"""Posts as they were read, the number of those in the window, and what is expected of them."""


def read_posts(
    at: Place, span: Window, columns: Sequence[str], computed: Mapping[str, Column] | None = None
) -> PostsRead:
    """Reads the posts of a span, and computes further columns. The frame is persisted; the caller must release it.

    Raises PulsoError, with the fix, if the table has not all of the columns: an earlier release has made it.
    """
    prepared(at.session, f"SELECT {', '.join(columns)} FROM {at.settings.keyspace}.{POSTS.name} LIMIT 1")
    days = span.days()
    timed = timed_networks(at.session, at.settings.keyspace, at.topic.topic, days[0], days[-1])
    further = [column.alias(name) for name, column in (computed or {}).items()]
    stored = _stored(at, span, [*columns, *further], timed)
    expected = of_posts(stored, span)
    by_handle = is_by_handle() if "author_id" in columns else F.lit(False)
    counts, (posts, handles) = first_pass(stored, expected, lies_in(at.window), by_handle)
    if handles:
        stored = _with_known_ids(at, span, timed, stored)
        expected = of_posts(stored, span)
    return stored, posts, Checks(stored, expected, counts)


def _with_known_ids(at: Place, span: Window, timed: Collection[str], stored: DataFrame) -> DataFrame:
    """Returns the posts in place of `stored`, which it releases: few topics have authors under handles alone."""
    telling = _stored(at, span, TELLING, timed)
    known = with_known_ids(stored, within(telling, span, TELLING))
    known.count()  # stores it, before what it is made of is released
    for each in (stored, telling):
        each.unpersist()
    return known


def _stored(at: Place, span: Window, columns: Sequence[str | Column], timed: Collection[str]) -> DataFrame:
    buckets = DayLayouts(at.session, at.settings.keyspace).of(at.topic.topic, span.days(), at.topic.buckets)
    return stored_posts(at.spark, at.settings, at.topic, span, columns, buckets, timed)


class SharedPosts:
    """The posts of several jobs over one window: they are read once, for the longest span, with the jobs' columns.

    What jobs ask to be computed is computed for a span that such a job reads whole: not for days that only others read.

    Use it in a `with` block, which releases what was read.
    """

    def __init__(self, inputs: Sequence[Posts], topic: Topic, window: Window) -> None:
        self._columns: dict[Window, list[str]] = {}
        self._asking: dict[Window, list[Posts]] = {}
        self._read: dict[Window, PostsRead] = {}
        self._reading = threading.Lock()
        reaches = [given.reach(window, topic) for given in inputs]
        self._spans = sorted(set(reaches), key=lambda span: span.end - span.start, reverse=True)
        for given, reach in zip(inputs, reaches, strict=True):
            columns = self._columns.setdefault(self._read_for(reach), [])
            columns += [name for name in given.columns_of(topic) if name not in columns]
            self._asking.setdefault(reach, []).append(given)

    def _read_for(self, span: Window) -> Window:
        """Returns the longest span that contains a span, and is read for it."""
        return next((one for one in self._spans if one.start <= span.start and span.end <= one.end), span)

    def read(self, at: Place, span: Window, columns: Sequence[str]) -> PostsRead:
        """Returns at least the posts of a span, with these columns; reads them if no job has read them before.

        Jobs may run at once: one reads, and the others wait for it.
        """
        read_for = self._read_for(span)
        with self._reading:
            if read_for not in self._read:
                wanted = dict.fromkeys([*self._columns.get(read_for, []), *columns])
                asking = self._asking.get(read_for, [])
                computed = {name: of for given in asking for name, of in given.computed(at.topic).items()}
                self._read[read_for] = read_posts(at, read_for, list(wanted), computed)
            return self._read[read_for]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for read in self._read.values():
            released(read[0])


def released(frame: DataFrame) -> None:
    """Releases a persisted frame. Where Java is gone, nothing is left to release; another error says what ended it."""
    with suppress(Exception):
        frame.unpersist()


def posts_of(job: "Job") -> Posts:
    """Returns the input of a job that reads posts. Raises StopIteration for a job that reads none."""
    return next(given for given in job.inputs if isinstance(given, Posts))

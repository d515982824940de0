"""The page's way to Cassandra: one session for all requests; and what tells that figures have changed."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from cassandra.cluster import Session

from conf.errors import StoreDown
from conf.schema import bound
from conf.settings import Settings
from conf.tables import COLLECTION_THROUGH, JOB_RUNS
from conf.topic import Topic
from readers.partitions import whole
from readers.runs.runs import JOB_OF
from readers.search.search import PostSearch
from stores.connect import START_THEM, cassandra_session
from stores.prepare import change_told, keep_prepared, prepared
from stores.refused import silence_told

T = TypeVar("T")
AGAIN = 5.0
"""Seconds for which Cassandra is not asked again after it did not answer: each request would wait for it."""
FRESH = 1.0
"""Seconds for which the version of a topic's figures holds."""
FIRST_ANSWER = 4.0
"""Seconds that Cassandra has for the version. Where it takes longer, the figures that were seen last are shown."""
NEWEST = 16
"""The newest runs of each job that are looked at: of those that ran side by side, any may end last."""
SWAPPING = 0.2
"""Seconds to wait while a run puts its rows in the place of another's."""
TOGETHER = 6
"""The most reads that wait for Cassandra beside those of the requests' own threads."""
_JOBS = sorted(set(JOB_OF.values()))


class Source:
    """Figures of one keyspace. Its methods may be called from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.keyspace = settings, settings.keyspace
        self._held = ExitStack()
        self._session: Session | None = None
        self._lock, self._down, self._why = threading.Lock(), 0.0, StoreDown("")
        self._versions: dict[str, tuple[float, str]] = {}
        self._asking: dict[str, threading.Lock] = {}
        self._searches: dict[str, tuple[Topic, PostSearch]] = {}
        self._pool = ThreadPoolExecutor(TOGETHER, "reads")

    def close(self) -> None:
        """Closes the session, if there is one."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._held.close()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yields the session. Raises StoreDown if Cassandra does not answer, at once if it has just not answered.

        Only the version is asked for to learn that: any other read may be too long by itself, such as a search. Raises
        PulsoError where a table was changed since the session read it first.
        """
        with self._noted():
            opened = self._opened()
        with silence_told(START_THEM, "Cassandra does not answer"), change_told(opened) as held:
            yield held

    def at_once(self, *reads: Callable[[], Any]) -> list[Any]:
        """Calls all of these, beside one another, and returns their results in order. Raises what the first raises.

        None of them may call this in turn.
        """
        first, *others = reads
        asked = [(read, self._pool.submit(read)) for read in others]
        try:  # what has not begun by then is done here: the pool may be busy
            return [first(), *(read() if future.cancel() else future.result() for read, future in asked)]
        finally:
            for _, future in asked:
                future.cancel()

    def search(self, session: Session, topic: Topic) -> PostSearch:
        """Returns the search in a topic; what it knows of the tables is read only once."""
        known = self._searches.get(topic.topic)
        if not known or known[0] is not topic:
            known = (topic, PostSearch(session, self.keyspace, topic))
            self._searches[topic.topic] = known
        return known[1]

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Notes that Cassandra did not answer in the block, so that it is not asked again at once."""
        try:
            yield
        except StoreDown as error:
            if time.monotonic() >= self._down:
                self._down, self._why = time.monotonic() + AGAIN, error
            raise

    def _opened(self) -> Session:
        with self._lock:
            if time.monotonic() < self._down:  # also for those who waited while one found that out
                raise StoreDown(self._why.what, self._why.fix)
            if self._session is None:
                self._session = self._held.enter_context(cassandra_session(self.settings))
                keep_prepared(self._session)
        return self._session

    def version(self, topic: Topic) -> str:
        """Returns a text that changes when a job publishes figures of the topic, and each minute of live collection.

        So it does each minute while a run goes on: one that was killed shows no sign of life after a while. Raises
        StoreDown.
        """
        with self._asking.setdefault(topic.topic, threading.Lock()):  # many may ask at the moment when it is too old
            now = time.monotonic()
            at, known = self._versions.get(topic.topic, (-FRESH, ""))
            if now - at < FRESH:
                return known
            with self._noted(), self.session() as session:
                version = self._read_version(session, topic)
            self._versions[topic.topic] = (now, version)
            return version

    def _read_version(self, session: Session, topic: Topic) -> str:
        table = f"{self.keyspace}.{JOB_RUNS.name}"
        runs = f"SELECT run_id, status FROM {table} WHERE {bound(JOB_RUNS.partition)} LIMIT {NEWEST}"
        through = f"SELECT source, through FROM {self.keyspace}.{COLLECTION_THROUGH.name} WHERE topic = ?"
        asked, live = prepared(session, runs), prepared(session, through)
        sent = [session.execute_async(asked, (job, topic.topic), timeout=FIRST_ANSWER) for job in _JOBS]
        sent.append(session.execute_async(live, (topic.topic,), timeout=FIRST_ANSWER))
        *ran, last = [list(future.result()) for future in sent]
        told = [f"{row.run_id} {row.status}" for rows in ran for row in rows]
        minute = f"{datetime.now(UTC):%H:%M}"
        told += [minute] if any(row.status == "running" for rows in ran for row in rows) else []
        told += [f"{row.source} {row.through:%Y%m%d%H%M} {minute}" for row in last]
        return sha256("\n".join([*told, topic.model_dump_json()]).encode()).hexdigest()[:16]


def settled(read: Callable[[], T]) -> T:
    """Calls `read` and returns its result; waits and calls it again while a run replaces what it reads (Replaced)."""
    return whole(read, pause=SWAPPING)

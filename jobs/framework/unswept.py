"""The list `unswept_runs`: runs that may have left something that a later run must put right.

For each bulk table it has the runs that may have rows there, although no pointer names these runs; and for each job,
under the name of `run_list`, the runs that are going on.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType

from conf.errors import one_line
from conf.processes import started
from conf.schema import bound
from conf.tables import UNSWEPT
from conf.topic import Topic
from jobs.framework.window import Window
from stores.prepare import prepared
from stores.published import utc

ALIVE_SECONDS = 120
"""How long, in seconds, a run on another host counts as alive after its last sign of life."""
SAID_EVERY = 20.0
"""Seconds between two signs of life."""

log = structlog.get_logger("sweep")


@dataclass(frozen=True)
class Unswept:
    """A run on the list, and the window in which its rows may be.

    `process` is the host, process id and start of a run that writes. For a published run that is being replaced,
    `process` is None, and `place` is the place of the new run; otherwise `place` is the run's own.
    """

    run_id: UUID
    window: Window
    place: datetime
    process: str | None = None
    alive: bool = False

    @property
    def is_dead(self) -> bool:
        """Whether the run does not write any more.

        On this host, its process has ended; on another host, its sign of life has expired. A published run that is
        being replaced counts as dead, too, since it does not write.
        """
        if self.process is None:
            return True
        host, pid, start = self.process.split(" ")
        return started(int(pid)) != start if host == socket.gethostname() else not self.alive


class UnsweptList:
    """The list of one bulk table and topic."""

    def __init__(self, session: Session, keyspace: str, table: str, topic: Topic) -> None:
        self._session, self._list, self._table, self._topic = session, f"{keyspace}.{UNSWEPT.name}", table, topic

    def add(self, entry: Unswept) -> None:
        """Puts a run on the list, with a sign of life if it is alive."""
        columns = (*UNSWEPT.key, "place", "process")
        cql = f"INSERT INTO {self._list} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        batch = BatchStatement(BatchType.UNLOGGED)
        batch.add(prepared(self._session, cql), (*self._key(entry), entry.place, entry.process))
        if entry.alive:
            batch.add(self._alive, self._key(entry))
        self._session.execute(batch)

    @contextmanager
    def alive(self, entry: Unswept) -> Iterator[None]:
        """Puts a run of this process on the list, and renews its sign of life until the block ends.

        The run stays on the list until it is dropped.
        """
        self.add(entry)
        ended = threading.Event()
        thread = threading.Thread(target=self._keep_saying, args=(entry, ended), name="alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _keep_saying(self, entry: Unswept, ended: threading.Event) -> None:
        while not ended.wait(SAID_EVERY):
            try:
                self.say_alive(entry)
            except Exception as error:  # the next may succeed; a run that stays silent can't publish
                log.warning("could not renew the sign of life of this run", error=one_line(error))

    def say_alive(self, entry: Unswept) -> None:
        """Renews a run's sign of life, which expires by itself after ALIVE_SECONDS."""
        self._session.execute(self._alive, self._key(entry))

    def read(self) -> list[Unswept]:
        """Returns the runs on the list."""
        query = f"SELECT * FROM {self._list} WHERE {bound(UNSWEPT.partition)}"
        rows = self._session.execute(prepared(self._session, query), (self._topic.topic, self._table))
        return [self._entry(row) for row in rows if row.place is not None]

    def drop(self, entry: Unswept) -> None:
        """Takes a run off the list."""
        delete = f"DELETE FROM {self._list} WHERE {bound(UNSWEPT.key)}"
        self._session.execute(prepared(self._session, delete), self._key(entry))

    @property
    def _alive(self) -> Any:
        update = f"UPDATE {self._list} USING TTL {ALIVE_SECONDS} SET alive = true WHERE {bound(UNSWEPT.key)}"
        return prepared(self._session, update)

    def _entry(self, row: Any) -> Unswept:
        window = Window(utc(row.window_start), utc(row.window_end), self._topic.zone)
        return Unswept(row.run_id, window, utc(row.place), row.process, bool(row.alive))

    def _key(self, entry: Unswept) -> tuple[Any, ...]:
        return self._topic.topic, self._table, entry.run_id, entry.window.start, entry.window.end


@cache
def this_process() -> str:
    """Returns the host, the id and the start of this process as one text. Together they identify the process."""
    return f"{socket.gethostname()} {os.getpid()} {started(os.getpid())}"

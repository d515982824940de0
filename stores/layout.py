"""How many partitions each day of a topic has, and each run's rows in bulk tables; and the topic's time zone.

A topic file's `buckets` may change. So the number of a day's partitions is recorded in `day_layout` before the day's
first post is stored, by a conditional write: of two workers with different files, one decides, and both use what is
recorded. No record is ever changed, and no clock is asked. So a change of the file holds from the next day on of which
no post is stored yet, and a late post of an older day goes where that day's posts are.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from cassandra import ConsistencyLevel
from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType

from conf.errors import WrongUse
from conf.schema import Table, bound
from conf.tables import DAY_LAYOUT, JOB_RUNS, TOPIC_LAYOUT
from conf.topic import Topic
from stores.prepare import prepared
from stores.published import place_of

TOGETHER = 100
"""The most days that one request asks for or records."""


def record_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Records a topic's time zone and first buckets, unless they are recorded already.

    Then checks the topic file against the record.

    It must be called before the topic's first post is stored. Raises WrongUse as `check_layout` does.
    """
    session.execute(
        f"INSERT INTO {keyspace}.{TOPIC_LAYOUT.name} (topic, timezone, buckets, ids_noted, days_noted) "
        "VALUES (%s, %s, %s, true, true) IF NOT EXISTS",
        (topic.topic, topic.timezone, topic.buckets),
    )
    check_layout(session, keyspace, topic)


def check_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Raises WrongUse if the topic's time zone differs from the recorded one.

    With other days, stored posts would be missed, and replayed posts would be stored twice.
    """
    found = _first(session, keyspace, topic.topic)
    if found and found.timezone != topic.timezone:
        raise WrongUse(
            f"topic {topic.topic} was stored with timezone: {found.timezone}, but its file now says {topic.timezone}",
            "Put the stored value back into the file, or give the topic a new name and replay its captures",
        )


def buckets_of_run(session: Session, keyspace: str, table: Table, topic: Topic, run_id: UUID) -> int:
    """Returns the topic's buckets in the run that wrote rows of a bulk table, for `conf.partitions`.

    A run of an earlier release did not note them: then a topic's buckets were always its first ones.
    """
    query = f"SELECT buckets FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.key)}"
    run = session.execute(prepared(session, query), (table.job, topic.topic, place_of(run_id))).one()
    if run is not None and run.buckets is not None:
        return int(run.buckets)
    first = _first(session, keyspace, topic.topic)
    return int(first.buckets) if first else topic.buckets


class DayLayouts:
    """The number of partitions of each day, of every topic. What is recorded is read once, since it never changes.

    Every method raises the driver's errors while Cassandra is down.
    """

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session, self._keyspace = session, keyspace
        table = f"{keyspace}.{DAY_LAYOUT.name}"
        self._select = prepared(session, f"SELECT day, buckets FROM {table} WHERE topic = ? AND day IN ?")
        self._insert = prepared(session, f"{DAY_LAYOUT.insert(keyspace)} IF NOT EXISTS")
        self._known: dict[str, dict[date, int]] = {}
        self._firsts: dict[str, Any] = {}

    def of(self, topic: str, days: Iterable[date], otherwise: int) -> dict[date, int]:
        """Returns the number of partitions of each of these days.

        A day without a record has the topic's first buckets: posts of an earlier release may be there. If nothing is
        recorded of the topic, it has `otherwise`.
        """
        wanted = list(days)
        known = self._read(topic, wanted)
        if all(day in known for day in wanted):
            return {day: known[day] for day in wanted}
        first = self._first(topic)
        else_ = int(first.buckets) if first else otherwise
        return {day: known.get(day, else_) for day in wanted}

    def stored(self, topic: str, days: Iterable[date], otherwise: int) -> dict[date, int]:
        """Returns what `of` does, without the days of which no post is stored: such a day has no record.

        So it is only in a keyspace of an earlier release, before `migrate`, that days without a record are returned.
        """
        buckets = self.of(topic, days, otherwise)
        first = self._first(topic)
        recorded = self._known[topic]
        return {day: buckets[day] for day in buckets if day in recorded} if first and first.days_noted else buckets

    def newest(self, topic: str, most: int) -> dict[date, int]:
        """Returns the newest days that have a record, at most `most`, newest first, with their partitions."""
        table = f"{self._keyspace}.{DAY_LAYOUT.name}"
        query = f"SELECT day, buckets FROM {table} WHERE topic = ? ORDER BY day DESC LIMIT ?"
        found = self._session.execute(prepared(self._session, query), (topic, most))
        return {row.day.date(): row.buckets for row in found}

    def settled(self, topic: Topic, day: date) -> int:
        """Returns the number of partitions of a day of which a post is about to be stored; records it if need be.

        `record_layout` must have been called. The number is then that of the topic file, except in a keyspace of an
        earlier release of which `migrate` has not yet noted the stored days: there it is the topic's first one.
        """
        known = self._known.get(topic.topic, {})
        if day not in known:
            first = self._first(topic.topic)
            can_choose = first is None or first.days_noted
            self.record(topic.topic, [day], topic.buckets if can_choose else first.buckets)
            known = self._known[topic.topic]
        return known[day]

    def record(self, topic: str, days: Collection[date], buckets: int) -> None:
        """Records the number of partitions of those of the days that have no record yet. It is safe to repeat."""
        known = self._read(topic, days)
        while left := sorted(day for day in set(days) if day not in known):
            some = left[:TOGETHER]
            batch = BatchStatement(BatchType.UNLOGGED)
            for day in some:
                batch.add(self._insert, (topic, day, buckets))
            if self._session.execute(batch).was_applied:
                known.update(dict.fromkeys(some, buckets))
            else:  # somebody else has just recorded one of them
                self._read(topic, some, newest=True)

    def _read(self, topic: str, days: Iterable[date], *, newest: bool = False) -> dict[date, int]:
        """Reads what is not known of these days; returns all that is known of the topic.

        With `newest`, Cassandra first completes all conditional writes that have begun.
        """
        known = self._known.setdefault(topic, {})
        left = [day for day in days if newest or day not in known]
        for start in range(0, len(left), TOGETHER):
            asked = self._select.bind((topic, left[start : start + TOGETHER]))
            if newest:
                asked.consistency_level = ConsistencyLevel.SERIAL
            known.update((row.day.date(), row.buckets) for row in self._session.execute(asked))
        return known

    def _first(self, topic: str) -> Any:
        """Returns the topic's row of `topic_layout`, None if there is none; asks until all in it is final."""
        found = self._firsts.get(topic) or _first(self._session, self._keyspace, topic)
        if found and found.days_noted:
            self._firsts[topic] = found
        return found


def _first(session: Session, keyspace: str, topic: str) -> Any:
    query = f"SELECT timezone, buckets, days_noted FROM {keyspace}.{TOPIC_LAYOUT.name} WHERE topic = ?"
    return session.execute(prepared(session, query), (topic,)).one()

"""Says how often the stored posts of a day were changed, so that a file of its posts is known to be current.

Whoever changes posts counts it after the change, before the message is acked. A reader of a day reads the count first,
and then the posts. So if the count is still the same later, nothing was changed that the reader has not seen. A counter
needs no clock, and two workers at once both count. A worker that dies between a change and its count leaves its message
unacked; the worker that takes it over counts a change of every day, if it can't find what was changed.

What is changed past Pulso, as by `TRUNCATE` in cqlsh, is not counted.
"""

from collections.abc import Collection
from contextlib import closing
from datetime import date

from cassandra.cluster import Session

from conf.tables import CHANGED_DAYS
from stores.execute import IN_FLIGHT, in_flight
from stores.prepare import prepared

Day = tuple[str, date]
"""A topic and a day."""
EVERY: Day = ("*", date(1970, 1, 1))
"""Counts changes that may concern every day of every topic. No topic has this name."""
State = tuple[int, int]
"""The changes of a day, and those of EVERY."""


def note_changed(session: Session, keyspace: str, days: Collection[Day], most: int = IN_FLIGHT) -> None:
    """Counts a change of each of these days, `most` at once. Raises the driver's errors; repeated, it counts again."""
    if not days:
        return
    where = "WHERE topic = ? AND day = ?"
    count = prepared(session, f"UPDATE {keyspace}.{CHANGED_DAYS.name} SET changes = changes + 1 {where}")
    with closing(in_flight(sorted(days), lambda day: session.execute_async(count, day), most)) as sent:
        for _, future in sent:
            future.result()


def state_of(session: Session, keyspace: str, day: Day) -> State:
    """Returns the state of a day."""
    one = prepared(session, f"SELECT changes FROM {keyspace}.{CHANGED_DAYS.name} WHERE topic = ? AND day = ?")
    futures = [session.execute_async(one, of) for of in (day, EVERY)]
    changes, every = (row.changes if (row := future.result().one()) else 0 for future in futures)
    return changes, every


def changes_between(
    session: Session, keyspace: str, topic: str, first: date, last: date
) -> tuple[dict[date, int], int]:
    """Returns the changes of each day of a topic from `first` to `last` that was ever changed, and those of EVERY."""
    table = f"{keyspace}.{CHANGED_DAYS.name}"
    some = prepared(session, f"SELECT day, changes FROM {table} WHERE topic = ? AND day >= ? AND day <= ?")
    keys = ((topic, first, last), (EVERY[0], EVERY[1], EVERY[1]))
    sent = [session.execute_async(some, key) for key in keys]
    days, every = ({row.day.date(): row.changes for row in future.result()} for future in sent)
    return days, every.get(EVERY[1], 0)


def states(session: Session, keyspace: str, topic: str) -> dict[date, State]:
    """Returns the states of all days of a topic that were ever changed; the others have no changes of their own."""
    all_ = prepared(session, f"SELECT day, changes FROM {keyspace}.{CHANGED_DAYS.name} WHERE topic = ?")
    _, every = state_of(session, keyspace, EVERY)
    return {row.day.date(): (row.changes, every) for row in session.execute(all_, (topic,))}

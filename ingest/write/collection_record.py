"""The record of live collection in Cassandra: gaps, and the time up to which all messages are stored.

Redis may be emptied, and its clock set back. So what was collected is known from here, and notes are ordered by their
own numbers. Each is written with a later write time than everything that the record of its collection holds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH
from ingest.queue.envelope import Message
from ingest.queue.notes import Gap, Mark, Through
from stores.prepare import prepared

LOST = "Redis had lost the record of the collection"
END_UNKNOWN = "its end was not recorded"

log = structlog.get_logger("collection")


@dataclass(frozen=True)
class _Known:
    """A row of `collection_through`, with its write time in µs; without one, the defaults."""

    through: datetime | None = None
    began: datetime | None = None
    record: str | None = None
    notes: int | None = None
    version: int = 0

    def holds(self, mark: Mark | None) -> bool:
        """Returns whether the note with this mark was written before: a worker that died may leave it to another."""
        return mark is not None and mark.record == self.record and mark.number <= (self.notes or 0)


@dataclass(frozen=True)
class _Stored:
    """A stored gap, with its write time in µs."""

    end: datetime | None
    reason: str
    version: int


class CollectionRecord:
    """Workers write the record from the collectors' notes; jobs read it (stores/coverage.py)."""

    def __init__(self, session: Session, keyspace: str) -> None:
        gaps, through = f"{keyspace}.{COLLECTION_GAPS.name}", f"{keyspace}.{COLLECTION_THROUGH.name}"
        where = "WHERE topic = ? AND source = ?"
        self._session = session
        self._gap = prepared(session, COLLECTION_GAPS.insert(keyspace, timestamp=True))
        self._through = prepared(session, COLLECTION_THROUGH.insert(keyspace, timestamp=True))
        self._known = prepared(
            session,
            "SELECT through, began, record, notes, writetime(through) AS through_at, writetime(notes) AS notes_at "
            f"FROM {through} {where}",
        )
        self._stored = prepared(
            session,
            "SELECT gap_start, gap_end, reason, writetime(gap_end) AS end_at, writetime(reason) AS reason_at "
            f"FROM {gaps} {where}",
        )

    def write(self, message: Message, note: Gap | Through) -> None:
        """Stores a note. A note with a later number replaces it; a repeated one changes nothing.

        Raises the driver's errors.
        """
        where = (message.topic, message.source)
        known = self._read(where)
        if known.holds(note.mark):
            return
        version = max(known.version + 1, message.write_time)
        if isinstance(note, Through):
            began = known.began if known.through or note.mark is None else note.at
            self._tell(where, known, note.mark, version, through=note.at, began=began)
        else:
            self._write_gap(where, known, note, version)

    def _write_gap(self, where: tuple[str, str], known: _Known, note: Gap, version: int) -> None:
        stored = self._stored_gaps(where)
        version = max([version, *(gap.version + 1 for gap in stored.values())])
        never_before = note.first and known.through is None
        start = known.through if note.first and known.through else _stored_as(note.start)
        if not never_before:
            self._put(where, start, note, stored.get(start), version)
        if note.mark is not None and (note.first or note.end is None):
            for other, gap in stored.items():
                if gap.end is None and other != start:
                    self._close(where, other, max(other, start), gap.reason, version)
        if known.through:
            self._tell(where, known, note.mark, version, through=known.through, began=known.began)
        elif never_before and note.end is not None:
            self._tell(where, known, note.mark, version, through=note.end, began=note.end)

    def _put(self, where: tuple[str, str], start: datetime, note: Gap, before: _Stored | None, version: int) -> None:
        """Writes a gap's row. It has no end until a note says so: a null would be stored, and could hide an end."""
        reason, end = note.reason, UNSET_VALUE if note.end is None else max(_stored_as(note.end), start)
        if note.first:
            reason = _with(LOST, before.reason) if before is not None and before.end is None else LOST
            log.warning("gap", topic=where[0], source=where[1], since=start, end=note.end, reason=reason)
        if note.end is None and note.mark is not None and before is not None and before.end is not None:
            end = None  # another gap with the same start, which was filled: it is open again
        lost = UNSET_VALUE if note.lost is None else note.lost
        self._session.execute(self._gap, (*where, start, end, reason, lost, version))

    def _close(self, where: tuple[str, str], start: datetime, end: datetime, reason: str, version: int) -> None:
        """Ends a gap that no collector knows of any more, and that would be open for ever."""
        log.warning("gap closed", topic=where[0], source=where[1], since=start, end=end, reason=END_UNKNOWN)
        values = (*where, start, end, _with(END_UNKNOWN, reason), UNSET_VALUE, version)
        self._session.execute(self._gap, values)

    def _tell(
        self,
        where: tuple[str, str],
        known: _Known,
        mark: Mark | None,
        version: int,
        *,
        through: datetime,
        began: datetime | None,
    ) -> None:
        record, number = (mark.record, mark.number) if mark else (known.record, known.notes)
        values = (through, began, record, number)
        given = (UNSET_VALUE if value is None else value for value in values)
        self._session.execute(self._through, (*where, *given, version))

    def _read(self, where: tuple[str, str]) -> _Known:
        row = self._session.execute(self._known, where).one()
        if row is None:
            return _Known()
        version = max(row.through_at or 0, row.notes_at or 0)
        return _Known(_utc(row.through), _utc(row.began), row.record, row.notes, version)

    def _stored_gaps(self, where: tuple[str, str]) -> dict[datetime, _Stored]:
        """Returns the stored gaps by their start."""
        rows: Any = self._session.execute(self._stored, where)
        return {
            row.gap_start.replace(tzinfo=UTC): _Stored(
                _utc(row.gap_end), row.reason or "", max(row.end_at or 0, row.reason_at or 0)
            )
            for row in rows
        }


def _with(reason: str, before: str) -> str:
    """Returns a reason added to those before, once."""
    return before if reason in before else f"{before}; {reason}"


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def _stored_as(at: datetime) -> datetime:
    """Returns a time as Cassandra stores it, in whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)

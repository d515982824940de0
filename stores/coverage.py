"""Coverage: the part of a period in which live collection was up (from `collection_gaps` and `collection_through`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cassandra.cluster import Session

from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH
from stores.prepare import prepared


@dataclass(frozen=True)
class Gap:
    """A time in which some or all posts were not collected.

    `end` is None while the gap is open; `lost` is an estimate.
    """

    start: datetime
    end: datetime | None
    reason: str = ""
    lost: int | None = None


@dataclass(frozen=True)
class Record:
    """The record of one source's collection: its gaps, and the time up to which everything collected is stored.

    `began` is when the first collection started; None if an earlier release recorded that, as a gap from 1970.
    """

    gaps: Sequence[Gap]
    through: datetime
    began: datetime | None = None


def read_records(session: Session, keyspace: str, topic: str) -> dict[str, Record]:
    """Returns the records of a topic's live collection, by source; empty if it was never collected live."""
    through = f"{keyspace}.{COLLECTION_THROUGH.name}"
    sources = prepared(session, f"SELECT source, through, began FROM {through} WHERE topic = ?")
    gaps = prepared(session, f"SELECT * FROM {keyspace}.{COLLECTION_GAPS.name} WHERE topic = ? AND source = ?")
    return {
        row.source: Record(
            [
                Gap(_utc(r.gap_start), r.gap_end and _utc(r.gap_end), r.reason, r.posts_lost_estimate)
                for r in session.execute(gaps, (topic, row.source))
            ],
            _utc(row.through),
            row.began and _utc(row.began),
        )
        for row in session.execute(sources, (topic,))
    }


def coverage(records: Mapping[str, Record], start: datetime, end: datetime) -> float | None:
    """Returns the part of `[start, end)`, 0..1, in which live collection was up; None if there are no records.

    `records` is by source. The result is the mean over the sources that were up at some time in the period. A source
    that was never up in the period does not count: probably nobody wanted to collect from it then. If no source was up,
    the result is 0.
    """
    if not records:
        return None
    parts = [part for part in (_up(record, start, end) for record in records.values()) if part > 0]
    return sum(parts) / len(parts) if parts else 0.0


def _up(record: Record, start: datetime, end: datetime) -> float:
    """Returns the part of a period, 0..1, that is from `began` to `through` and outside every gap."""
    limit = min(record.through, end)
    down = [(max(gap.start, start), min(gap.end or end, end)) for gap in record.gaps]
    if limit < end:
        down.append((max(limit, start), end))
    if record.began is not None:
        down.append((start, min(record.began, end)))
    return 1 - _seconds(down) / (end - start).total_seconds()


def _seconds(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """Returns the length of the union of spans, in seconds; a span that ends before it starts does not count."""
    total, reached = 0.0, None
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)

"""Gaps in live collection: what one is, how it goes over the queue, and what part of a period was covered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from ingest.post import InvalidMessage
from ingest.posts_queue import Envelope

GAP, THROUGH = "gap", "through"
"""Formats of the messages by which a collector tells what it missed, and how far it has come."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Gap(msgspec.Struct, frozen=True):
    """A time in which a topic was not, or not wholly, collected from a source; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    reason: str
    lost: int | None = None


@dataclass(frozen=True)
class Record:
    """What is known of one source's collection: its gaps, and until when everything collected is stored."""

    gaps: Sequence[Gap]
    through: datetime | None


class Through(msgspec.Struct, frozen=True):
    """Everything that came until then stands before this message in the queue."""

    at: datetime


_GAP, _THROUGH = msgspec.json.Decoder(Gap), msgspec.json.Decoder(Through)


def gap_message(topic: str, source: str, gap: Gap) -> Envelope:
    """A gap as a message; one with the same start replaces it."""
    return Envelope(topic, source, GAP, msgspec.json.encode(gap))


def through_message(topic: str, source: str, at: datetime) -> Envelope:
    """How far collection has come, as a message."""
    return Envelope(topic, source, THROUGH, msgspec.json.encode(Through(at)))


def parse_note(format_: str, payload: bytes) -> Gap | Through:
    """A message of one of these formats. Raises InvalidMessage."""
    try:
        return _GAP.decode(payload) if format_ == GAP else _THROUGH.decode(payload)
    except msgspec.MsgspecError as error:
        raise InvalidMessage(f"not a collector's note: {error}") from None


def coverage(records: Mapping[str, Record], start: datetime, end: datetime) -> float | None:
    """The part of `[start, end)`, 0..1, in which live collection was up; None where nothing was ever collected live.

    `records` is by source. Of several, those count that were up at any time in the period, by their mean; a source
    that was not up at all was not meant to be.
    """
    if not records:
        return None
    parts = [part for part in (_up(record, start, end) for record in records.values()) if part > 0]
    return sum(parts) / len(parts) if parts else 0.0


def _up(record: Record, start: datetime, end: datetime) -> float:
    """The part of a period outside every gap, and before the time until which everything is stored."""
    limit = min(record.through or start, end)
    down = [(max(gap.start, start), min(gap.end or end, end)) for gap in record.gaps]
    if limit < end:
        down.append((max(limit, start), end))
    return 1 - _seconds(down) / (end - start).total_seconds()


def _seconds(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """The length of the union of spans; those that end before they start count nothing."""
    total, reached = 0.0, None
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total

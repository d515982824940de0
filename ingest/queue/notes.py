"""Gaps in live collection: what one is, and how it goes over the queue."""

from datetime import UTC, datetime

import msgspec

from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Envelope, Route

GAP, THROUGH = "gap", "through"
"""Formats of the messages by which a collector tells what it missed, and how far it has come."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Gap(msgspec.Struct, frozen=True):
    """A time in which a topic was not, or not wholly, collected from a source; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    reason: str
    lost: int | None = None


class Through(msgspec.Struct, frozen=True):
    """Everything that came until then stands before this message in the queue."""

    at: datetime


_GAP, _THROUGH = msgspec.json.Decoder(Gap), msgspec.json.Decoder(Through)


def gap_message(topic: str, source: str, gap: Gap) -> Envelope:
    """A gap as a message; one with the same start replaces it."""
    return Envelope(topic, source, GAP, msgspec.json.encode(gap), route=Route.NOTE)


def through_message(topic: str, source: str, at: datetime) -> Envelope:
    """How far collection has come, as a message."""
    return Envelope(topic, source, THROUGH, msgspec.json.encode(Through(at)), route=Route.NOTE)


def parse_note(format_: str, payload: bytes) -> Gap | Through:
    """A message of one of these formats. Raises InvalidMessage."""
    try:
        return _GAP.decode(payload) if format_ == GAP else _THROUGH.decode(payload)
    except msgspec.MsgspecError as error:
        raise InvalidMessage(f"not a collector's note: {error}") from None

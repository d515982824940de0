"""A collector's notes, as messages of the queue: what it missed, and how far it has come."""

from datetime import UTC, datetime

import msgspec

from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Envelope, Route

GAP, THROUGH = "gap", "through"
"""The formats of these messages."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Gap(msgspec.Struct, frozen=True):
    """A time in which not everything was collected for a topic from a source. `end` is None while it lasts.

    `lost` estimates how many posts were missed, where the number is known at all.
    """

    start: datetime
    end: datetime | None
    reason: str
    lost: int | None = None


class Through(msgspec.Struct, frozen=True):
    """Everything that was collected until `at` stands before this message in the queue."""

    at: datetime


_GAP, _THROUGH = msgspec.json.Decoder(Gap), msgspec.json.Decoder(Through)


def gap_message(topic: str, source: str, gap: Gap) -> Envelope:
    """A gap as a message. A later gap with the same start replaces it."""
    return Envelope(topic, source, GAP, msgspec.json.encode(gap), route=Route.NOTE)


def through_message(topic: str, source: str, at: datetime) -> Envelope:
    """The time until which everything is queued, as a message."""
    return Envelope(topic, source, THROUGH, msgspec.json.encode(Through(at)), route=Route.NOTE)


def parse_note(format_: str, payload: bytes) -> Gap | Through:
    """Parses a note of one of the two formats. Raises InvalidMessage."""
    try:
        return _GAP.decode(payload) if format_ == GAP else _THROUGH.decode(payload)
    except msgspec.MsgspecError as error:
        raise InvalidMessage(f"not a collector's note: {error}") from None

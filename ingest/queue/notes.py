"""A collector's notes, as messages of the queue: gaps, and the time up to which all messages are queued."""

from datetime import datetime

import msgspec

from ingest.formats import LOSSES, parse_loss
from ingest.formats.post import InvalidMessage
from ingest.queue.envelope import Envelope, Message, Route

GAP, THROUGH = "gap", "through"
"""The formats of these messages."""
LEFT_OUT = "the network left out posts: more matched than it gives"


class Mark(msgspec.Struct, frozen=True):
    """The place of a note among all notes of a collection: its number in one record, from 1.

    A record is what Redis holds of a collection. It begins anew if Redis was emptied.
    """

    record: str
    number: int


class Gap(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time span in which messages were missed, for a topic and a source. `end` is None while the gap is open.

    `lost` is the estimated number of missed posts; None if unknown. With `first`, it is the first gap of a record, and
    `start` only says since when the collector has tried: the gap starts where Cassandra knows that the collection ended
    or, if there was none, it is no gap. Notes of earlier releases have no mark.
    """

    start: datetime
    end: datetime | None
    reason: str
    lost: int | None = None
    first: bool = False
    mark: Mark | None = None


class Through(msgspec.Struct, frozen=True, omit_defaults=True):
    """All messages that were collected before `at` come before this note in the queue."""

    at: datetime
    mark: Mark | None = None


_GAP, _THROUGH = msgspec.json.Decoder(Gap), msgspec.json.Decoder(Through)


def gap_message(topic: str, source: str, gap: Gap) -> Envelope:
    """Returns a gap as a message. A later gap with the same start replaces it."""
    return Envelope(topic, source, GAP, msgspec.json.encode(gap), route=Route.NOTE)


def through_message(topic: str, source: str, at: datetime, mark: Mark | None = None) -> Envelope:
    """Returns, as a message, the time up to which all messages are queued."""
    return Envelope(topic, source, THROUGH, msgspec.json.encode(Through(at, mark)), route=Route.NOTE)


def left_out(at: datetime, posts: int) -> Gap:
    """Returns what a network says of posts that it left out: a gap of no length."""
    return Gap(at, at, LEFT_OUT, posts)


def parse_note(message: Message) -> Gap | Through:
    """Parses a note. A network's notice of posts left out that says no time has that at which it was queued.

    Raises InvalidMessage.
    """
    if message.format in LOSSES:
        lost = parse_loss(message.format, message.payload)
        return left_out(lost.at or message.queued_at, lost.posts)
    try:
        return _GAP.decode(message.payload) if message.format == GAP else _THROUGH.decode(message.payload)
    except msgspec.MsgspecError as error:
        raise InvalidMessage(f"not a collector's note: {error}") from None

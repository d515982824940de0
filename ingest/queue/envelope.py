"""A message of the queue, and its form in a Redis Stream: the fields of an entry."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from ingest.formats import DELETIONS, LOSSES, NAMES, PARSED, Unit, packed
from ingest.formats.post import Post


class Route(StrEnum):
    """The way in which a worker handles a message.

    All routes except POST are changes: they are applied after all earlier messages.
    """

    POST = "post"
    """The post is stored."""
    UPDATE = "update"
    """The post is stored in the place of its earlier version, or as a new one where no earlier version is stored."""
    UPDATE_IF_STORED = "update_if_stored"
    """Like UPDATE, but only if an earlier version is stored, since the new version does not match the topic."""
    REPOST = "repost"
    """A repost without a text. It is stored with the text of the reposted post, if that post is stored."""
    DELETION = "deletion"
    """A deletion: the post is deleted in every topic."""
    NAME = "name"
    """What an account is called. It is stored if a post of the account is, or if somebody replays it."""
    NOTE = "note"
    """A note: a gap, the time up to which all is queued, or how many posts a network left out. It is stored."""


_ROUTES = {
    **dict.fromkeys(DELETIONS, Route.DELETION),
    **dict.fromkeys(NAMES, Route.NAME),
    **dict.fromkeys(LOSSES, Route.NOTE),
}


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message before it is queued.

    `origin` says where it comes from (file:line), `replay` is the id of the replay that queued it.

    `route` is a Route. A message that was queued by a newer release may have a route that this release does not know.
    """

    topic: str
    source: str
    format: str
    payload: bytes
    origin: str = ""
    replay: str = ""
    route: str = Route.POST

    @property
    def queued_route(self) -> str:
        """The route as it is queued: empty for a post, the usual message."""
        return "" if self.route == Route.POST else str(self.route)

    def fields(self) -> dict[str, str | bytes]:
        """The fields of the stream's entry.

        All entries have the same fields in the same order, so that Redis need not store their names in each entry. The
        script ADD names them, too.
        """
        return {
            "topic": self.topic,
            "source": self.source,
            "format": self.format,
            "origin": self.origin,
            "replay": self.replay,
            "route": self.queued_route,
            "payload": self.payload,
        }


class Message(Envelope, frozen=True, gc=False):
    """A message as a worker gets it. `deliveries` is how often a worker has read it before, and not finished it.

    `taken_over` says that another worker had it before, which may have done a part of what it asks for.
    """

    id: str = ""
    deliveries: int = 0
    taken_over: bool = False

    @property
    def write_time(self) -> int:
        """The write time, in µs, for Cassandra.

        It follows the order of the queue: a later message wins, whichever worker writes it.
        """
        milliseconds, sequence = self.place
        return milliseconds * 1000 + min(sequence, 999)

    @property
    def queued_at(self) -> datetime:
        """When the message was queued, UTC; of a live message, about when it came."""
        return datetime.fromtimestamp(self.place[0] / 1000, UTC)

    @property
    def place(self) -> tuple[int, int]:
        """The position of the message in the queue; a later message has a greater position."""
        return place_of(self.id)


def place_of(message_id: str) -> tuple[int, int]:
    """Returns the position in the queue of the message with this id."""
    milliseconds, sequence = message_id.split("-")
    return int(milliseconds), int(sequence)


def envelope_of(topic: str, unit: Unit, origin: str = "", replay: str = "") -> Envelope:
    """Returns a unit as a message: a deletion, a handle or a note by its format, else a post."""
    return Envelope(topic, unit.source, unit.format, unit.payload, origin, replay, _ROUTES.get(unit.format, Route.POST))


def as_parsed(envelope: Envelope, post: Post, route: str) -> Envelope:
    """Returns the message of a post as the post that was parsed from it, so that it is not parsed again."""
    format_, payload = packed(post) or (envelope.format, envelope.payload)
    return Envelope(envelope.topic, envelope.source, format_, payload, envelope.origin, envelope.replay, route)


def message_of(entry_id: bytes, fields: dict[bytes, bytes]) -> Message:
    """Returns the message of an entry of the stream."""
    topic, source, format_, origin, replay, route = [str(fields.get(name, b""), "utf-8", "replace") for name in _TEXTS]
    if route or format_ not in _CURRENT:
        format_, route = _format_and_route(format_, route)
    else:
        route = Route.POST
    return Message(topic, source, format_, fields.get(b"payload", b""), origin, replay, route, entry_id.decode())


_TEXTS = (b"topic", b"source", b"format", b"origin", b"replay", b"route")
_CURRENT = frozenset(("x_v2", *PARSED))
"""Formats of the usual posts: no release has routed a message by one of these names."""


def _format_and_route(format_: str, route: str) -> tuple[str, str]:
    """A message's format and route.

    A message of an older release has no route: its format says how it is routed. It ends in `_update` for an update
    that its topic doesn't ask for, and is `bluesky_repost` for a repost; what is left then is a post's own format.
    """
    if route:
        return format_, route
    if format_ == "bluesky_repost":
        return "bluesky", Route.REPOST
    if format_.endswith("_update"):
        return format_.removesuffix("_update"), Route.UPDATE_IF_STORED
    if format_ in DELETIONS:
        return format_, Route.DELETION
    if format_ in ("gap", "through"):
        return format_, Route.NOTE
    return format_, Route.POST

"""A message on its way through the queue, and how it stands there: as the fields of an entry of a Redis Stream."""

from dataclasses import dataclass
from enum import StrEnum

from ingest.formats import DELETIONS, Unit


class Route(StrEnum):
    """What a worker does with a message. Every route but POST is a change: it waits for the messages before it."""

    POST = "post"
    """The post is stored."""
    UPDATE = "update"
    """The post is stored in the place of its earlier version, or as a new one where no earlier version is stored."""
    UPDATE_IF_STORED = "update_if_stored"
    """As UPDATE, but only where an earlier version is stored: the topic doesn't ask for the post as it is now."""
    REPOST = "repost"
    """A repost that carries no text: it is stored, with the text of its subject, if its subject is."""
    DELETION = "deletion"
    """What is taken back is deleted, in every topic."""
    NOTE = "note"
    """A collector's note on what it missed or how far it has come: it is kept."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message before it is queued. `origin` says where it came from (file:line), `replay` which run queued it.

    `route` is a Route; a message that a newer release queued may have one that is unknown here.
    """

    topic: str
    source: str
    format: str
    payload: bytes
    origin: str = ""
    replay: str = ""
    route: str = Route.POST

    def fields(self) -> dict[str, str | bytes]:
        """The fields of the stream's entry.

        They are always the same, in the same order: then Redis doesn't keep their names with each entry. A post, the
        usual message, has an empty route.
        """
        return {
            "topic": self.topic,
            "source": self.source,
            "format": self.format,
            "origin": self.origin,
            "replay": self.replay,
            "route": "" if self.route == Route.POST else str(self.route),
            "payload": self.payload,
        }


@dataclass(frozen=True, slots=True)
class Message(Envelope):
    """A message as a worker gets it."""

    id: str = ""

    @property
    def write_time(self) -> int:
        """The write time, in µs, of what the message says: what is later in the queue wins, whoever writes it."""
        milliseconds, sequence = self.place
        return milliseconds * 1000 + min(sequence, 999)

    @property
    def place(self) -> tuple[int, int]:
        """Where the message stands in the queue: of two messages, the later one has the greater place."""
        return place_of(self.id)


def place_of(message_id: str) -> tuple[int, int]:
    """The place in the queue of the message with this id."""
    milliseconds, sequence = message_id.split("-")
    return int(milliseconds), int(sequence)


def envelope_of(topic: str, unit: Unit, origin: str = "", replay: str = "") -> Envelope:
    """A unit as a message: routed as a deletion if that is its format, else as a post."""
    route = Route.DELETION if unit.format in DELETIONS else Route.POST
    return Envelope(topic, unit.source, unit.format, unit.payload, origin, replay, route)


def message_of(entry_id: bytes, fields: dict[bytes, bytes]) -> Message:
    """The message that stands in an entry of the stream."""
    text = {name.decode(): value.decode(errors="replace") for name, value in fields.items() if name != b"payload"}
    format_, route = _format_and_route(text.get("format", ""), text.get("route", ""))
    return Message(
        topic=text.get("topic", ""),
        source=text.get("source", ""),
        format=format_,
        payload=fields.get(b"payload", b""),
        origin=text.get("origin", ""),
        replay=text.get("replay", ""),
        route=route,
        id=entry_id.decode(),
    )


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

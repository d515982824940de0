"""Turns a queued unit into a Post or a Deletion."""

from collections.abc import Callable

from ingest.formats import bluesky, mastodon, x_v2, x_v11
from ingest.formats.detect import MALFORMED, reason_of
from ingest.formats.post import Deletion, InvalidMessage, Post

PARSERS = {
    "x_v2": x_v2.parse_line,
    "x_v2_flat": x_v2.parse_flat,
    "x_v11": x_v11.parse_status,
    "bluesky": bluesky.parse_event,
    "mastodon": mastodon.parse_event,
}
DELETIONS: dict[str, Callable[[bytes], Deletion]] = {
    "x_v11_delete": x_v11.parse_deletion,
    "x_compliance": x_v2.parse_compliance,
    "bluesky_delete": bluesky.parse_deletion,
    "mastodon_delete": mastodon.parse_deletion,
}
"""The formats of messages that delete something, with their parsers."""


def parse_deletion(format_: str, payload: bytes) -> Deletion:
    """Parses a message in one of the formats DELETIONS. Raises InvalidMessage with the reason."""
    try:
        return DELETIONS[format_](payload)
    except MALFORMED as error:
        raise InvalidMessage(reason_of(error, payload)) from None


def parse(format_: str, payload: bytes) -> Post:
    """Parses one post. Raises InvalidMessage with the reason, also for an unknown format."""
    parser = PARSERS.get(format_)
    if parser is None:
        raise InvalidMessage(f"unknown format {format_!r}")
    try:
        return parser(payload).checked()
    except MALFORMED as error:
        raise InvalidMessage(reason_of(error, payload)) from None

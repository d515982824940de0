"""Turns a queued unit into a Post, a Deletion, a Name, or what was Lost."""

from collections.abc import Callable
from typing import TypeVar

from ingest.formats.checked import checked, checked_deletion, checked_loss, checked_name
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.formats.parsed import is_binary
from ingest.formats.post import Deletion, InvalidMessage, Lost, Name, Post
from ingest.formats.registry import FORMATS
from ingest.formats.repair import repaired

T = TypeVar("T")

_PARSERS = {name: (parser, each.longest_text) for each in FORMATS for name, parser in each.parsers.items()}
DELETIONS = {name: parser for each in FORMATS for name, parser in each.deletions.items()}
"""The formats of messages that delete something, with their parsers."""
LOSSES = {name: parser for each in FORMATS for name, parser in each.losses.items()}
"""The formats of messages that say how many posts a network left out, with their parsers."""
NAMES = {name: parser for each in FORMATS for name, parser in each.names.items()}
"""The formats of messages that tell an account's handle, with their parsers."""


def parse_deletion(format_: str, payload: bytes) -> Deletion:
    """Parses a message in one of the formats DELETIONS. Raises InvalidMessage with the reason."""
    return checked_deletion(_parsed(DELETIONS[format_], payload, format_))


def parse_loss(format_: str, payload: bytes) -> Lost:
    """Parses a message in one of the formats LOSSES. Raises InvalidMessage with the reason."""
    return checked_loss(_parsed(LOSSES[format_], payload, format_))


def parse_name(format_: str, payload: bytes) -> Name:
    """Parses a message in one of the formats NAMES. Raises InvalidMessage with the reason."""
    return checked_name(_parsed(NAMES[format_], payload, format_))


def parse(format_: str, payload: bytes) -> Post:
    """Parses one post. Raises InvalidMessage with the reason, also for an unknown format."""
    found = _PARSERS.get(format_)
    if found is None:
        raise InvalidMessage(f"unknown format {format_!r}")
    parser, longest_text = found
    return checked(_parsed(parser, payload, format_), longest_text)


def _parsed(parser: Callable[[bytes], T], payload: bytes, format_: str) -> T:
    """Returns what a parser makes of a payload or, if it is a text that is broken, of the repaired payload."""
    try:
        return parser(payload)
    except MALFORMED as error:
        mended = None if is_binary(format_, payload) else repaired(payload)
        if mended is not None:
            return _parsed(parser, mended, format_)
        raise InvalidMessage(reason_of(error)) from None

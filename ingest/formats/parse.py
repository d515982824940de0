"""Turns a queued unit into a Post or a Deletion."""

from ingest.formats.checked import checked, checked_deletion, checked_name
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.formats.post import Deletion, InvalidMessage, Name, Post
from ingest.formats.registry import FORMATS

_PARSERS = {name: (parser, each.longest_text) for each in FORMATS for name, parser in each.parsers.items()}
DELETIONS = {name: parser for each in FORMATS for name, parser in each.deletions.items()}
"""The formats of messages that delete something, with their parsers."""
NAMES = {name: parser for each in FORMATS for name, parser in each.names.items()}
"""The formats of messages that tell an account's handle, with their parsers."""


def parse_name(format_: str, payload: bytes) -> Name:
    """Parses a message in one of the formats NAMES. Raises InvalidMessage with the reason."""
    try:
        return checked_name(NAMES[format_](payload))
    except MALFORMED as error:
        raise InvalidMessage(reason_of(error, payload)) from None


def parse_deletion(format_: str, payload: bytes) -> Deletion:
    """Parses a message in one of the formats DELETIONS. Raises InvalidMessage with the reason."""
    try:
        return checked_deletion(DELETIONS[format_](payload))
    except MALFORMED as error:
        raise InvalidMessage(reason_of(error, payload)) from None


def parse(format_: str, payload: bytes) -> Post:
    """Parses one post. Raises InvalidMessage with the reason, also for an unknown format."""
    found = _PARSERS.get(format_)
    if found is None:
        raise InvalidMessage(f"unknown format {format_!r}")
    parser, longest_text = found
    try:
        return checked(parser(payload), longest_text)
    except MALFORMED as error:
        raise InvalidMessage(reason_of(error, payload)) from None

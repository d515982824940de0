"""Recognises a capture's formats by content, and splits a line into units of one post each."""

from dataclasses import dataclass

import msgspec
import orjson

from ingest.formats import bluesky, mastodon, x_v2
from ingest.formats.post import InvalidMessage

LONGEST_LINE = 8 * 1024 * 1024
LONGEST_POST = 1024 * 1024
MALFORMED = (InvalidMessage, msgspec.MsgspecError, ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""The errors that parsing a malformed payload can raise."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One post as it goes onto the queue; `format` names its parser, `source` its network."""

    format: str
    source: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A line, or a part of one, that is not a post, and the reason."""

    reason: str
    payload: bytes


KEYS = ("data", "meta", "errors", "did", "id_str", "user", "author_id", "author", "action", "event", "payload")
_NOTICES = ("errors", "meta", "delete", "limit", "warning", "disconnect", "status_withheld", "user_withheld")

# This decoder only finds out which keys the line's top level has; it skips their contents.
_PROBE = msgspec.json.Decoder(
    msgspec.defstruct("Probe", [(key, msgspec.Raw, msgspec.Raw()) for key in dict.fromkeys((*KEYS, *_NOTICES))])
)


def split(line: bytes) -> list[Unit | Refused]:
    """Returns the posts and deletions of one line; none for a heartbeat, a notice or a like.

    It never raises: a line that can't be read is returned as Refused, with the reason.
    """
    line = line.strip()
    if not line:
        return []
    if len(line) > LONGEST_LINE:
        return [Refused(f"over-long line: {len(line):,} bytes, at most {LONGEST_LINE:,}", line)]
    try:
        return _split(_present(_PROBE.decode(line)), line)
    except MALFORMED as error:
        return [Refused(reason_of(error, line), line)]


def reason_of(error: Exception, payload: bytes) -> str:
    """Returns, in one short line, why a payload was refused."""
    if isinstance(error, InvalidMessage):
        return str(error)
    if isinstance(error, msgspec.ValidationError):
        return f"wrong type or missing field: {error}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "not valid JSON: nested too deeply"
    if isinstance(error, ValueError):
        surrogate = " (or a lone surrogate)" if b"\\ud" in payload.lower() else ""
        return f"not valid JSON: {error}{surrogate}"[:300]
    return f"wrong type: {error}"[:300]


def _present(probe: msgspec.Struct) -> dict[str, bytes]:
    values = {key: bytes(getattr(probe, key)) for key in probe.__struct_fields__}
    return {key: value for key, value in values.items() if value not in (b"", b"null")}


_BY_KEY = {
    "delete": "x_v11_delete",
    "id_str": "x_v11",
    "user": "x_v11",
    "author_id": "x_v2_flat",
    "author": "x_v2_flat",
}


def _split(keys: dict[str, bytes], line: bytes) -> list[Unit | Refused]:
    if "data" in keys:
        if keys["data"].startswith(b"["):
            return [_unit("x_v2", "x", part) for part in x_v2.split_page(orjson.loads(line))]
        return [_unit("x_v2", "x", line)]
    if "did" in keys:
        return _split_event(bluesky.head(line), "bluesky", line)
    if "event" in keys and "payload" in keys:
        return _split_event(mastodon.head(line), "mastodon", line)
    if format_ := next((format_ for key, format_ in _BY_KEY.items() if key in keys), ""):
        return [_unit(format_, "x", line)]
    if "action" in keys:
        raise InvalidMessage("a compliance row, not a post")
    if keys.keys() & set(_NOTICES):
        return []
    raise InvalidMessage("not a post in a known format (X v2 line, page or flattened, X v1.1, Jetstream, Mastodon)")


def _split_event(event: bluesky.EventHead | mastodon.Head, source: str, line: bytes) -> list[Unit | Refused]:
    if event.carries_deletion:
        return [_unit(f"{source}_delete", source, line)]
    return [_unit(source, source, line)] if event.carries_post else []


def _unit(format_: str, source: str, payload: bytes) -> Unit | Refused:
    if len(payload) > LONGEST_POST:
        return Refused(f"over-long post: {len(payload):,} bytes, at most {LONGEST_POST:,}", payload)
    return Unit(format_, source, payload)

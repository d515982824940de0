"""Recognises a capture's formats by content, and splits a line into units of one post each."""

from functools import lru_cache

import msgspec

from conf import lines
from conf.tables import NETWORKS
from ingest.formats.format import Format
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.formats.post import InvalidMessage
from ingest.formats.registry import FORMATS
from ingest.formats.repair import repaired

LONGEST_LINE = lines.LONGEST_LINE
LONGEST_POST = 1024 * 1024
MOST_KINDS = 1_000
"""The most sets of keys for which it is kept in memory which formats have them."""
BLANK = b" \t\r\n\v\f\0"
"""What a line without content consists of. Some tools leave zeros where they have not written."""


class Unit(msgspec.Struct, frozen=True, gc=False):
    """One post, or one deletion, as it is put into the queue; `format` names its parser, `source` its network."""

    format: str
    source: str
    payload: bytes


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A line, or a part of a line, that can't be read as a post or deletion, with the reason."""

    reason: str
    payload: bytes


_GROUPS = [(frozenset(keys), each) for each in FORMATS for keys in each.keys]
_NOTICES = frozenset(key for each in FORMATS for key in each.notices)
_KEYS = _NOTICES.union(*(keys for keys, _ in _GROUPS))
_TITLES = ", ".join(each.title for each in sorted(FORMATS, key=lambda each: NETWORKS.index(each.network)) if each.title)

_PROBE = msgspec.json.Decoder(dict[str, msgspec.Raw])
"""Finds out which keys the line's top level has; it skips their contents."""


def split(line: bytes) -> list[Unit | Refused]:
    """Returns the posts and deletions of one line; none for a heartbeat, a notice or a like.

    It raises no errors: a line that can't be read is returned as Refused, with the reason.
    """
    line = line.strip(BLANK)
    if not line:
        return []
    if len(line) > LONGEST_LINE:
        return [Refused(f"over-long line: {len(line):,} bytes, at most {LONGEST_LINE:,}", line)]
    try:
        return _split(_present(_PROBE.decode(line)), line)
    except MALFORMED as error:
        mended = repaired(line)
        return [Refused(reason_of(error), line)] if mended is None else split(mended)


def _present(given: dict[str, msgspec.Raw]) -> dict[str, bytes]:
    return {key: value for key, raw in given.items() if key in _KEYS and (value := bytes(raw)) != b"null"}


def _split(keys: dict[str, bytes], line: bytes) -> list[Unit | Refused]:
    for format_ in _formats_with(tuple(keys)):
        if (parts := format_.split(keys, line)) is not None:
            return [unit_of(name, format_.network, payload) for name, payload in parts]
    if keys.keys() & _NOTICES:
        return []
    raise InvalidMessage(f"not a post in a known format ({_TITLES})")


@lru_cache(MOST_KINDS)
def _formats_with(keys: tuple[str, ...]) -> list[Format]:
    """Returns the formats that a line with these keys may be in, in the order in which they are tried."""
    return [format_ for group, format_ in _GROUPS if group <= set(keys)]


def unit_of(format_: str, source: str, payload: bytes) -> Unit | Refused:
    """Returns a payload as a unit; one that is longer than any post is Refused."""
    if len(payload) > LONGEST_POST:
        return Refused(f"over-long post: {len(payload):,} bytes, at most {LONGEST_POST:,}", payload)
    return Unit(format_, source, payload)

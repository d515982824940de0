"""Posts that were parsed before they were queued: the post itself in place of the network's message.

Replay, and collection from networks that send everything, must parse a post to look at it. What they have made of it
goes into the queue, as MessagePack (https://msgpack.org), so that no worker parses it again, and Redis holds half as
many bytes. Workers check it as they check every post. A dead letter has the same post as JSON, for people to read.
"""

from contextlib import suppress

import msgspec

from conf.tables import NETWORKS
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import InvalidMessage, Post
from ingest.formats.table import LONGEST


class Parsed(msgspec.Struct, gc=False):
    """A post, and the version of the parser that has made it: a worker may have a newer one."""

    parser: int
    post: Post


_PACK = msgspec.msgpack.Encoder().encode
_UNPACK, _READ = msgspec.msgpack.Decoder(Parsed).decode, msgspec.json.Decoder(Parsed).decode
_NAMES = {network: f"parsed_{network}" for network in NETWORKS}
PARSED = frozenset(_NAMES.values())
"""The names of the formats of parsed posts."""


def packed(post: Post) -> tuple[str, bytes] | None:
    """Returns the format and the payload of a parsed post; None for one that can't be encoded, such as broken text."""
    try:
        return _NAMES[post.source], _PACK(Parsed(post.parser, post))
    except (UnicodeEncodeError, OverflowError):
        return None


def readable(format_: str, payload: bytes) -> bytes:
    """Returns a payload in the form in which a dead letter keeps it: a parsed post as JSON, any other as it came."""
    if is_binary(format_, payload):
        with suppress(msgspec.MsgspecError, ValueError):
            return msgspec.json.encode(_UNPACK(payload))
    return payload


def _is_json(payload: bytes) -> bool:
    """MessagePack has a map of two entries begin with another byte."""
    return payload[:1] == b"{"


def is_binary(format_: str, payload: bytes) -> bool:
    """Returns whether a payload is no text, so that nothing in it can be repaired as a text is."""
    return format_ in PARSED and not _is_json(payload)


def _format(network: str) -> Format:
    def unpack(payload: bytes) -> Post:
        parsed = (_READ if _is_json(payload) else _UNPACK)(payload)
        post = parsed.post
        post.parser = parsed.parser
        if post.source != network:
            raise InvalidMessage(f"a post of {post.source[:40]!r} in the place of one of {network}")
        return post

    return Format(
        network=network, keys=(), split=_split, longest_text=LONGEST[network], parsers={_NAMES[network]: unpack}
    )


def _split(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a parsed post, not a line of a capture")


FORMATS = tuple(map(_format, NETWORKS))
"""One format for each network. No line of a capture or a stream is in one of these."""

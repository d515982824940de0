"""Packed posts: the lines of a pack that `readers pack` made, with every column of `posts`, and accounts' handles.

The first key of a line names the network (stores/packs.py). A line has the columns under their own names; what is
unknown is left out. So a post that is replayed gives the row from which it was packed.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from conf.tables import NETWORKS, POSTS
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import InvalidMessage, Name, Post
from ingest.formats.table import LONGEST
from stores.packs import FORM, KEEPS_ID, NAME_KEYS, PACKED, POST_KEYS, PSEUDONYMS_KEY, VERSION_US

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_TYPES: dict[str, Any] = {
    "text": str,
    "timestamp": Instant,
    "bigint": int,
    "double": float,
    "boolean": bool,
    "frozen<list<text>>": list[str],
}
"""The types of values in JSON, by CQL type."""


def _field(name: str) -> Any:
    column = POSTS.columns[name]
    of = _TYPES[column.cql]
    return (name, of | None, None) if column.nullable else (name, of)


_FIELDS = [*map(_field, PACKED), (VERSION_US, int | None, None)]


class PackedName(msgspec.Struct):
    author_id: str
    handle: str
    at: Instant


def _parser(source: str) -> Any:
    fields, form = [("form", int), *_FIELDS], {"form": POST_KEYS[source]}
    line = msgspec.defstruct("PackedPost", fields, rename=form, kw_only=True)
    decoder = msgspec.json.Decoder(line)

    def parse_packed(payload: bytes) -> Post:
        values = msgspec.structs.asdict(decoder.decode(payload))
        _check(values.pop("form"))
        known = {name: value for name, value in values.items() if value is not None}
        if source not in KEEPS_ID:
            known.pop(VERSION_US, None)  # else a forged time would keep every later version away
        return Post(source=source, said_kind=known.pop("kind"), **known)

    return parse_packed


def _name_parser(source: str) -> Any:
    decoder = msgspec.json.Decoder(PackedName)

    def parse_packed_name(payload: bytes) -> Name:
        name = decoder.decode(payload)
        return Name(source=source, author_id=name.author_id, handle=name.handle, at=name.at)

    return parse_packed_name


def _check(form: int) -> None:
    if form != FORM:
        raise InvalidMessage(f"a packed post of the form {form}, not {FORM}: use the release that made the pack")


def _format(source: str) -> Format:
    post, name = POST_KEYS[source], NAME_KEYS[source]

    def split(keys: Keys, line: bytes) -> Parts:
        return [(post if post in keys else name, line)]

    return Format(
        network=source,
        keys=((post,), (name,)),
        split=split,
        longest_text=LONGEST[source],
        parsers={post: _parser(source)},
        names={name: _name_parser(source)},
    )


def _split_pseudonyms(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a post with pseudonyms: only packs made with --posts full are replayed")


FORMATS = (
    *map(_format, NETWORKS),
    Format(network=NETWORKS[0], keys=((PSEUDONYMS_KEY,),), split=_split_pseudonyms),
)
"""One format for each network, and one for what is not replayed."""

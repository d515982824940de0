"""The text that people see beside a post's own: of link cards and polls ("cards"), and of image descriptions ("alt").

Networks put it into other places of a message, so each format says where. What becomes of it is the same for all.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from conf.blanking import HANDLE, X_HANDLE, blank
from conf.folding import fold
from ingest.formats.checked import shortened
from ingest.formats.post import Post

LONGEST_PART = 4_000
"""The most characters of one title, option or description; the rest is left out."""
MOST_PARTS = 32
"""The most parts of each kind; further ones are left out."""
_ANY = msgspec.json.Decoder()


def add_more(post: Post, cards: Iterable[object], alt: Iterable[object]) -> None:
    """Sets `text_more`, `folded_cards` and `folded_alt`. What is no text, is empty, or is repeated is left out."""
    shown_cards, shown_alt = _parts(cards), _parts(alt)
    post.text_more = "\n".join(shown_cards + [part for part in shown_alt if part not in shown_cards]) or None
    handle = X_HANDLE if post.source == "x" else HANDLE
    post.folded_cards, post.folded_alt = _folded(shown_cards, handle), _folded(shown_alt, handle)


def _parts(values: Iterable[object]) -> list[str]:
    parts = dict.fromkeys(shortened(value.strip(), LONGEST_PART) for value in values if type(value) is str)
    return [part for part in parts if part][:MOST_PARTS]


def _folded(parts: Iterable[str], handle: "re.Pattern[str]") -> str | None:
    """Returns the parts as matching sees them, a line each: no alias is found across two of them."""
    return "\n".join(filter(None, (fold(blank(part, (), handle)) for part in parts))) or None


def values_of(items: object, *names: str) -> Iterator[object]:
    """Yields the values of these keys of an object, or of each object of a list. Whatever else is given is left out."""
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, dict):
            yield from (item.get(name) for name in names)


def holds(raw: msgspec.Raw, key: bytes) -> bool:
    """Returns whether a key can stand in a part of a message. Most media have no description: they aren't decoded."""
    return bool(raw) and key in bytes(raw)


def decoded(raw: msgspec.Raw) -> Any:
    """Returns the value of a part of a message that is read only where there is one; None where there is none."""
    return _ANY.decode(raw) if raw else None

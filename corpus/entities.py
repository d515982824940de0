"""Hashtags, @handles and links of a text with their positions: Unicode code points over the text as delivered."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import regex

Entities = dict[str, list[dict[str, Any]]]

MARKED = regex.compile(r"[#@][\p{L}\p{M}\p{Nd}_]+|https://t\.co/\w+")
RETWEET_LENGTH = 140
"""X clips a retweet's `text` to 140 characters, the last of them an ellipsis."""

HALF_ESCAPE = regex.compile(r"&\w{0,3}$")


def entities_of(text: str, user_ids: Mapping[str, str], pages: Sequence[str], links: Mapping[str, str]) -> Entities:
    """Finds what X marks in a text.

    `user_ids` gives the id for a handle, `links` the page behind a t.co address; the others lead to one of `pages`.
    """
    found: Entities = {}
    for match in MARKED.finditer(text):
        marked, (start, end) = match[0], match.span()
        if start and _is_inside_a_word(text[start - 1]):
            continue
        if marked[0] == "@":
            if user_id := user_ids.get(marked[1:]):
                mention = {"start": start, "end": end, "username": marked[1:], "id": user_id}
                found.setdefault("mentions", []).append(mention)
        elif marked[0] == "h":
            shown = _page(marked, pages, links)
            found.setdefault("urls", []).append({"start": start, "end": end, "url": marked, **shown})
        elif not marked[1:].isdigit():  # #1 is no hashtag
            found.setdefault("hashtags", []).append({"start": start, "end": end, "tag": marked[1:]})
    return found


def _is_inside_a_word(before: str) -> bool:
    return before.isalnum() or before in "_&#@"


def _page(url: str, pages: Sequence[str], links: Mapping[str, str]) -> dict[str, str]:
    address = links.get(url) or pages[zlib.crc32(url.encode()) % len(pages)]
    shown = address.removeprefix("https://")
    return {"expanded_url": address, "display_url": shown if len(shown) <= 26 else shown[:26] + "…"}


def clipped(text: str, length: int) -> str:
    """A text cut to that many characters, the last of them an ellipsis; whole where it fits."""
    return text if len(text) <= length else HALF_ESCAPE.sub("", text[: length - 1]) + "…"


def surviving(entities: Entities, kept: int, by: int = 0) -> Entities:
    """The entities that end within the first `kept` characters, moved by `by`; X drops those cut in part."""
    return {
        kind: some
        for kind, many in entities.items()
        if (some := [{**one, "start": one["start"] + by, "end": one["end"] + by} for one in many if one["end"] <= kept])
    }


def as_retweet(handle: str, user_id: str, text: str, entities: Entities) -> tuple[str, Entities]:
    """The text and the entities of a retweet of that text."""
    prefix = f"RT @{handle}: "
    repeated = clipped(prefix + text, RETWEET_LENGTH)
    kept = len(text) if len(prefix + text) <= RETWEET_LENGTH else len(repeated) - len(prefix) - 1
    mention = {"start": 3, "end": 4 + len(handle), "username": handle, "id": user_id}
    moved = surviving(entities, kept, len(prefix))
    return repeated, {**moved, "mentions": [mention, *moved.get("mentions", [])]}

"""Hashtags, @handles and links of a text with their positions, in Unicode code points of the text as X delivers it."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import regex

Entities = dict[str, list[dict[str, Any]]]

MARKED = regex.compile(r"[#@][\p{L}\p{M}\p{Nd}_]+|https://t\.co/\w+")
RETWEET_LENGTH = 140
"""X cuts a retweet's `text` to 140 characters; the last of them is an ellipsis."""

HALF_ESCAPE = regex.compile(r"&\w{0,3}$")


def entities_of(text: str, user_ids: Mapping[str, str], pages: Sequence[str], links: Mapping[str, str]) -> Entities:
    """Returns the hashtags, mentions and links of a text, as X marks them.

    `user_ids` maps a handle to its id; a handle that is not in it is not marked. `links` maps a t.co address to the
    page behind it; any other address leads to one of `pages`.
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
    """Returns the text; if it is longer than `length` characters, it is cut, and the last character is an ellipsis."""
    return text if len(text) <= length else HALF_ESCAPE.sub("", text[: length - 1]) + "…"


def surviving(entities: Entities, kept: int, by: int = 0) -> Entities:
    """Returns the entities that end within the first `kept` characters, with positions shifted by `by` characters.

    X drops an entity that is cut in the middle.
    """
    return {
        kind: some
        for kind, many in entities.items()
        if (some := [{**one, "start": one["start"] + by, "end": one["end"] + by} for one in many if one["end"] <= kept])
    }


def as_retweet(handle: str, user_id: str, text: str, entities: Entities) -> tuple[str, Entities]:
    """Returns the text and the entities that a retweet of this post has."""
    prefix = f"RT @{handle}: "
    repeated = clipped(prefix + text, RETWEET_LENGTH)
    kept = len(text) if len(prefix + text) <= RETWEET_LENGTH else len(repeated) - len(prefix) - 1
    mention = {"start": 3, "end": 4 + len(handle), "username": handle, "id": user_id}
    moved = surviving(entities, kept, len(prefix))
    return repeated, {**moved, "mentions": [mention, *moved.get("mentions", [])]}

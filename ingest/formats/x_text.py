"""Texts of X, in all of its formats: their folded form, and what they tell where nothing else does.

That is the hashtags, and who is mentioned, answered, retweeted or quoted.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

import regex

from conf.blanking import ADDRESS, X_END, X_HANDLE, X_NAME, X_START, Span, blank, blank_spans
from conf.folding import fold

LONGEST_HANDLE = 15
"""The most letters of a handle on X; some old ones have more."""
LONGEST_TEXT = 25_000
"""The most characters that X allows in a long post."""
RT = re.compile(rf"RT @({X_NAME})(?:(:) ?| )")
"""How the text of a retweet begins: it names the author of the retweeted post. Some tools write no colon."""
POST_LINK = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]+\.)?(?:twitter|x)\.com/(?:#!/)?(?:i(?:/web)?|(\w{1,20}))/status(?:es)?/(\d+)",
    re.ASCII | re.IGNORECASE,
)
"""The address of a post: the handle of its author, where the address has it, and its id."""
_ALONE = rf"({X_NAME})(?![@\uff20\u2026]){X_END}"
_LEADING = re.compile(rf"[@\uff20]{_ALONE}\s*")
_MENTION = re.compile(X_START + _ALONE, re.ASCII)
_JOINING = r"_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\xb7"
"""What may stand in a hashtag beside letters, marks and digits, as in Persian, Hebrew and Japanese."""
_SIGNS = rf"\p{{L}}\p{{Nd}}{_JOINING}"
_TAG = regex.compile(
    rf"(?<![{_SIGNS}&/])(?<![^\P{{M}}\ufe0e\ufe0f])[#\uff03](?![\ufe0f\u20e3])"
    rf"(?=[\p{{Nd}}{_JOINING}]*+[\p{{L}}\p{{M}}])([{_SIGNS}\p{{M}}]++)(?![#\uff03\u2026]|://)"
)
"""A hashtag, by X's own rule (https://github.com/twitter/twitter-text): one of its signs is a letter."""
_WHITE = ("", " ", "\n")


def must_be_placed(text: str, start: Any, end: Any) -> bool:
    """Returns whether an address must be known by its place: the pattern does not find it, or does not end it there."""
    if type(start) is not int or type(end) is not int:
        return False
    return text[end : end + 1] not in _WHITE or ADDRESS.fullmatch(text, start, end) is None


def unescaped(raw: str) -> str:
    """Returns a text without HTML's escapes."""
    return html.unescape(raw) if "&" in raw else raw


def all_unescaped(values: Iterable[object]) -> Iterator[object]:
    """Yields the values, and texts without HTML's escapes."""
    return (unescaped(value) if type(value) is str else value for value in values)


def folded_text(raw: str, spans: list[Span]) -> str:
    """Returns the folded form of a text as X sends it. The spans are those of its addresses and handles."""
    text = blank_spans(raw, spans) if spans else raw
    return fold(blank(html.unescape(text) if "&" in text else text, (), X_HANDLE))


def tags_in(text: str) -> list[str]:
    """Returns the hashtags of a text, without those that are clipped (`…`)."""
    return _TAG.findall(text) if "#" in text or "\uff03" in text else []


def names_in(text: str) -> list[str]:
    """Returns the handles in a text, in lower case, without those that are clipped or of another network."""
    return list(map(str.lower, _MENTION.findall(text))) if "@" in text or "\uff20" in text else []


def answered_in(text: str) -> str | None:
    """Returns who is answered, in lower case, by the beginning of a reply's text; None if unknown.

    It begins with the handles of those whom it answers. If it is only one, that is who is answered.
    """
    first = _LEADING.match(text)
    is_only = first and not _LEADING.match(text, first.end())
    return first[1].lower() if first and is_only else None


def retweeted_in(text: str) -> str | None:
    """Returns who is retweeted, in lower case, by the beginning of a retweet's text; None if unknown."""
    prefix = RT.match(text)
    return prefix[1].lower() if prefix else None


def owner_in(links: Iterable[str | None], post_id: str) -> str | None:
    """Returns whose post this is, in lower case, by a link to it; None if no link tells."""
    found = (POST_LINK.match(link) for link in links if link)
    return next((match[1].lower() for match in found if match and match[1] and match[2] == post_id), None)


def earlier_of(history: Iterable[str], post_id: str) -> list[str]:
    """Returns the ids of a post's earlier versions, from its edit history, which also has later ones."""
    return [version for version in history if version.isdecimal() and int(version) < int(post_id)]

"""What a text of X tells where nothing else does: hashtags, and who is mentioned, answered, retweeted or quoted."""

import re
from collections.abc import Iterable

RT_PREFIX = re.compile(r"RT @([A-Za-z0-9_]{1,15}):")
"""How the clipped text of a retweet begins: it names the author of the retweeted post."""
_LEADING = re.compile(r"(?:[@\uff20]([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_])\s*)")
_MENTION = re.compile(r"(?<!\w)[@\uff20](\w{1,15}+)(?![\w\u2026])", re.ASCII)
_TAG = re.compile(r"(?<![\w&/])[#\uff03]([\w\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e]++)(?!\u2026)")
_OF_POST = re.compile(r"(?:^|//)(?:www\.|mobile\.)?(?:twitter|x)\.com/(?!i/)(\w{1,15})/status(?:es)?/(\d+)", re.ASCII)


def tags_in(text: str) -> list[str]:
    """Returns the hashtags of a text, without those that are clipped (`…`), and numbers, which are none on X."""
    return [tag for tag in _TAG.findall(text) if not tag.isdecimal()] if "#" in text or "\uff03" in text else []


def names_in(text: str) -> list[str]:
    """Returns the handles in a text, in lower case, without those that are clipped."""
    return list(map(str.lower, _MENTION.findall(text))) if "@" in text or "\uff20" in text else []


def answered_in(text: str) -> str | None:
    """Returns who is answered, in lower case: the only handle at the beginning of a reply's text; None if unknown."""
    first = _LEADING.match(text)
    is_only = first and not _LEADING.match(text, first.end())
    return first[1].lower() if first and is_only else None


def retweeted_in(text: str) -> str | None:
    """Returns who is retweeted, in lower case, by the beginning of a retweet's text; None if unknown."""
    prefix = RT_PREFIX.match(text)
    return prefix[1].lower() if prefix else None


def owner_in(links: Iterable[str | None], post_id: str) -> str | None:
    """Returns whose post this is, in lower case, by a link to it; None if no link tells."""
    found = (_OF_POST.search(link) for link in links if link)
    return next((match[1].lower() for match in found if match and match[2] == post_id), None)

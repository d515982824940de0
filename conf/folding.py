"""Folding, which removes accents and case from texts, and patterns that find aliases in folded texts.

A post's text is folded once, at ingest, and stored as `folded`. Aliases are folded when a topic's rules become
patterns. The patterns use only regular-expression syntax that Python's `regex` and Java share. So ingest and Spark
(`rlike`) find the same matches.
"""

import unicodedata
from collections.abc import Iterable

import regex

DIACRITICS = regex.compile(r"[\u0300-\u036f]")
URL = regex.compile(r"(?i)\bhttps?://\S+")
HANDLE = regex.compile(r"(?<!\w)[@\uff20][\w.-]*\w(?:@[\w.-]*\w)?")
X_HANDLE = regex.compile(r"(?<!\w)[@\uff20]\w+")
# U+30FC and U+FF70, the long-vowel marks, are used as kana, though their Unicode script is Common.
UNSPACED = r"\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsThai}\p{IsLao}\p{IsKhmer}\p{IsMyanmar}\u30fc\uff70"
WORD_CHARACTER = r"[\p{L}\p{Nd}_]"
_UNSPACED = regex.compile(f"[{UNSPACED}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{Nd}_]+")
LONGEST_WORD = 64
VERSION = "nfkd/1"
"""The folding's version, part of every `method`. Raise it when folding, blanking or the edges of aliases change."""


def fold(text: str) -> str:
    """Returns the text without accents and case: NFKD, without U+0300 to U+036F, then NFC, then casefold.

    A run of white space becomes one space; white space at the ends is removed.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    bare = DIACRITICS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(unicodedata.normalize("NFC", bare).casefold().split())


def blank(text: str, handle: "regex.Pattern[str]" = HANDLE) -> str:
    """Returns the text with a space in place of each URL and handle.

    Call it before `fold`. `handle` is the pattern of a handle.
    """
    if "@" in text or "\uff20" in text:
        text = handle.sub(" ", text)
    return URL.sub(" ", text) if "://" in text else text


def words_of(folded: str) -> set[str]:
    """Returns the distinct words of a folded text.

    A word is a run of letters, marks, digits and underscores, cut to LONGEST_WORD characters.
    """
    return {word[:LONGEST_WORD] for word in _WORD.findall(folded)}


def search_words(folded: Iterable[str | None], hashtags: Iterable[str] | None) -> set[str]:
    """Returns the words by which search finds a post: the words of its folded texts, and each hashtag with its #."""
    words = {f"#{tag}" for tag in hashtags or ()}
    return words.union(*(words_of(text) for text in folded if text))


def alias_pattern(aliases: list[str]) -> str:
    """Returns one pattern that finds any of the aliases in a folded text, as whole words.

    The pattern is empty if there are no aliases. If an alias begins or ends with a character of a script without spaces
    between words (such as Thai or Chinese), any character may stand next to it on that side.
    """
    by_edges: dict[tuple[str, str], list[str]] = {}
    for folded in sorted({fold(alias) for alias in aliases}):
        if folded:
            left = "" if _UNSPACED.match(folded[0]) else f"(?<!{WORD_CHARACTER})"
            right = "" if _UNSPACED.match(folded[-1]) else f"(?!{WORD_CHARACTER})"
            escaped = regex.escape(folded, special_only=True, literal_spaces=True)
            by_edges.setdefault((left, right), []).append(escaped)
    return "|".join(f"{left}(?:{'|'.join(some)}){right}" for (left, right), some in by_edges.items())

"""Folding and alias patterns: how a text and an alias are made comparable (DESIGN 5, rule a).

Used once at ingest, to store `folded`, and when a topic's rules become patterns. The patterns are written in
the part of regular-expression syntax that Python's `regex` and Java share, so that a match at ingest and a
match in Spark (`rlike`) are the same match.
"""

import unicodedata

import regex

DIACRITICS = regex.compile(r"[\u0300-\u036f]")
URL = regex.compile(r"(?i)\bhttps?://\S+")
HANDLE = regex.compile(r"(?<!\w)[@\uff20][\w.-]*\w(?:@[\w.-]*\w)?")
X_HANDLE = regex.compile(r"(?<!\w)[@\uff20]\w+")
# U+30FC and U+FF70, the long-vowel marks, are kana in use though Unicode calls them common to scripts.
UNSPACED = r"\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsThai}\p{IsLao}\p{IsKhmer}\p{IsMyanmar}\u30fc\uff70"
WORD_CHARACTER = r"[\p{L}\p{Nd}_]"
_UNSPACED = regex.compile(f"[{UNSPACED}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{Nd}_]+")
LONGEST_WORD = 64
VERSION = "nfkd/1"
"""To be raised when folding, blanking or the boundaries of aliases change: it is part of every `method`."""


def fold(text: str) -> str:
    """Folds a text: NFKD, U+0300 to U+036F taken out, NFC, casefold, white space runs to one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    bare = DIACRITICS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(unicodedata.normalize("NFC", bare).casefold().split())


def blank(text: str, handle: "regex.Pattern[str]" = HANDLE) -> str:
    """Replaces URLs and @handles by a space, before folding."""
    if "@" in text or "\uff20" in text:
        text = handle.sub(" ", text)
    return URL.sub(" ", text) if "://" in text else text


def words_of(folded: str) -> set[str]:
    """The distinct words of a folded text: runs of letters, marks, digits and underscores, cut to 64 characters."""
    return {word[:LONGEST_WORD] for word in _WORD.findall(folded)}


def alias_pattern(aliases: list[str]) -> str:
    """One pattern that finds any of the aliases in a folded text as whole words.

    Empty when there is no alias. An edge that is in a script which writes without spaces needs no boundary.
    """
    by_edges: dict[tuple[str, str], list[str]] = {}
    for folded in sorted({fold(alias) for alias in aliases}):
        if folded:
            left = "" if _UNSPACED.match(folded[0]) else f"(?<!{WORD_CHARACTER})"
            right = "" if _UNSPACED.match(folded[-1]) else f"(?!{WORD_CHARACTER})"
            escaped = regex.escape(folded, special_only=True, literal_spaces=True)
            by_edges.setdefault((left, right), []).append(escaped)
    return "|".join(f"{left}(?:{'|'.join(some)}){right}" for (left, right), some in by_edges.items())

"""Patterns that find names in folded texts, as whole words by the customs of each script.

The patterns use only regular-expression syntax that Python's `regex` and Java share. So ingest, search and Spark
(`rlike`) find the same matches.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from conf.folding import ARABIC_PREFIXES, ARTICLE, fold

# U+30FC and U+FF70, the long-vowel marks, are used as kana, though their Unicode script is Common.
UNSPACED = r"\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsThai}\p{IsLao}\p{IsKhmer}\p{IsMyanmar}\u30fc\uff70"
"""The scripts without spaces between words: an edge of an alias in one of these may stand next to anything."""
OPEN_ON_THE_RIGHT = rf"{UNSPACED}\p{{IsHangul}}"
"""Korean particles stand after a name without a space."""
# A character beyond U+FFFF stands in both classes, because only then does Java's look-behind see such letters whole.
# An accent or vowel sign belongs to its letter; an emoji's variation selector (as in ❤️) belongs to no word.
_LETTER = "[\\p{L}\\p{Nd}_\U00010000]"
_SIGN = "[^\\P{M}\ufe00-\ufe0f\u20d0-\u20ff\U000e0100-\U000e01ef]"
_LEFT, _RIGHT = f"(?<!{_LETTER})(?<!{_SIGN})", f"(?!{_LETTER})(?!{_SIGN})"
_UNSPACED = regex.compile(f"[{UNSPACED}]")
_OPEN_ON_THE_RIGHT = regex.compile(f"[{OPEN_ON_THE_RIGHT}]")
_ARABIC = regex.compile(r"\p{IsArabic}")


@dataclass(frozen=True, slots=True, order=True)
class Alias:
    """A folded name, and at which of its edges any letters may follow because the topic has written `*` there."""

    text: str
    open_left: bool = False
    open_right: bool = False

    @property
    def is_open(self) -> bool:
        """Whether one of its edges is open."""
        return self.open_left or self.open_right

    @property
    def needle(self) -> str:
        """A text that stands in every text in which the alias stands. A plain search for it is fast."""
        return self._after_article or self.text

    @property
    def edges(self) -> tuple[str, str]:
        """The patterns of what may stand before the needle, and after it."""
        right = "" if self.open_right or _OPEN_ON_THE_RIGHT.match(self.text[-1]) else _RIGHT
        if self.open_left or _UNSPACED.match(self.text[0]):
            return "", right
        if self._after_article:
            return f"{_LEFT}(?:{'|'.join(prefix for prefix in ARABIC_PREFIXES if len(prefix) > 1)})", right
        return _LEFT + (f"(?:{'|'.join(ARABIC_PREFIXES)})?" if _ARABIC.match(self.text) else ""), right

    @property
    def _after_article(self) -> str:
        """The rest of a name after the Arabic article, which prefixes hold, too; "" if the name has none.

        So السيسي also stands as بالسيسي.
        """
        return "" if self.open_left or not self.text.startswith(ARTICLE) else self.text.removeprefix(ARTICLE).lstrip()


def alias_of(written: str) -> Alias:
    """Returns an alias as the topic file writes it: `путин*` also finds the word with other endings."""
    text = fold(written)
    return Alias(text.strip("* "), text.startswith("*"), text.endswith("*"))


def alias_pattern(aliases: Iterable[str]) -> str:
    """Returns one pattern that finds any of the aliases, written as in a topic file; empty if there are none."""
    return pattern_of(map(alias_of, aliases))


def pattern_of(aliases: Iterable[Alias]) -> str:
    """Returns one pattern that finds any of the aliases in a folded text; empty if there are none.

    No letter, digit or underscore may stand next to a match, except: at an edge in a script without spaces between
    words (such as Thai or Chinese), after a Korean name, at an edge with `*`; and before an Arabic name one of
    ARABIC_PREFIXES may stand.
    """
    by_edges: dict[tuple[str, str], list[str]] = {}
    for alias in sorted(set(aliases)):
        if alias.text:
            needle = regex.escape(alias.needle, special_only=True, literal_spaces=True)
            by_edges.setdefault(alias.edges, []).append(needle)
    return "|".join(f"{left}(?:{'|'.join(some)}){right}" for (left, right), some in by_edges.items())

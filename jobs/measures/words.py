"""The words of a post's text that are compared between periods: those by which search finds it, cut up and filtered.

Search takes a run of letters, vowel signs, digits and underscores for a word (`conf.folding.words_of`). Here, such a
run is cut up further where its script has no spaces between words:

- Chinese characters: every two neighbours are a word, since no rule without a dictionary finds the words. A run of two
  is one word. So 高市早苗 is 高市, 市早 and 早苗.
- Hiragana and Katakana: a run of one of them is a word.
- Thai, Lao, Khmer, Myanmar: every three neighbours are a word, each letter with its signs.

A word has at least LEAST letters, or LEAST_SHORT in Han, kana and Hangul. Vowel signs are letters; digits are not.
"""

from functools import lru_cache

import regex

from conf.folding import words_of

VERSION = "words/1"
"""The version of the cutting. Raise it when words change."""
LEAST, LEAST_SHORT = 3, 2
KEPT = 200_000
"""Runs whose words are kept in mind."""
_PIECES = regex.compile(
    r"(?P<han>\p{IsHan}+)|(?P<kana>[\p{IsHiragana}\u30fc]+|[\p{IsKatakana}\u30fc\uff70]+)"
    r"|(?P<signs>[\p{IsThai}\p{IsLao}\p{IsKhmer}\p{IsMyanmar}]+)"
    r"|(?P<others>[^\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsThai}\p{IsLao}\p{IsKhmer}\p{IsMyanmar}\u30fc\uff70]+)"
)
_LETTER, _SHORT = regex.compile(r"[\p{L}\p{M}]"), regex.compile(r"[\p{IsHan}\p{IsHiragana}\p{IsKatakana}\p{IsHangul}]")
_WITH_SIGNS = regex.compile(r"\X")


def compared_words(folded: str) -> set[str]:
    """Returns the distinct words of a folded text."""
    return {word for run in words_of(folded) for word in words_in(run)}


@lru_cache(KEPT)
def words_in(run: str) -> tuple[str, ...]:
    """Returns the words of a run of letters, as `words_of` returns it."""
    if run.isascii():
        return (run,) if sum(map(str.isalpha, run)) >= LEAST else ()
    found = (word for piece in _PIECES.finditer(run) for word in _words(piece))
    return tuple(dict.fromkeys(word for word in found if _is_long_enough(word)))


def _words(piece: "regex.Match[str]") -> list[str]:
    text = piece[0]
    if piece["han"]:
        return _neighbours(list(text), LEAST_SHORT)
    return _neighbours(_WITH_SIGNS.findall(text), LEAST) if piece["signs"] else [text]


def _neighbours(letters: list[str], count: int) -> list[str]:
    """Returns every `count` letters that stand side by side; all letters as one word if they are fewer."""
    return ["".join(letters[start : start + count]) for start in range(max(1, len(letters) - count + 1))]


def _is_long_enough(word: str) -> bool:
    return len(_LETTER.findall(word)) >= (LEAST_SHORT if _SHORT.search(word) else LEAST)

"""Turns a topic's `collect` part into the operators of X's filtered stream.

Operators and their limits: https://docs.x.com/x-api/posts/filtered-stream/integrate/operators
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from conf.aliases import alias_of
from conf.blanking import X_NAME
from conf.folding import fold
from conf.languages import plain_tag

HANDLE = re.compile(X_NAME)
OPERATORS = ("or", "and", "not")
LIGHT = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
# The operators' page now lists 42 of these. Earlier it listed all of them, and posts still have them as `lang`:
# https://developer.x.com/en/docs/x-api/tweets/filtered-stream/integrate/build-a-rule
LANGUAGES = (
    "am ar bg bn bo bs ca ckb cs cy da de dv el en es et eu fa fi fr gu hi hi-Latn hr ht hu hy in is it iw ja ka km kn "
    "ko lo lt lv ml mr my ne nl no or pa pl ps pt ro ru sd si sk sl sr sv ta te th tl tr ug uk ur vi zh-CN zh-TW"
)
_CODES: dict[str, tuple[str, ...]] = {plain_tag(code): (code,) for code in LANGUAGES.split()}
_CODES |= {"nb": ("no",), "zh": ("zh-CN", "zh-TW")}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the topic that X's rules can't express, with the reason: `what` and `why` together are one sentence."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A part of the topic, and the operators for it, joined by OR."""

    what: str
    clause: str


def length_of(text: str) -> int:
    """Returns an upper limit for the length of a rule in characters, since X does not say how it counts.

    So characters that X counts double in posts count double here: https://docs.x.com/fundamentals/counting-characters
    """
    if text.isascii():
        return len(text)
    return sum(1 if any(low <= ord(c) <= high for low, high in LIGHT) else 2 for c in text)


def keyword_wish(keyword: str) -> Wish | LeftOut:
    """Returns the operators for a keyword: text or hashtag for a word, hashtag for `#tag`, else an exact phrase.

    A `*` at its edge is left out. X distinguishes accents, but Pulso does not. So for a keyword with accents, the rule
    also has the form without accents.
    """
    what = f"keyword {keyword}"
    text = unicodedata.normalize("NFC", " ".join(keyword.strip("*＊ ").split()))
    if text.startswith(("#", "＃")):
        if not _is_hashtag(text[1:]):
            return LeftOut(what, "is no hashtag: a hashtag is one word with at least one letter")
        return Wish(what, " OR ".join(f"#{spelling}" for spelling in _spellings(text[1:])))
    if not any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" for c in text):
        return LeftOut(what, "has no letter, digit or emoji")
    return Wish(what, " OR ".join(operator for spelling in _spellings(text) for operator in _text_operators(spelling)))


def open_edge(keyword: str) -> list[LeftOut]:
    """Returns what a keyword with `*` at its edge loses on X, which finds whole words only; nothing for any other."""
    if not alias_of(keyword).is_open:
        return []
    return [LeftOut(f"keyword {keyword}", "is asked for without its *; give other endings as keywords of their own")]


def user_wish(user: str) -> Wish | LeftOut:
    """Returns the operators for an account: its posts, replies to it, retweets of it, and mentions of it."""
    name = user.strip().lstrip("@＠")
    if not HANDLE.fullmatch(name):
        return LeftOut(f"user {user}", "is no X handle: a handle has up to 15 letters, digits and underscores")
    return Wish(f"user {user}", f"from:{name} OR to:{name} OR retweets_of:{name} OR @{name}")


def language_factor(languages: Iterable[str]) -> tuple[str, list[LeftOut]]:
    """Returns the languages as a part of a rule (it can be empty), and the languages that X can't filter by."""
    codes: set[str] = set()
    left_out = []
    for language in languages:
        if found := _CODES.get(plain_tag(language)):
            codes.update(found)
        else:
            left_out.append(LeftOut(f"language {language}", "can't be filtered by X; its posts are not collected"))
    return _grouped(f"lang:{code}" for code in sorted(codes)), left_out


def _grouped(operators: Iterable[str]) -> str:
    found = list(operators)
    return f"({' OR '.join(found)})" if len(found) > 1 else "".join(found)


def _spellings(text: str) -> list[str]:
    """Returns the text, and its folded form where that differs by more than case, which X ignores."""
    folded = fold(text)
    return [text] if folded in ("", text.casefold()) else [text, folded]


def _text_operators(text: str) -> list[str]:
    if _is_word(text) and text.lower() not in OPERATORS:
        return [text, f"#{text}"] if _is_hashtag(text) else [text]
    return ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"']


def _is_word(text: str) -> bool:
    return all(c == "_" or unicodedata.category(c)[0] in "LM" or unicodedata.category(c) == "Nd" for c in text)


def _is_hashtag(text: str) -> bool:
    return _is_word(text) and any(unicodedata.category(c)[0] == "L" for c in text)

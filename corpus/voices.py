"""The ways in which people write each candidate's name, and the words that only look like a candidate's name.

By the topic's rules, every form of a voice is a mention of its candidate, and a trap (a word that only looks like a
name) is not. Both are checked with these rules when they are made, so no text contains a form that the topic's aliases
do not cover.
"""

import html
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import regex

from conf.blanking import X_HANDLE, blank
from conf.folding import fold, fold_tag
from conf.race import Candidate
from conf.topic import Topic

ACUTE = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
BOLD = {ord("A") + n: 0x1D5D4 + n for n in range(26)} | {ord("a") + n: 0x1D5EE + n for n in range(26)}
TAG = regex.compile(r"(?<![\w&])#(\w+)")
HANDLE_LENGTH = 15

KNOWN_TRAPS = ("binayaran", "poetry", "marcoses", "mirriam", "roxasian", "poem", "lenient", "chizmis", "cayetanos")


class Voice(NamedTuple):
    """The forms of one candidate's name: `names` to draw from (with common ones several times), and hashtags.

    `aliases` are those of the names that are neither hashtags nor handles.
    """

    names: tuple[str, ...]
    tags: tuple[str, ...]
    aliases: tuple[str, ...]


class Rules:
    """A topic's counting rules, used to check words before they are written."""

    def __init__(self, topic: Topic) -> None:
        self._candidates = [
            (regex.compile(one.pattern or "(?!)"), set(one.folded_hashtags), set(one.lower_handles))
            for race in topic.races
            for one in race.candidates
        ]

    def counted(self, text: str) -> set[int]:
        """Returns the candidates that a text mentions, as numbers counted from 0 over all races."""
        plain = html.unescape(text)
        folded = fold(blank(plain, handle=X_HANDLE))
        tags = {fold_tag(tag) for tag in TAG.findall(plain)}
        handles = {handle[1:].lower() for handle in X_HANDLE.findall(plain)}
        return {
            number
            for number, (alias, own_tags, own_handles) in enumerate(self._candidates)
            if alias.search(folded) or tags & own_tags or handles & own_handles
        }

    def counts_nobody(self, text: str) -> bool:
        """Returns whether a text mentions no candidate of any race."""
        return not self.counted(text)


def voices_of(topic: Topic) -> list[Voice]:
    """Returns the voices of all candidates, race after race."""
    rules = Rules(topic)
    candidates = [candidate for race in topic.races for candidate in race.candidates]
    return [_voice(topic, rules, number, candidate) for number, candidate in enumerate(candidates)]


def _voice(topic: Topic, rules: Rules, number: int, candidate: Candidate) -> Voice:
    names = map(html_escape, (*_usual(candidate), *_odd(candidate)))
    tags = tuple(f"#{form}" for tag in candidate.hashtags for form in _tag_forms(topic, tag.lstrip("#＃")))
    handles = [f"@{with_capitals(topic, handle)}" for handle in x_handles(candidate)]
    usable = [name for name in names if number in rules.counted(name)]
    full = (html_escape(candidate.name),)
    return Voice((*usable, *tags, *(handles * 4)) or full, tags, tuple(usable) or full)


def x_handles(candidate: Candidate) -> list[str]:
    """Returns the candidate's handles that can be X handles: none with a server or domain, and no DIDs."""
    return [handle for handle in candidate.lower_handles if X_HANDLE.fullmatch(f"@{handle}") and handle.isascii()]


def _usual(candidate: Candidate) -> Iterator[str]:
    yield from (candidate.name,) * 6
    for alias in candidate.aliases:
        yield from (alias, alias, alias.upper(), alias.upper())
        yield from (alias.title(),) * 6


def _odd(candidate: Candidate) -> Iterator[str]:
    for alias in (one.title() for one in candidate.aliases):
        accented = alias[:-1] + alias[-1].translate(ACUTE)
        yield from (unicodedata.normalize("NFC", accented), unicodedata.normalize("NFD", accented))
        yield from (alias.replace(" ", "\n"), alias.replace(" ", "  ")) if " " in alias else ()
    if candidate.aliases:
        first = candidate.aliases[0].title()
        yield from (first.translate(FULL_WIDTH), first.translate(BOLD))


def _tag_forms(topic: Topic, tag: str) -> tuple[str, ...]:
    capitals = with_capitals(topic, tag)
    return (capitals, capitals, capitals, tag, tag.upper())


def with_capitals(topic: Topic, word: str) -> str:
    """Returns a handle or hashtag as people write it, with a capital for each part of a candidate's name: MarRoxas."""
    parts = {part for race in topic.races for one in race.candidates for part in one.name.split() if len(part) > 2}
    for part in sorted(parts, key=lambda part: (len(part), part)):
        if part.isascii() and part.isalnum():
            word = word.replace(part.lower(), part)
    return word[:1].upper() + word[1:]


def html_escape(text: str) -> str:
    """Returns the text escaped as X delivers it: &amp; &lt; &gt; and nothing else."""
    return html.escape(text, quote=False)


def _plain_aliases(topic: Topic) -> list[str]:
    aliases = {alias.lower() for race in topic.races for one in race.candidates for alias in one.aliases}
    return sorted(alias for alias in aliases if alias.isascii() and alias.isalnum())


def _first_nobodies(topic: Topic, forms: Iterable[str]) -> tuple[str, ...]:
    counts_nobody = Rules(topic).counts_nobody
    return tuple(form for form in dict.fromkeys(forms) if counts_nobody(form))


def lures_of(topic: Topic) -> tuple[str, ...]:
    """Returns made-up handles, such as @duterte_fan2016, that contain a candidate's name but are no mention."""
    handles = (f"{alias}_fan2016" for alias in _plain_aliases(topic) if len(alias) + 8 <= HANDLE_LENGTH)
    return _first_nobodies(topic, (f"@{handle}" for handle in handles))


def traps_of(topic: Topic, lures: Iterable[str]) -> tuple[str, ...]:
    """Returns words, links and handles that contain a candidate's name but do not count as a mention."""
    inside = (form for alias in _plain_aliases(topic) for form in (f"_{alias}_", f"{alias}nomics", f"pro{alias}"))
    links = (f"https://t.co/{alias}" for alias in _plain_aliases(topic))
    return _first_nobodies(topic, (*KNOWN_TRAPS, *inside, *links, *lures))


def topic_tags(topic: Topic) -> tuple[str, ...]:
    """Returns the topic's one-word keywords that name no candidate, as hashtags in the ways that people write them."""
    words = [word.lstrip("#") for word in topic.collect.keywords if word.lstrip("#").isalnum()]
    forms = [f"#{form}" for word in words for form in (word, word.title(), word.title(), word.upper())]
    return _first_nobodies(topic, forms) or ("#Election2016",)

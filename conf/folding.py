"""Folding, which makes texts and names comparable: no accents, no case, one form of each letter and sign.

A post's text is folded once, at ingest, and stored as `folded`. Aliases and hashtags are folded when a topic is read,
and words when somebody searches. `conf/aliases.py` finds aliases in folded texts.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import regex

VERSION = "nfkd/2"
"""The folding's version, part of every `method`. Raise it when folding, blanking or the edges of aliases change."""
LONGEST_WORD = 64
MOST_MARKS, MOST_MARKS_FROM = 30, 1000
"""Of a longer run of marks on one letter, so many count (as in Unicode's Stream-Safe Text Format, UAX 15), in a text of
more than so many characters: to sort the marks of a run takes the square of its length, minutes for a megabyte."""
ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "ال", "لل", "و")
"""The prefixes of Larkey's stemmer light10: and the, with the, like the, so the, the, to the, and."""
ARTICLE = "ال"
_WORD = regex.compile(r"[\p{L}\p{M}\p{Nd}_]+")
ASCII_WORDS = bytes(byte if chr(byte).isalnum() or chr(byte) == "_" else 32 for byte in range(128)) + b" " * 128
"""For `bytes.translate`: what is not in a word becomes a space."""
_APOSTROPHES = "`‘’‛′‵ʹʻʼʽˈ՚׳ߴߵꞋꞌ❛❜"
_DASHES = "˗֊־᐀᠆‐‑‒–—―⁃−⸗⸚⸺⸻⹀⹝〜〰゠"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670"
"""Accents, Hebrew points, Arabic harakat. The vowel signs of other scripts stay: there they are letters."""
_TATWEEL = "\u0640"
_FORMAT = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb"
)
"""The format characters up to U+FFFF. `re` is fast for a set of these, and slow once the set has one beyond them."""
_LATIN = ((0xC0, 0x2AF), (0x1D00, 0x1D9F), (0x1E00, 0x1EFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF))
_LATIN_NAME = re.compile(
    r"LATIN (?:SMALL LETTER|SMALL LIGATURE|LETTER SMALL CAPITAL|SMALL CAPITAL LETTER) "
    r"(?:INSULAR |AFRICAN |SCRIPT |OPEN |DOTLESS |LONG |BROKEN |BARRED |MIDDLE-WELSH )?"
    r"([A-Z]{1,2}|ENG|ETH|THORN|KRA|IOTA)(?: DIGRAPH)?(?: BAR)?(?: WITH .*)?"
)
_NAMED = {"ENG": "n", "ETH": "d", "THORN": "th", "KRA": "q", "IOTA": "i"}


def _plain_latin() -> Iterator[tuple[str, str]]:
    """Yields lower-case Latin letters with strokes, hooks and the like, and ligatures, each with its plain letters.

    Their Unicode names say which these are. They are those of the transform Latin-ASCII of Unicode's CLDR, and a few
    more of the same kinds, such as the open o (ɔ).
    """
    for code in (code for first, last in _LATIN for code in range(first, last + 1)):
        if named := _LATIN_NAME.fullmatch(unicodedata.name(chr(code), "")):
            yield chr(code), _NAMED.get(named[1], named[1].lower())


_PLAIN = {**dict(_plain_latin()), **dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_DASHES, "-"), "\u05f4": '"'}
_LEFT_OUT = re.compile(f"[{_MARKS}{_TATWEEL}{_FORMAT}]")
_ACCENTED = "\u00c0-\u0233\u0386-\u03ce\u0400-\u0477\u04c1-\u04f9\u1e00-\u1ffc\u219a-\u21cf\u2204-\u22ed"
"""Ranges with all characters of NFKC that have an accent inside. A text without these need not be taken apart."""
_TO_LEAVE_OUT = re.compile(f"[{_ACCENTED}{_MARKS}{_TATWEEL}{_FORMAT}]")
_OTHER = re.compile(f"[{''.join(_PLAIN)}]")
_RARE = re.compile("[\U00010ead-\U0001d17a\U000e0001-\U000e007f]")
"""The ranges beyond U+FFFF that have dashes or format characters. No emoji and no styled letter lies in them."""
_CROWDED = regex.compile(rf"(\p{{M}}{{{MOST_MARKS}}})\p{{M}}+")
_RARE_DASH, _RARE_FORMAT = regex.compile(r"\p{Pd}"), regex.compile(r"\p{Cf}")


def fold(text: str) -> str:
    """Returns the text in the form in which texts are compared; folding it again changes nothing.

    It is NFKD, without accents, Arabic harakat and tatweel, Hebrew points and format characters (zero-width, soft
    hyphen, marks of direction); then NFC and casefold. Latin letters with strokes and ligatures become plain letters,
    all apostrophes `'`, all hyphens and dashes `-`. A run of white space becomes one space; white space at the ends
    is removed.
    """
    if text.isascii():
        return " ".join((text.replace("`", "'") if "`" in text else text).lower().split())
    if len(text) > MOST_MARKS_FROM:
        text = _CROWDED.sub(r"\1", text)
    if "´" in text or "᾽" in text or "᾿" in text:  # NFKD takes these apostrophes for a space with an accent
        text = text.replace("´", "'").replace("᾽", "'").replace("᾿", "'")
    bare = unicodedata.normalize("NFKC", text)
    if _TO_LEAVE_OUT.search(bare) or _RARE.search(bare):
        bare = _LEFT_OUT.sub("", unicodedata.normalize("NFKD", text))
        if _RARE.search(bare):
            bare = _RARE_DASH.sub("-", _RARE_FORMAT.sub("", bare))
        bare = unicodedata.normalize("NFC", bare)
    lower = bare.casefold()
    for letter in set(_OTHER.findall(lower)):
        lower = lower.replace(letter, _PLAIN[letter])
    return " ".join(lower.split())


def fold_tag(tag: str) -> str:
    """Returns a hashtag as posts store it: folded, without `#` or `＃` before it and without spaces."""
    return fold(tag).replace(" ", "").lstrip("#")


def fold_tags(tags: Iterable[str]) -> list[str]:
    """Returns the distinct hashtags as posts store them, in the order of their first occurrence."""
    return list(dict.fromkeys(filter(None, map(fold_tag, tags))))


def bare_handle(handle: str) -> str:
    """Returns a handle as posts store it: in lower case, without `@` or `＠` before it."""
    return handle.strip().lstrip("@＠").lower()


def words_of(folded: str) -> set[str]:
    """Returns the distinct words of a folded text.

    A word is a run of letters, marks, digits and underscores, cut to LONGEST_WORD characters.
    """
    if folded.isascii():
        words = _words_of_ascii(folded)
    else:  # the pattern takes long, so it reads only the parts that need it
        parts = folded.split()
        words = _words_of_ascii(" ".join([part for part in parts if part.isascii()]))
        words.update(_WORD.findall(" ".join([part for part in parts if not part.isascii()])))
    if words and max(map(len, words)) > LONGEST_WORD:
        return {word[:LONGEST_WORD] for word in words}
    return words


def _words_of_ascii(folded: str) -> set[str]:
    return set(folded.encode().translate(ASCII_WORDS).decode().split())


def search_words(folded: Iterable[str | None], hashtags: Iterable[str] | None) -> set[str]:
    """Returns the words by which search finds a post: the words of its folded texts, and each hashtag with its #.

    Arabic words are among them with and without their prefixes, since an alias is found with each of these.
    """
    words = {f"#{tag}" for tag in hashtags} if hashtags else set()
    text = " ".join(filter(None, folded))
    found = words_of(text)
    words |= found
    if not text.isascii():
        words.update([form for word in found if word[0] in _FIRST for form in _without_prefixes(word)])
    return words


_FIRST = frozenset(prefix[0] for prefix in ARABIC_PREFIXES)


def _without_prefixes(word: str) -> Iterator[str]:
    for prefix in ARABIC_PREFIXES:
        if rest := word.removeprefix(prefix) if word.startswith(prefix) else "":
            yield rest
            if len(prefix) > 1:
                yield ARTICLE + rest

"""Search queries: words, "exact phrases", #hashtags and an @author, folded like the texts of posts."""

from dataclasses import dataclass
from functools import cached_property

import regex

from conf.aliases import OPEN_ON_THE_RIGHT, UNSPACED, Alias, pattern_of
from conf.blanking import X_HANDLE, blank
from conf.errors import WrongUse
from conf.folding import LONGEST_WORD, bare_handle, fold, fold_tag, words_of
from conf.tables import KINDS

GIVE = 'Give words, a "phrase in quotes", a #hashtag or an @author'
_TOKEN = regex.compile(r'["“”]([^"“”]*)["“”]|([^\s"“”]+)|(["“”])')
_UNSPACED_EDGE = regex.compile(f"^[{UNSPACED}]|[{OPEN_ON_THE_RIGHT}]$")


@dataclass(frozen=True)
class Query:
    """The conditions of a search; a post must meet all of them.

    `terms` are in the index: words, and hashtags with their #. `phrases` are folded, and must occur in one of the
    columns MATCHED as whole words. They are the exact phrases (each in one or two spellings), and words that begin or
    end with a character of a script without spaces between words. `author` and `kind` are as in `posts`.
    """

    terms: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    author: str | None = None
    kind: str | None = None

    @cached_property
    def patterns(self) -> "tuple[regex.Pattern[str], ...]":
        """One pattern for each phrase, for folded text.

        It finds whole words, by the same rule as for a candidate's aliases.
        """
        return tuple(regex.compile(pattern_of(map(Alias, readings))) for readings in self.phrases)

    @cached_property
    def marks(self) -> "regex.Pattern[str] | None":
        """A pattern that finds the hits (the parts to emphasise) in folded text; None if there are none."""
        in_phrases = {word for readings in self.phrases for reading in readings for word in words_of(reading)}
        shown = [term for term in self.terms if term not in in_phrases]
        shown += [reading for readings in self.phrases for reading in readings]
        return regex.compile(pattern_of(map(Alias, shown))) if shown else None

    def holds(self, *folded: str | None) -> bool:
        """Returns whether each phrase is in one of these texts. The other conditions are checked by the index."""
        return all(any(pattern.search(text) for text in folded if text) for pattern in self.patterns)


def parse_query(text: str, author: str | None = None, kind: str | None = None) -> Query:
    """Parses a query as people write it: `duterte "grace poe" #halalan2016 @sengracepoe`.

    Raises WrongUse for an empty query, a word, hashtag or author without a letter or digit, a quotation mark without
    its partner, more than one author, and an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise WrongUse(f"there is no kind {kind!r}", f"Give one of {', '.join(KINDS)}")
    terms, phrases, authors = dict[str, None](), dict[tuple[str, ...], None](), dict[str, None]()
    for phrase, token, quote in _TOKEN.findall(text):
        if quote:
            raise WrongUse(f"a quotation mark is missing in {text!r}", 'Put a phrase between two: "grace poe"')
        if token and token[0] in "@＠":
            authors[_handle(token)] = None
        elif token and token[0] in "#＃":
            terms[_hashtag(token)] = None
        else:
            _add_words(token or phrase, terms, phrases, exact=not token)
    if author is not None:
        authors[_handle(author)] = None
    if len(authors) > 1:
        raise WrongUse(f"a post has only one author, but {len(authors)} are given: {', '.join(authors)}", "Ask for one")
    if not (terms or phrases or authors or kind):
        raise WrongUse("the query is empty", GIVE)
    return Query(tuple(terms), tuple(phrases), next(iter(authors), None), kind)


def _add_words(text: str, terms: dict[str, None], phrases: dict[tuple[str, ...], None], *, exact: bool) -> None:
    """Adds the words of a token or a phrase in the way in which posts store them: without URLs and handles."""
    readings = sorted({fold(blank(text)), fold(blank(text, handle=X_HANDLE))})
    words = set.intersection(*(words_of(reading) for reading in readings))
    if not words:
        fix = "URLs and handles are not among the words of posts" if "://" in text or "@" in text else GIVE
        raise WrongUse(f"{text!r} holds no letter or digit to search for", fix)
    indexed = sorted(word for word in words if not _UNSPACED_EDGE.search(word))
    terms.update(dict.fromkeys(indexed))
    if exact or len(indexed) < len(words) or any(len(word) == LONGEST_WORD for word in words):
        phrases[tuple(readings)] = None


def _handle(text: str) -> str:
    """Returns a handle as posts store it."""
    handle = bare_handle(text)
    if not any(c.isalnum() for c in handle):
        raise WrongUse(f"the author {text!r} holds no letter or digit", "Give a handle, a DID, or user@server")
    return handle


def _hashtag(token: str) -> str:
    """Returns a hashtag as `words` stores it."""
    tag = fold_tag(token)
    if not any(c.isalnum() for c in tag):
        raise WrongUse(f"the hashtag {token!r} holds no letter or digit", GIVE)
    return f"#{tag}"

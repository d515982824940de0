"""Composes the texts of posts: a phrase about the candidates, with words in its slots, and parts before and after it.

The texts of a portion are made together, in columns. All choices depend on sixteen columns of uniform 31-bit integers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from conf.topic import Topic
from corpus import phrases, vocabulary
from corpus.authors import Cast
from corpus.draws import Flags, Ints, Pool, Words, words
from corpus.phrases import Phrases
from corpus.voices import Rules, topic_tags, traps_of, voices_of

DRAWS_A_TEXT = 16
LANGUAGES = ("en", "tl")
TAGALOG_PER_CENT, OPENER_PER_CENT, CLOSER_PER_CENT, ANSWER_PER_CENT = 58, 35, 35, 45
LONG_PER_MILLE, NOTE_PER_MILLE, FACES_PER_MILLE = 220, 14, 12

SLOTS = ("a", "b", "issue", "place", "thing", "emoji", "n", "tag", "trend", "trap", "own", "link", "user", "alias")
CATEGORIES = (
    phrases.ABOUT,
    phrases.NOBODY,
    phrases.PAIRS,
    phrases.ANSWERS,
    phrases.OFFICIAL,
    phrases.BOTS,
    phrases.FACES,
    phrases.LOOKALIKES,
)
ABOUT, NOBODY, PAIR, ANSWER, OFFICIAL, BOT, FACES, LOOKALIKE = range(8)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
PAIRS = words([one + other for one in LETTERS for other in LETTERS])
NUMBERS = words([str(number) for number in range(2, 99)])


class Briefs(NamedTuple):
    """The tasks for the texts, in columns: who writes, about whom (candidates' numbers; -1: nobody), on which day.

    A `lookalike` has the name of its subject, but means somebody or something else.
    """

    is_official: Flags
    is_bot: Flags
    is_reply: Flags
    may_be_long: Flags
    subject: Ints
    second: Ints
    day: Ints
    lookalike: Flags


class Worded(NamedTuple):
    """A text, its language, and a t.co address that is used if the post quotes another post."""

    lang: str
    text: str
    link: str


def _positional(template: str) -> str:
    """Returns the template with the slots' numbers instead of their names: {issue} becomes {2}."""
    return template.format(**{name: f"{{{place}}}" for place, name in enumerate(SLOTS)})


def _pool(*choices: Phrases) -> Pool:
    return Pool(*([_positional(one) for one in by_language[lang]] for by_language in choices for lang in LANGUAGES))


class Composer:
    """Writes the texts of one topic's corpus."""

    def __init__(self, topic: Topic, cast: Cast, people: Sequence[str], rng: np.random.Generator) -> None:
        """`people` are the handles that texts may mention, the most active first."""
        counts_nobody = Rules(topic).counts_nobody
        voices, tags = voices_of(topic), topic_tags(topic)
        self._names = Pool(*(voice.names for voice in voices), tags)
        self._aliases = Pool(*(voice.aliases for voice in voices), tags)
        self._own_tags = Pool(*(voice.tags or ("",) for voice in voices), ("",))
        self._tags, self._traps = Pool(tags), Pool(traps_of(topic, cast.lures))
        self._trends = words([vocabulary.TRENDS[place] for place in rng.permutation(len(vocabulary.TRENDS))])
        self._places = Pool(
            vocabulary.PLACES, [place for place in vocabulary.PLACES if counts_nobody(place)] or ["town"]
        )
        self._issues, self._things = _pool(vocabulary.ISSUES), _pool(vocabulary.THINGS)
        self._cores, self._fillers = _pool(*CATEGORIES), _pool(phrases.FILLERS)
        self._openers, self._closers = Pool(phrases.OPENERS), Pool(phrases.CLOSERS)
        self._tails = Pool([_positional(tail) for tail in phrases.TAILS])
        self._emoji, self._people = Pool(vocabulary.EMOJI), words(people)

    def texts(self, briefs: Briefs, rng: np.random.Generator) -> list[Worded]:
        """Returns one text for each brief."""
        draws = rng.integers(0, 1 << 31, (DRAWS_A_TEXT, briefs.subject.size))
        lang = (draws[0] % 100 < TAGALOG_PER_CENT).astype(np.int64)
        category = _categories(briefs, draws[14])
        core = self._cores.pick(draws[0] // 100, category * len(LANGUAGES) + lang)
        templates = self._dressed(core, lang, category, briefs.may_be_long, draws)
        texts = map(str.format, templates.tolist(), *(column.tolist() for column in self._slots(briefs, lang, draws)))
        named = words(LANGUAGES)[lang]
        named[category == BOT], named[category == FACES] = "en", "und"
        return list(map(Worded, named.tolist(), map(str.strip, texts), links(draws[12], draws[13]).tolist()))

    def _slots(self, briefs: Briefs, lang: Ints, draws: Ints) -> tuple[Words, ...]:
        """Returns the column that fills each slot, in the order of SLOTS."""
        skewed = draws[13] / (1 << 31)
        return (
            self._names.pick(draws[1], briefs.subject),
            self._names.pick(draws[2], briefs.second),
            self._issues.pick(draws[3], lang),
            self._places.pick(draws[4], (briefs.subject < 0).astype(np.int64)),
            self._things.pick(draws[6], lang),
            self._emoji.pick(draws[5]),
            NUMBERS[draws[6] // 100 % NUMBERS.size],
            self._tags.pick(draws[7]),
            self._trends[(briefs.day * 2 + draws[7] // 1000 % 2) % self._trends.size],
            self._traps.pick(draws[15]),
            self._own_tags.pick(draws[1] // 1000, briefs.subject),
            links(draws[11], draws[10]),
            self._people[(self._people.size * (skewed * skewed * skewed)).astype(np.int64)],
            self._aliases.pick(draws[1], briefs.subject),
        )

    def _dressed(self, core: Words, lang: Ints, category: Ints, may_be_long: Flags, draws: Ints) -> Words:
        """Adds an opener, a closer and a tail to each phrase, or puts one or two long sentences before it.

        The long sentences make texts that X clips in a retweet or stores as a note.
        """
        bare = np.isin(category, (BOT, FACES, OFFICIAL, LOOKALIKE))
        long = may_be_long & ~bare & (draws[14] % 1000 < LONG_PER_MILLE)
        note = long & (draws[14] % 1000 < NOTE_PER_MILLE)
        opener = self._openers.pick(draws[8] // 100) + " "
        closer = " " + self._closers.pick(draws[9] // 100)
        first, more = (self._fillers.pick(draws[8] // 100 + n, lang) + " " for n in range(2))
        opener = np.where(bare | long | (draws[8] % 100 >= OPENER_PER_CENT), "", opener)
        closer = np.where(bare | long | (draws[9] % 100 >= CLOSER_PER_CENT), "", closer)
        tail = np.where(bare | long, "", " " + self._tails.pick(draws[10]))
        dressed: Words = np.where(long, first, "") + np.where(note, more, "") + opener + core + closer + tail
        return dressed


def _categories(briefs: Briefs, draw: Ints) -> Ints:
    faces = ~briefs.is_reply & (draw // 1000 % 1000 < FACES_PER_MILLE)
    answers = briefs.is_reply & (draw // 1000 % 100 < ANSWER_PER_CENT)
    by_whom = (briefs.is_bot, briefs.is_official, briefs.lookalike)
    conditions = (*by_whom, faces, briefs.second >= 0, answers, briefs.subject >= 0)
    return np.select(conditions, (BOT, OFFICIAL, LOOKALIKE, FACES, PAIR, ANSWER, ABOUT), NOBODY).astype(np.int64)


def links(first: Ints, second: Ints) -> Words:
    """Returns t.co addresses of ten letters and digits."""
    n = PAIRS.size
    codes = (first % n, first // n % n, second % n, second // n % n, (first ^ second) % n)
    made: Words = (
        "https://t.co/" + PAIRS[codes[0]] + PAIRS[codes[1]] + PAIRS[codes[2]] + PAIRS[codes[3]] + PAIRS[codes[4]]
    )
    return made

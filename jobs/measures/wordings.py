"""Wordings: the words of texts in order, as NumPy has them, and their MinHash bands.

Only words are compared, as in `near_duplicates.py`: links, handles, hashtags, digits, punctuation and emoji are left
out. A word is a run of letters with their marks. In scripts that are written without spaces (the scripts UNSPACED), a
word is a single character with its marks.

A wording is compared by its set of pairs of consecutive words. Its bands are found as in `near_duplicates.py`, but
there are more of them, since here what is missed is missing from a figure: two wordings whose sets have the Jaccard
similarity s agree in at least one band with probability 1 - (1 - s^ROWS)^BANDS, which is 0.988 at 0.7, 0.998 at 0.75
and 0.9999 at 0.82. NumPy computes them some ten times faster than Spark's own functions would.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from conf.aliases import UNSPACED
from jobs.measures.near_duplicates import NOT_WORDS

LEAST_WORDS = 5
"""A text with fewer words is not compared."""
CHARACTERS_A_WORD = 3
"""In a script without spaces, so many characters count as one word towards LEAST_WORDS."""
BANDS, ROWS = 16, 4
HASHTAG = r"#[\p{L}\p{M}\p{Nd}_]+"
"""A hashtag ends where X ends it, so that what follows without a space, as in Japanese, is kept."""
_SCRIPTS = re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", UNSPACED).replace("{Is", "{")
"""The scripts without spaces, as Arrow's regular expressions name them."""
_CHUNK = 4096
"""Texts whose minima are computed together: what this takes stays in the processor's cache."""
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Wordings:
    """The wordings of some texts: an element per text that is long enough.

    `text` is the text's number, `key` a hash of its words in order. `pairs` has the hashes of the pairs of words of all
    texts, one text after the other; `starts` is where each begins, and at last their number.
    """

    text: Ints
    key: Ints
    pairs: Hashes
    starts: Ints

    def only(self, rows: Ints) -> "Wordings":
        """Returns the wordings of these rows, in this order."""
        sizes = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.repeat(self.starts[rows] - starts[:-1], sizes) + np.arange(starts[-1])
        return Wordings(self.text[rows], self.key[rows], self.pairs[at], starts)


@dataclass(frozen=True)
class Worded:
    """Posts whose texts are long enough; the number of each post's wording, by first occurrence; and the wordings."""

    table: pa.Table
    number: Ints
    distinct: Wordings


def worded(posts: pa.Table) -> Worded:
    """Returns the posts with the wordings of their column `folded`. A text that repeats is taken apart only once."""
    texts = posts["folded"].combine_chunks().dictionary_encode()
    found = wordings(texts.dictionary)
    _, first, same = np.unique(found.key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    of_text = np.full(len(texts.dictionary), -1, np.int64)
    of_text[found.text] = number[same]
    of_post = of_text[texts.indices.to_numpy()]
    kept = np.flatnonzero(of_post >= 0)
    return Worded(posts.take(pa.array(kept)), of_post[kept], found.only(first[order]))


def wordings(folded: pa.Array) -> Wordings:
    """Returns the wordings of folded texts; of those with too few words, none."""
    words = _words(folded)
    flat = words.flatten().dictionary_encode()
    codes, offsets = flat.indices.to_numpy(), words.offsets.to_numpy().astype(np.int64)
    hashes, weights = _hashes(flat.dictionary), _weights(flat.dictionary)
    total = np.concatenate([[0], np.cumsum(weights[codes])])
    long_enough = total[offsets[1:]] - total[offsets[:-1]] >= LEAST_WORDS * CHARACTERS_A_WORD
    text = np.flatnonzero(long_enough)
    first, sizes = offsets[:-1][text], np.diff(offsets)[text] - 1  # n words make n - 1 pairs
    starts = np.concatenate([[0], np.cumsum(sizes)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    at = np.repeat(first, sizes) + place
    pairs = _mixed(hashes[codes[at]] * np.uint64(0x9E3779B97F4A7C15) + hashes[codes[at + 1]])
    in_order = pairs * _mixed(place.astype(np.uint64) + np.uint64(1))
    key = np.add.reduceat(in_order, starts[:-1]) if len(text) else in_order
    return Wordings(text, _mixed(key).view(np.int64), pairs, starts)


def _words(folded: pa.Array) -> pa.ListArray:
    bare = pc.replace_substring_regex(folded.cast(pa.string()), HASHTAG, " ")
    bare = pc.replace_substring_regex(bare, NOT_WORDS, " ")
    bare = pc.replace_substring_regex(bare, rf"([{_SCRIPTS}]\p{{M}}*)", r" \1 ")
    return pc.ascii_split_whitespace(pc.ascii_trim_whitespace(bare))


def _hashes(words: pa.Array) -> Hashes:
    digests = b"".join(hashlib.blake2b(word.encode(), digest_size=8).digest() for word in words.to_pylist())
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _weights(words: pa.Array) -> Ints:
    """Returns what each word adds to the length of a text, in thirds of a word; nothing for an empty text's one."""
    unspaced = pc.match_substring_regex(words, f"^[{_SCRIPTS}]").to_numpy(zero_copy_only=False)
    empty = pc.equal(words, "").to_numpy(zero_copy_only=False)
    return np.where(empty, 0, np.where(unspaced, 1, CHARACTERS_A_WORD)).astype(np.int64)


def _mixed(values: Hashes) -> Hashes:
    """Returns hashes in which each bit depends on all bits of the value (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_NUMBERS = _mixed(np.arange(1, 2 * BANDS * ROWS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
_FACTORS, _OFFSETS = (_NUMBERS[: BANDS * ROWS] | np.uint64(1)), _NUMBERS[BANDS * ROWS :]
"""Factor and offset of each hash function h -> factor * h + offset, modulo 2^64."""


def bands_of(found: Wordings) -> Hashes:
    """Returns the bands of each wording: a row per wording, a column per band. No two bands have a value in common."""
    bands = np.empty((len(found.text), BANDS), np.uint64)
    for part, row, minima in _minima(found):
        band, place = divmod(row, ROWS)
        value = bands[part, band] if place else np.full(len(minima), band, np.uint64)
        bands[part, band] = _mixed(value * np.uint64(0x9E3779B97F4A7C15) + minima)
    return bands


def _minima(found: Wordings) -> Iterator[tuple[slice, int, Hashes]]:
    """Yields the minima of hashes of word pairs: some wordings, the number of the hash function, and their minima."""
    for first in range(0, len(found.text), _CHUNK):
        starts = found.starts[first : first + _CHUNK + 1]
        pairs, at = found.pairs[starts[0] : starts[-1]], starts[:-1] - starts[0]
        for row in range(BANDS * ROWS):
            minima = np.minimum.reduceat(pairs * _FACTORS[row] + _OFFSETS[row], at)
            yield slice(first, first + len(at)), row, minima

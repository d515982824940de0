"""The words of folded texts, in order, found by NumPy in all texts at once; `wordings.py` compares them.

Hashtags, digits, punctuation and emoji are left out. A word is a run of letters with their marks. In scripts that are
written without spaces (UNSPACED), a word is a single character with its marks.

Regular expressions would find the same. But they visit each word several times, which took as long as all else by which
families are found. Here they only say of which kind each different character is.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from conf.aliases import UNSPACED as SCRIPTS
from jobs.measures.ballots import Bools, Ints

UNSPACED = "[" + re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", SCRIPTS).replace("{Is", "{") + "]"
"""A character of a script without spaces, as Arrow's regular expressions name these scripts."""
_LETTER, _MARK, _IN_HASHTAG = r"[\p{L}\p{M}]", r"\p{M}", r"[\p{L}\p{M}\p{Nd}_]"
"""A letter or mark; a mark; and what a hashtag consists of. It ends where X ends it, so that what follows without a
space, as in Japanese, is kept."""
_KINDS = (_LETTER, _MARK, _IN_HASHTAG, UNSPACED)
_AT_ONCE = 1_000_000
"""Bytes of texts that are taken apart together, at least one text: what this takes is in memory, some 20 MB."""
_Bytes = npt.NDArray[np.uint8]
_Codes = npt.NDArray[np.uint32]


def words_of(texts: pa.Array) -> tuple[pa.Array, Ints]:
    """Returns the words of texts, one text after the other, and where those of each begin, and at last their number.

    No text may be null.
    """
    parts = list(_parts(texts.cast(pa.string())))
    words = pa.chunked_array([some for some, _ in parts], pa.string()).combine_chunks()
    counts = [np.diff(begin) for _, begin in parts]
    return words, np.cumsum(np.concatenate([np.zeros(1, np.int64), *counts]))


def _parts(texts: pa.StringArray) -> Iterator[tuple[pa.StringArray, Ints]]:
    """Yields the words of some texts at a time, joined by spaces, and where those of each begin."""
    ends, first = np.cumsum(pc.binary_length(texts).to_numpy(), dtype=np.int64), 0
    while first < len(texts):
        most = ends[first] + _AT_ONCE
        some = texts[first : int(np.searchsorted(ends, most, side="right"))]
        first += len(some)
        joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(some)], pa.int32()), some), " ")[0]
        codes = np.frombuffer(joined.as_py().encode("utf-32-le"), np.uint32)
        begin = np.concatenate([[0], np.cumsum(pc.utf8_length(some).to_numpy().astype(np.int64) + 1)])
        words, starts = _words(np.frombuffer(joined.as_buffer(), np.uint8), codes)
        yield words, np.searchsorted(starts, begin)


def _words(raw: _Bytes, codes: _Codes) -> tuple[pa.StringArray, Ints]:
    """Returns the words of a text, from its bytes and characters, and the number of the character that begins each."""
    letter, mark, in_hashtag, unspaced = _kinds(codes)
    word = letter & ~_in_hashtags(codes, in_hashtag)
    starts = np.flatnonzero(_starts(word, mark, unspaced & word))
    sizes = np.ones(len(codes), np.int8)
    for last in (0x7F, 0x7FF, 0xFFFF):  # the last characters of one, two and three bytes
        sizes += codes > last
    data, ends = raw[np.repeat(word, sizes)], np.cumsum(sizes * word, dtype=np.int64)
    offsets = np.concatenate([ends[starts] - sizes[starts], [len(data)]]).astype(np.int32)
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(data)), starts


def _kinds(codes: _Codes) -> list[Bools]:
    """Returns an array for each of _KINDS: whether each character is of that kind."""
    known = np.flatnonzero(np.bincount(codes))
    characters = pa.array([chr(code) for code in known.tolist()], pa.string())
    kinds = np.zeros(int(known.max(initial=0)) + 1, np.uint8)
    for bit, kind in enumerate(_KINDS):
        is_of_it = pc.match_substring_regex(characters, kind).to_numpy(zero_copy_only=False)
        kinds[known] |= is_of_it.astype(np.uint8) << bit
    of_each = kinds[codes]
    return [(of_each & (1 << bit)) != 0 for bit in range(len(_KINDS))]


def _in_hashtags(codes: _Codes, in_hashtag: Bools) -> Bools:
    """Returns which characters stand in a hashtag, behind its #."""
    first = np.flatnonzero((codes[:-1] == ord("#")) & in_hashtag[1:]) + 1
    ends = np.append(np.flatnonzero(~in_hashtag), len(codes))
    change = np.zeros(len(codes) + 1, np.int8)
    change[first] = 1
    change[ends[np.searchsorted(ends, first)]] = -1
    return np.cumsum(change[:-1], dtype=np.int8).view(np.bool_)


def _starts(word: Bools, mark: Bools, unspaced: Bools) -> Bools:
    """Returns which characters begin a word, from which of them are of words, are marks, and are words of their own.

    A mark belongs to what is before it. So of a character and the marks behind it, those up to the first one of a
    script without spaces belong to a run of letters, and that one and the further ones are a word of their own.
    """
    runs = word & ~_before(word)
    if not unspaced.any():
        return runs
    count = np.cumsum(unspaced, dtype=np.int32)
    base = np.maximum.accumulate(np.where(mark, np.int32(0), np.arange(len(word), dtype=np.int32)))
    of_base = count - count[base] + unspaced[base]  # of the character and the marks up to this one
    own = word & (of_base > 0)
    found: Bools = runs | (unspaced & (of_base == 1)) | (word & ~own & _before(own))
    return found


def _before(flags: Bools) -> Bools:
    """Returns for each character what the one before it has."""
    return np.concatenate([[False], flags[:-1]]) if len(flags) else flags

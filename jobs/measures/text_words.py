"""The words of many texts at once, in Arrow and NumPy: those that `words.py` finds in each.

Nearly all texts in many languages are ASCII. Their runs of letters are found as bytes, all in one step, and each
distinct run is cut into words once. Of other texts, the runs are found text by text.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.folding import ASCII_WORDS, LONGEST_WORD, words_of
from jobs.measures.ballots import Bools, Ints
from jobs.measures.words import words_in

_IN_RUN: Bools = np.frombuffer(ASCII_WORDS, np.uint8) != ord(" ")
"""For each byte of ASCII whether it belongs to a run."""


def words_of_texts(texts: pa.StringArray) -> tuple[Ints, Ints, pa.Array]:
    """Returns the words of folded texts: for each word, the place of its text and its own place in the third value.

    Words stand in the order of their texts. A word that occurs in a text twice may be returned twice.
    """
    is_ascii = pc.string_is_ascii(texts).to_numpy(zero_copy_only=False)
    plain, others = np.flatnonzero(is_ascii), np.flatnonzero(~is_ascii)
    text, runs = _runs_of_ascii(texts.take(pa.array(plain)))
    found = [words_of(one) for one in texts.take(pa.array(others)).to_pylist()]
    text = np.concatenate([plain[text], np.repeat(others, [len(some) for some in found])])
    coded = pa.concat_arrays([runs, pa.array([run for some in found for run in some], pa.string())]).dictionary_encode()
    of_run, words = _words_of_runs(coded.dictionary)
    run, count = coded.indices.to_numpy(), np.diff(of_run)
    of_place = count[run]
    inside = np.arange(of_place.sum()) - np.repeat(np.cumsum(of_place) - of_place, of_place)
    word = words.indices.to_numpy()[np.repeat(of_run[run], of_place) + inside].astype(np.int64)
    text = np.repeat(text, of_place)
    order = np.argsort(text, kind="stable")
    return text[order], word[order], words.dictionary


def _words_of_runs(runs: pa.Array) -> tuple[Ints, pa.DictionaryArray]:
    """Returns the words of distinct runs, and where those of each run begin among them; last, where they end."""
    words, bounds = list[str](), [0]
    for run in runs.to_pylist():
        words += words_in(run[:LONGEST_WORD])
        bounds.append(len(words))
    return np.array(bounds, np.int64), pa.array(words, pa.string()).dictionary_encode()


def _runs_of_ascii(texts: pa.StringArray) -> tuple[Ints, pa.Array]:
    """Returns the runs of ASCII texts, with the place of the text of each."""
    if not len(texts):
        return np.zeros(0, np.int64), pa.array([], pa.string())
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[bounds[0] : bounds[-1]]
    inside = _IN_RUN[data]
    first = inside.copy()
    first[1:] &= ~inside[:-1]
    starts = bounds[:-1] - bounds[0]
    begun = starts[starts < len(data)]
    first[begun] |= inside[begun]
    begins, kept = np.flatnonzero(first), data[inside]
    ends = np.append(np.flatnonzero(first[inside]), len(kept)).astype(np.int32)
    runs = pa.StringArray.from_buffers(len(begins), pa.py_buffer(ends.tobytes()), pa.py_buffer(kept.tobytes()))
    return np.searchsorted(starts, begins, side="right") - 1, runs

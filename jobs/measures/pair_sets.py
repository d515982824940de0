"""Sets of word pairs, and which of them are alike: compared by NumPy, very many at a time.

Most texts that share some words with others are not alike to them, so nearly all comparisons must end early. A set has
a digest: each of its members turns over one of 64 bits. Digests of two sets differ in at most as many bits as there are
members in only one of the two. Alike sets have few of these. To compare the digest of a set with those of a row of
others takes a nanosecond or two each. Where that leaves it open, digests of four times as many bits are compared, and
at last the sets themselves.
"""

import numpy as np
from scipy.sparse import csr_matrix

from jobs.measures.ballots import Bools
from jobs.measures.wordings import Hashes, Ints, Wordings

ALIKE = (7, 10)
"""Two wordings are alike from this Jaccard similarity on, as a fraction, so that it is compared exactly: 0.7."""
BITS, MORE = 64, 4
"""The bits of a digest, and how many times as many the second one has."""
_LEAST, _WHOLE = ALIKE
_APART, _BOTH = _WHOLE + _LEAST, _WHOLE - _LEAST
"""Of alike sets, _APART times the members that only one of them has are at most _BOTH times the sum of their sizes."""
_AT_ONCE, _CELLS = 200_000, 65_536
"""Pairs of wordings, and digests of rows of them, that are compared at once: up to some 100 MB; what a cache holds."""


class PairSets:
    """The sets of word pairs of wordings, by number."""

    def __init__(self, found: Wordings) -> None:
        """Takes the wordings in the order of their numbers."""
        known, codes = np.unique(found.pairs, return_inverse=True)
        shape = (len(found.text), max(len(known), 1))
        sets = csr_matrix((np.ones(len(codes), np.int32), codes, found.starts), shape=shape)
        sets.sum_duplicates()
        sets.data[:] = 1
        self._count, self._sets, self._sizes = len(found.text), sets, np.diff(sets.indptr).astype(np.int64)
        self._digests, self._longer = _digests(known, sets), _longer_digests(known, sets)
        self._most = np.minimum(_BOTH * self._sizes, _APART * BITS).astype(np.int16)

    def alike(self, one: Ints, other: Ints) -> Bools:
        """Returns for pairs of wordings, element by element, whether they are alike."""
        found = np.zeros(len(one), np.bool_)
        for first in range(0, len(one), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            found[part] = self._alike(one[part], other[part])
        return found

    def near(self, one: Ints, other: Ints) -> tuple[Ints, Ints]:
        """Returns where the digests of one of `one` and one of `other` leave it open whether they are alike.

        The first value has the places in `one`, in order, and the second those in `other`, in order for each.
        """
        digests, most = self._digests[other], self._most[other]
        at_once = max(1, _CELLS // max(len(other), 1))
        places = [np.zeros(0, np.int64)]
        for first in range(0, len(one), at_once):
            some = one[first : first + at_once]
            apart = np.bitwise_count(self._digests[some][:, None] ^ digests) * np.int16(_APART)
            open_ = np.flatnonzero((apart <= self._most[some][:, None] + most).ravel())
            places.append(open_ + first * len(other))
        rows, columns = np.divmod(np.concatenate(places), max(len(other), 1))
        return rows, columns

    def _alike(self, one: Ints, other: Ints) -> Bools:
        found: Bools = one == other
        both = self._sizes[one] + self._sizes[other]
        at = np.flatnonzero(~found)
        for digests in (self._digests[:, None], self._longer):
            apart = np.bitwise_count(digests[one[at]] ^ digests[other[at]]).sum(axis=1, dtype=np.int64)
            at = at[_APART * apart <= _BOTH * both[at]]
        pairs, same = np.unique(one[at] * self._count + other[at], return_inverse=True)  # once for all bands
        common = self._common(*np.divmod(pairs, self._count))[same]
        found[at] = _APART * common >= _LEAST * both[at]
        return found

    def _common(self, one: Ints, other: Ints) -> Ints:
        return np.asarray(self._sets[one].multiply(self._sets[other]).sum(axis=1), np.int64).ravel()


def _digests(known: Hashes, sets: csr_matrix) -> Hashes:
    """Returns the digest of each set, by some bits of its members."""
    return _turned(np.uint64(1) << (known >> np.uint64(58)), sets)


def _longer_digests(known: Hashes, sets: csr_matrix) -> Hashes:
    """Returns MORE digests of each set, of which each member turns a bit in one, by other bits of it."""
    place, bit = known >> np.uint64(56) & np.uint64(MORE - 1), np.uint64(1) << (known >> np.uint64(50) & np.uint64(63))
    parts = [_turned(np.where(place == part, bit, np.uint64(0)), sets) for part in range(MORE)]
    return np.stack(parts, axis=1)


def _turned(bits: Hashes, sets: csr_matrix) -> Hashes:
    """Returns, by set, the bits that an odd number of its members turns. No set is empty."""
    return np.bitwise_xor.reduceat(bits[sets.indices], sets.indptr[:-1]) if len(sets.indices) else bits[:0]

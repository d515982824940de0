"""Random draws: a stream of random numbers for each purpose, so a new draw in one place does not change the others.

PCG64 seeded by (seed, name) makes the same numbers in every process. numpy's version is pinned, since another version
may turn the same numbers into other draws. `exp` can differ in the last bit between processors; this changes a draw
only if it is within 1e-16 of a boundary.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[Any]
"""A column of strings (numpy's object type)."""


def stream(seed: int, name: str) -> np.random.Generator:
    """Returns the stream of random numbers of one corpus for the purpose `name`."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def choose_columns(weights: Floats, draws: Floats) -> Ints:
    """Returns for each row of weights the number of the column that its uniform draw selects; -1 if all are 0."""
    bounds = np.cumsum(weights, axis=1)
    total = bounds[:, -1]
    column = (bounds <= (draws * total)[:, None]).sum(axis=1)
    return np.where(total > 0, np.minimum(column, weights.shape[1] - 1), -1).astype(np.int64)


def pareto(draws: Floats, exponent: float) -> Floats:
    """Returns Pareto draws of at least 1 for uniform draws (by the inverse of the distribution function)."""
    return np.asarray((1.0 - draws) ** (-1.0 / exponent))


def words(strings: Sequence[str]) -> Words:
    """Returns the strings as a column."""
    return np.array(strings, dtype=object)


class Pool:
    """Groups of strings to draw from; no group may be empty."""

    def __init__(self, *groups: Sequence[str]) -> None:
        sizes = [len(group) for group in groups]
        self._words = words([word for group in groups for word in group])
        self._start, self._size = np.cumsum([0, *sizes[:-1]]), np.array(sizes)

    def pick(self, draws: Ints, group: Ints | int = 0) -> Words:
        """Returns one string per draw (an integer), from the group with the number `group`; -1 is the last group."""
        picked: Words = self._words[self._start[group] + draws % self._size[group]]
        return picked

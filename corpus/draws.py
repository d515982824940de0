"""Random draws: one stream of numbers for each idea, so that a new draw in one place moves no other.

PCG64 seeded by (seed, name) gives the same numbers in every process; numpy is pinned, since it may change what its
distributions make of them. `exp` can differ by the last bit between processors: a draw would have to fall within
1e-16 of a boundary to turn out otherwise.
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
    """The stream of random numbers for one idea of one corpus."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def choose_columns(weights: Floats, draws: Floats) -> Ints:
    """For each row of weights, the column on which its uniform draw falls; -1 where a row has no weight."""
    bounds = np.cumsum(weights, axis=1)
    total = bounds[:, -1]
    column = (bounds <= (draws * total)[:, None]).sum(axis=1)
    return np.where(total > 0, np.minimum(column, weights.shape[1] - 1), -1).astype(np.int64)


def pareto(draws: Floats, exponent: float) -> Floats:
    """Turns uniform draws into Pareto draws of at least 1 (inverse of the distribution function)."""
    return np.asarray((1.0 - draws) ** (-1.0 / exponent))


def words(strings: Sequence[str]) -> Words:
    """A column of strings."""
    return np.array(strings, dtype=object)


class Pool:
    """Groups of strings to draw from; no group may be empty."""

    def __init__(self, *groups: Sequence[str]) -> None:
        sizes = [len(group) for group in groups]
        self._words = words([word for group in groups for word in group])
        self._start, self._size = np.cumsum([0, *sizes[:-1]]), np.array(sizes)

    def pick(self, draws: Ints, group: Ints | int = 0) -> Words:
        """For each integer drawn a string of its group; group -1 is the last one."""
        picked: Words = self._words[self._start[group] + draws % self._size[group]]
        return picked

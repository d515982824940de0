"""Planted cells: accounts that share the same things within seconds of one another, among others who share them, too.

A cell has a size, a time within which its members act, a number of objects, and a noise: the part of its members that
misses an object, each by chance, and shares it hours later or not at all. Of each object, OTHERS times as many others
as the cell has members share it, each at its own time in the hours after. Without them there would be nobody to compare
a cell with.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from corpus.draws import Floats, Ints

SIZES, WINDOWS, OBJECTS, NOISES = (5, 50), (5, 45), (10, 24), (0.0, 0.3)
"""The least and the greatest size, seconds, number of objects and noise of cells that are drawn."""
OTHERS = 4
LIFE_MS = 6 * 3_600_000
"""The mean time after which others share an object."""


class Cell(NamedTuple):
    """A planted cell. `window_seconds` is the time within which its members share an object."""

    size: int
    window_seconds: int
    objects: int
    noise: float


class Shares(NamedTuple):
    """Shares, in no order: an element each. `cell` is the number of the cell whose object it is.

    `member` is the number of the member in its cell, or OTHER; `other` draws one of the others, 0..1.
    """

    cell: Ints
    object: Ints
    member: Ints
    other: Floats
    ms: Ints


_WHOLE = ("cell", "object", "member", "ms")
OTHER = -1


def drawn_cells(count: int, rng: np.random.Generator) -> list[Cell]:
    """Draws cells within SIZES, WINDOWS, OBJECTS and NOISES."""
    columns = [rng.integers(low, high + 1, count).tolist() for low, high in (SIZES, WINDOWS, OBJECTS)]
    return [Cell(*row) for row in zip(*columns, rng.uniform(*NOISES, count).round(2).tolist(), strict=True)]


def shares_of(cells: Sequence[Cell], start_ms: int, end_ms: int, rng: np.random.Generator) -> Shares:
    """Draws the shares of cells, and those of others, in a span of time."""
    parts = [_of(number, cell, start_ms, end_ms, rng) for number, cell in enumerate(cells)]
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Shares(nothing, nothing, nothing, np.zeros(0), nothing)
    cell, object_, member, ms = (np.concatenate([getattr(part, name) for part in parts]) for name in _WHOLE)
    return Shares(cell, object_, member, np.concatenate([part.other for part in parts]), ms)


def _of(number: int, cell: Cell, start_ms: int, end_ms: int, rng: np.random.Generator) -> Shares:
    latest = max(start_ms + 1, end_ms - cell.window_seconds * 1000 - LIFE_MS)
    begun = rng.integers(start_ms, latest, cell.objects)
    object_, member = (grid.ravel() for grid in np.mgrid[: cell.objects, : cell.size])
    within = rng.integers(0, cell.window_seconds * 1000, len(object_))
    missed = rng.random(len(object_)) < cell.noise
    late = rng.exponential(LIFE_MS, len(object_)).astype(np.int64)
    ms = begun[object_] + np.where(missed, late, within)
    others = np.repeat(np.arange(cell.objects), OTHERS * cell.size)
    theirs = begun[others] + rng.exponential(LIFE_MS, len(others)).astype(np.int64)
    shares = Shares(
        np.full(len(object_) + len(others), number),
        np.concatenate([object_, others]),
        np.concatenate([member, np.full(len(others), OTHER)]),
        rng.random(len(object_) + len(others)),
        np.concatenate([ms, theirs]),
    )
    never = np.append(missed & (late > LIFE_MS), np.zeros(len(others), np.bool_))
    kept = np.flatnonzero((shares.ms < end_ms) & ~never)
    return Shares(shares.cell[kept], shares.object[kept], shares.member[kept], shares.other[kept], shares.ms[kept])

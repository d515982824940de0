"""Actions drawn by chance: accounts that share what is there, each at its own time; as the NumPy kernel takes them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from corpus.cells import Cell, shares_of
from jobs.measures.ballots import Ints
from jobs.measures.coactions import Actions, first_actions, often

HOUR, DAY = 3_600_000, 86_400_000


class Drawn(NamedTuple):
    """Objects, accounts and times in ms, element by element."""

    object: Ints
    account: Ints
    at_ms: Ints

    def and_(self, other: "Drawn") -> "Drawn":
        """Returns both together."""
        return Drawn(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def kept(self) -> Actions:
        """Returns the actions that are counted."""
        return often(first_actions(self.object, self.account, self.at_ms))


def ordinary(
    rng: Generator, actions: int, accounts: int, objects: int, span_ms: int = DAY, life_ms: int = 4 * HOUR
) -> Drawn:
    """Returns actions on objects of which few are shared by many; an object is shared most in its first hours."""
    object_ = np.minimum(rng.pareto(1.0, actions) * objects / 50, objects - 1).astype(np.int64)
    begun = rng.integers(0, span_ms, objects)
    at_ms = begun[object_] + rng.exponential(life_ms, actions).astype(np.int64)
    return Drawn(object_, np.minimum(rng.pareto(1.0, actions) * accounts / 20, accounts - 1).astype(np.int64), at_ms)


def viral(rng: Generator, accounts: Ints, object_: int, begin_ms: int, span_ms: int) -> Drawn:
    """Returns actions by which each of these accounts shares one object within a time."""
    return Drawn(np.full(len(accounts), object_), accounts, begin_ms + rng.integers(0, span_ms, len(accounts)))


def sittings(rng: Generator, accounts: int, objects: int, apart_ms: int, span_ms: int = DAY) -> Drawn:
    """Returns the actions of people who sit down up to three times a day, and go through the newest objects in turn."""
    begun, rows = np.sort(rng.integers(0, span_ms, objects)), list[tuple[int, int, int]]()
    for account in range(accounts):
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(2 * HOUR, span_ms))
            newest = np.flatnonzero(begun < at)[-30:][::-1]
            for place, object_ in enumerate(newest[rng.random(len(newest)) < 8 / 30].tolist()):
                rows.append((object_, account, at + place * apart_ms + int(rng.exponential(apart_ms / 2))))
    return Drawn(*np.array(rows, np.int64).T)


def shuffled(rng: Generator, actions: Actions) -> Actions:
    """Returns actions with the times of each object shuffled among its accounts."""
    order = np.lexsort((rng.random(len(actions.object)), actions.object))
    return Actions(actions.object, actions.account[order], actions.at_ms, actions.posts)


def with_cells(rng: Generator, drawn: Drawn, cells: Sequence[Cell], span_ms: int = DAY) -> tuple[Drawn, list[set[int]]]:
    """Returns actions with those of planted cells among them, and the accounts of each cell.

    Others who share a cell's objects are those who act anyway; so do the members.
    """
    shares = shares_of(cells, 0, span_ms, rng)
    first_object, first_account = int(drawn.object.max()) + 1, int(drawn.account.max()) + 1
    object_ = first_object + shares.cell * 1000 + shares.object
    own = first_account + np.cumsum([0, *(cell.size for cell in cells)])
    others = drawn.account[(shares.other * len(drawn.account)).astype(np.int64)]
    account = np.where(shares.member >= 0, own[shares.cell] + shares.member, others)
    members = [set(range(first, last)) for first, last in pairwise(own.tolist())]
    cover = rng.choice(len(drawn.object), 5 * int(own[-1] - own[0]))  # members do what others do, too
    hidden = Drawn(drawn.object[cover], np.repeat(np.arange(own[0], own[-1]), 5), drawn.at_ms[cover])
    return drawn.and_(Drawn(object_, account, shares.ms)).and_(hidden), members

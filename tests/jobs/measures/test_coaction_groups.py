"""Planted cells are found, by account; and crowds that are no cells are not."""

import numpy as np
import pytest

from corpus.cells import Cell, drawn_cells
from jobs.measures.coaction_groups import Groups, grouped, uses
from tests.support.drawn_actions import HOUR, Drawn, ordinary, sittings, viral, with_cells

SEEDS = range(20)
MINUTES = 60_000


def members(found: Groups) -> set[int]:
    return set(np.flatnonzero(found.group >= 0).tolist())


def test_planted_cells_are_found_and_their_quiet_twin_is_quiet() -> None:
    recalls, precisions, quiet = [], [], 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        drawn, cells = with_cells(rng, ordinary(rng, 40_000, 6000, 4000), drawn_cells(5, rng))
        found, planted = members(grouped(drawn.kept(), 60)), set[int]().union(*cells)
        recalls.append(len(found & planted) / len(planted))
        precisions.append(len(found & planted) / len(found))
        twin = ordinary(np.random.default_rng(seed), 40_000, 6000, 4000)
        quiet += bool(members(grouped(twin.kept(), 60)))
    assert min(recalls) >= 0.9
    assert min(precisions) >= 0.95
    assert quiet <= 0.05 * len(SEEDS)


@pytest.mark.parametrize("size", [5, 50])
def test_the_smallest_and_the_largest_cell_are_found_alone(size: int) -> None:
    recalls = []
    for seed in SEEDS:
        rng = np.random.default_rng(100 + seed)
        drawn, (cell,) = with_cells(rng, ordinary(rng, 20_000, 4000, 3000), [Cell(size, 30, 12, 0.1)])
        recalls.append(len(members(grouped(drawn.kept(), 60)) & cell) / size)
    assert np.mean(recalls) >= 0.9


def test_a_rush_of_a_debate_is_no_group(coordination_posts: int) -> None:
    found, seeds = 0, SEEDS if coordination_posts > 10_000 else SEEDS[:3]  # two seconds each
    for seed in seeds:
        rng = np.random.default_rng(seed)
        rush = ordinary(rng, 50_000, 8000, 400, 5 * MINUTES, 2 * MINUTES)
        found += bool(members(grouped(rush.kept(), 60)))
    assert found <= 0.05 * len(seeds)


def test_a_link_that_goes_round_in_an_hour_is_no_group() -> None:
    found = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        sharers = rng.choice(30_000, 20_000, replace=False)
        drawn = ordinary(rng, 60_000, 30_000, 5000).and_(viral(rng, sharers, 5000, 10 * HOUR, HOUR))
        found += bool(members(grouped(drawn.kept(), 60)))
    assert found <= 0.05 * len(SEEDS)


def test_people_who_read_the_same_list_at_the_same_time_are_no_group() -> None:
    found = 0
    for seed in range(5):
        one = grouped(sittings(np.random.default_rng(seed), 2000, 200, 20_000).kept(), 60)
        found += bool(members(one))
        assert len(one.tested.significant) > 100  # so many would be in one, if each object counted for itself
    assert found == 0


@pytest.mark.parametrize(("apart", "degree"), [(2_000, 10), (15_000, 60)])
def test_the_degree_is_the_shortest_time_that_joins_all(apart: int, degree: int) -> None:
    rng = np.random.default_rng(8)
    drawn = ordinary(rng, 20_000, 4000, 3000)
    for object_ in range(3000, 3012):
        at = int(rng.integers(0, 12 * HOUR))
        cell = Drawn(np.full(4, object_), np.arange(4000, 4004), at + apart * np.arange(4))
        drawn = drawn.and_(cell).and_(viral(rng, rng.integers(0, 500, 30), object_, at, 6 * HOUR))
    assert grouped(drawn.kept(), 60).degree.tolist() == [degree]
    assert grouped(drawn.kept(), 600).degree.tolist() == [degree]


def test_uses_are_those_within_the_time_of_another_member() -> None:
    rng = np.random.default_rng(9)
    drawn, (cell,) = with_cells(rng, ordinary(rng, 20_000, 4000, 3000), [Cell(8, 10, 15, 0.2)])
    actions = drawn.kept()
    found = grouped(actions, 60)
    met = uses(actions, found)
    assert set(met.group.tolist()) == {0}
    assert set(actions.account[met.row].tolist()) == members(found) == cell
    assert len(np.unique(actions.object[met.row])) >= 12


def test_a_pair_is_no_group() -> None:
    rng = np.random.default_rng(4)
    drawn, _ = with_cells(rng, ordinary(rng, 20_000, 4000, 3000), [Cell(2, 5, 30, 0.0)])
    found = grouped(drawn.kept(), 60)
    assert len(found.pair) == 1
    assert members(found) == set()
    assert len(found.degree) == 0


def test_a_cell_that_nobody_else_can_be_compared_with_is_not_found() -> None:
    """As `docs/method.md` says: where all who share an object do so at once, that is a rush."""
    rng = np.random.default_rng(4)
    drawn = ordinary(rng, 20_000, 4000, 3000)
    for object_ in range(3000, 3015):
        drawn = drawn.and_(viral(rng, np.arange(4000, 4010), object_, object_ * MINUTES // 10, 10_000))
    assert members(grouped(drawn.kept(), 60)) == set()


def test_nothing_gives_nothing() -> None:
    nothing = np.zeros(0, np.int64)
    found = grouped(Drawn(nothing, nothing, nothing).kept(), 60)
    assert (len(found.pair), len(found.group), len(found.degree)) == (0, 0, 0)

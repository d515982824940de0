"""Acting together, beside a quadratic computation in plain Python; what chance gives, and what is cut."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import gammainc

from corpus.cells import Cell
from jobs.measures import coaction_meetings, coaction_occasions, coaction_odds, coactions
from jobs.measures.coaction_groups import grouped, steps, uses
from jobs.measures.coaction_meetings import how_met, together
from jobs.measures.coaction_occasions import sure_pairs
from jobs.measures.coaction_odds import adjusted, expectations, most_pairs
from jobs.measures.coactions import NEXT, Actions, first_actions, following, in_order, often, rush
from tests.support.drawn_actions import DAY, HOUR, Drawn, ordinary, shuffled, viral, with_cells
from tests.support.independent_coordination import (
    acting_together,
    benjamini_hochberg,
    first_uses,
    pairs_in_common,
    pairs_tested,
    tail,
)

MINUTE = 60_000


def named(drawn: Drawn) -> list[tuple[str, str, int]]:
    columns = (column.tolist() for column in drawn)
    return [(f"o{o}", f"a{account:07}", at) for o, account, at in zip(*columns, strict=True)]


def test_all_figures_equal_a_quadratic_computation(coordination_posts: int) -> None:
    rng = np.random.default_rng(2016)
    drawn = ordinary(rng, coordination_posts, coordination_posts // 10, coordination_posts // 12, 6 * HOUR, HOUR)
    actions = drawn.kept()
    found = grouped(actions, 60)
    uses = first_uses(named(drawn))
    expected = acting_together(uses, MINUTE)
    assert (found.objects_cut, len(actions.object)) == (0, sum(map(len, uses.values())))
    assert len(expected) == len(found.tested.p) > coordination_posts / 100
    assert most_pairs(actions) == pairs_tested(uses) >= pairs_in_common(uses)
    pairs = found.tested.pairs
    met = how_met(actions, following(actions, MINUTE), pairs, np.arange(len(pairs.src)))
    columns = (pairs.weight, met.strength, found.tested.expected, found.tested.p, found.tested.q, met.delta_ms)
    for place, (src, dst) in enumerate(zip(pairs.src.tolist(), pairs.dst.tolist(), strict=True)):
        told = tuple(column[place] for column in columns)
        assert told == pytest.approx(tuple(expected[f"a{src:07}", f"a{dst:07}"])[:6], rel=1e-9, abs=0)


def test_occasions_equal_those_counted_one_by_one() -> None:
    rng = np.random.default_rng(11)
    drawn, _ = with_cells(rng, ordinary(rng, 3000, 400, 300), [Cell(6, 20, 40, 0.1), Cell(9, 20, 24, 0.2)])
    actions = drawn.kept()
    tested = coaction_odds.tested_pairs(actions, MINUTE)
    expected = acting_together(first_uses(named(drawn)), MINUTE)
    sure = sure_pairs(actions, tested)
    src, dst = (column[sure.pair].tolist() for column in (tested.pairs.src, tested.pairs.dst))
    counted = [expected[f"a{one:07}", f"a{other:07}"].occasions for one, other in zip(src, dst, strict=True)]
    assert sure.occasions.tolist() == counted
    assert len(counted) > 40
    assert any(one < weight for one, weight in zip(counted, tested.pairs.weight[sure.pair].tolist(), strict=True))
    by_objects = {pair for pair, one in expected.items() if one.q <= 0.05}
    p = {pair: tail(expected[pair].occasions, expected[pair].expected) for pair in by_objects}
    q = benjamini_hochberg(p, pairs_tested(first_uses(named(drawn))))
    assert sure.q.tolist() == pytest.approx([q[f"a{o:07}", f"a{d:07}"] for o, d in zip(src, dst, strict=True)])
    assert len(sure.q) == sum(one <= 0.05 for one in q.values())


def test_the_turns_in_which_pairs_are_sorted_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    drawn, _ = with_cells(rng, ordinary(rng, 4000, 300, 200, HOUR), [Cell(6, 20, 40, 0.1)])
    actions = drawn.kept()
    once = told(actions)
    assert len(once["occasions"]) > 10
    monkeypatch.setattr(coaction_meetings, "_SORTED_AT_ONCE", 500)
    for module in (coactions, coaction_meetings, coaction_occasions, coaction_odds):
        monkeypatch.setattr(module, "_AT_ONCE", 70)
    for name, values in told(actions).items():
        assert values == pytest.approx(once[name]), name


def told(actions: Actions) -> dict[str, list[float]]:
    """What was found, by name: of all pairs, and of those that are significant."""
    found = grouped(actions, 60)
    pairs, some = found.tested.pairs, found.pair
    met = how_met(actions, following(actions, MINUTE), pairs, some)
    values = {**vars(pairs), **vars(found.tested), **met._asdict(), "occasions": found.sure.occasions}
    whole = {name: column.tolist() for name, column in values.items() if name not in ("pairs", "meetings", "taken")}
    return {**whole, "shortest": found.shortest.tolist(), "rows": uses(actions, found).row.tolist()}


def test_the_first_use_counts_and_rare_accounts_do_not() -> None:
    object_ = np.array([0, 0, 0, 1, 1, 2, 2, 3])
    account = np.array([5, 5, 6, 5, 6, 5, 6, 7])
    actions = often(first_actions(object_, account, np.array([900, 100, 200, 1, 2, 3, 4, 5])))
    assert actions.object.tolist() == [0, 0, 1, 1, 2, 2]
    assert actions.at_ms.tolist() == [100, 200, 1, 2, 3, 4]
    assert actions.posts.tolist() == [2, 1, 1, 1, 1, 1]


def test_the_end_of_the_time_counts_and_objects_are_apart() -> None:
    actions = in_order(Actions(*map(np.array, ([0, 0, 0, 1], [1, 2, 3, 1], [0, 60_000, 60_001, 0], [1, 1, 1, 1]))))
    assert following(actions, MINUTE).tolist() == [1, 1, 0, 0]
    assert rush(actions, following(actions, MINUTE)).tolist() == [2 / 3, 0.0]
    assert following(actions.only(np.zeros(0, np.int64)), MINUTE).tolist() == []


def test_of_a_viral_object_the_next_in_time_are_paired_and_the_cut_is_told() -> None:
    rng = np.random.default_rng(1)
    drawn = viral(rng, np.arange(1000), 0, 0, 1000)
    for object_ in (1, 2):
        drawn = drawn.and_(viral(rng, np.arange(1000), object_, object_ * DAY, DAY))
    actions = drawn.kept()
    after = following(actions, MINUTE)
    assert sum(len(one) for one, _ in coactions.paired_rows(after, after >= 0)) == int(np.minimum(after, NEXT).sum())
    found = grouped(actions, 60)
    assert found.objects_cut == 1
    assert found.actions_cut == 1000 - NEXT - 1
    assert len(found.pair) == 0


@pytest.mark.parametrize(("limit", "slack"), [("MOST_MET", 1.1), ("MOST_MET", 1000.0), ("MOST_ROWS", 1.1)])
def test_accounts_that_all_share_the_same_in_the_same_order_are_paired_with_fewer(
    limit: str, slack: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could fill the memory: each is close to many others on every object."""
    object_, account = (grid.ravel() for grid in np.mgrid[:12, :1000])
    actions = in_order(Actions(object_, account, object_ * DAY + account * 3000, np.ones_like(account)))
    whole = grouped(actions, 60)
    assert whole.actions_cut == 0
    assert len(whole.tested.p) > 19_000
    monkeypatch.setattr(coaction_meetings, limit, 30_000)
    monkeypatch.setattr(coaction_meetings, "_SLACK", slack)  # 1,000: the sample is no help
    found = grouped(actions, 60)
    assert found.actions_cut == int((following(actions, MINUTE) > found.tested.pairs.taken).sum())
    assert 999 <= len(found.tested.p) <= 5000
    assert (found.objects_cut, found.actions_cut > 10_000) == (12, True)
    assert set(found.group.tolist()) == set(whole.group.tolist()) == {0}


@pytest.mark.parametrize(("weight", "expected"), [(2, 0.01), (2, 1e-6), (10, 0.3), (3, 12.0), (40, 1.0), (2, 0.0)])
def test_the_tail_is_that_of_poissons_distribution(weight: int, expected: float) -> None:
    actions = ordinary(np.random.default_rng(0), 100, 10, 10).kept()
    chance = np.full(actions.objects, expected)
    assert expectations(actions, chance, np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
    assert gammainc(weight, expected) == pytest.approx(tail(weight, expected), rel=1e-9)


def test_q_values_are_the_least_of_their_rank_and_later_ones() -> None:
    assert adjusted(np.array([0.04, 0.01, 0.9, 0.011]), 10).tolist() == pytest.approx([0.4 / 3, 0.055, 1.0, 0.055])
    assert adjusted(np.zeros(0), 0).tolist() == []


def test_p_values_of_shuffled_times_are_conservative() -> None:
    rng = np.random.default_rng(5)
    actions = ordinary(rng, 3000, 150, 120, 2 * HOUR, HOUR).kept()
    shares = []
    for _ in range(100):
        mixed = in_order(shuffled(rng, actions))
        shares.append(share_below(mixed, 0.05))
    assert float(np.mean(shares)) <= 0.055


def share_below(actions: Actions, level: float) -> float:
    """The part of all pairs with two objects in common, at any time, whose p-value is below a level."""
    accounts = np.unique(actions.account)
    uses = np.zeros((actions.accounts, actions.objects), np.bool_)
    uses[actions.account, actions.object] = True
    src, dst = np.triu_indices(len(accounts), 1)
    src, dst = accounts[src], accounts[dst]
    several = (uses[src] & uses[dst]).sum(axis=1) > 1
    src, dst = src[several], dst[several]
    after = following(actions, MINUTE)
    expected = expectations(actions, rush(actions, after), src, dst)
    pairs = together(actions, after, 1)
    weights = dict(zip(zip(pairs.src.tolist(), pairs.dst.tolist(), strict=True), pairs.weight.tolist(), strict=True))
    weight = np.array([weights.get(pair, 0) for pair in zip(src.tolist(), dst.tolist(), strict=True)])
    p = np.where(weight, gammainc(np.maximum(weight, 1), expected), 1.0)
    return float(np.mean(p < level))


def test_shorter_times_are_tried_below_the_topics() -> None:
    assert [list(steps(seconds)) for seconds in (5, 10, 60, 90, 7200)] == [
        [5],
        [10],
        [10, 60],
        [10, 60, 90],
        [10, 60, 600, 3600, 7200],
    ]
    assert all(a < b for a, b in pairwise(steps(86_400)))

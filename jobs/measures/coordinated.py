"""Who acts together among the actions of one kind and period: tables in Arrow, whatever the accounts are known by.

Accounts and objects have names or the hashes of these: `jobs/graphs/coordination.py` knows which.
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.measures.ballots import Ints
from jobs.measures.coaction_groups import NO_GROUP, Groups, Uses, grouped, uses
from jobs.measures.coaction_meetings import how_met
from jobs.measures.coactions import Actions, different, first_actions, following, often

MOST_PAIRS = 100_000
"""The significant pairs of a period that are kept, those of the lowest q-values; all are counted."""
MOST_GROUPS, MOST_OBJECTS, TOP_OBJECTS = 500, 100, 3
"""The groups of a period, and the objects of a group, that are kept; the objects that stand beside a group."""


class Found(NamedTuple):
    """The figures of one kind and period, and tables of pairs, groups, members and objects of groups."""

    figures: dict[str, int]
    pairs: pa.Table
    groups: pa.Table
    members: pa.Table
    objects: pa.Table


def coordinated(actions: pa.Table, window_seconds: int) -> Found:
    """Returns who acts together within a time: `actions` has object, account, at_ms and declared."""
    declared = _codes(actions["account"].filter(actions["declared"]))[1]
    undeclared = actions.filter(_not_in(actions["account"], declared)) if len(declared) else actions
    (object_, objects), (account, accounts) = _codes(undeclared["object"]), _codes(undeclared["account"])
    kept = often(first_actions(object_, account, undeclared["at_ms"].to_numpy()))
    found = grouped(kept, window_seconds)
    figures = {
        "actions": len(kept.object),
        "accounts": different(kept.account),
        "objects": different(kept.object),
        "declared": len(declared),
        "pairs": len(found.tested.p),
        "significant_pairs": len(found.pair),
        "groups": len(found.degree),
        "objects_cut": found.objects_cut,
        "actions_cut": found.actions_cut,
    }
    met = uses(kept, found)
    return Found(
        figures,
        _pairs(kept, found, window_seconds, accounts),
        _groups(kept, found, met),
        _members(kept, found, met, accounts),
        _objects(kept, met, objects),
    )


def _not_in(column: pa.ChunkedArray, some: pa.Array) -> pa.ChunkedArray:
    return pc.invert(pc.is_in(column, some))


def _codes(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Returns the numbers of values, from 0, and the values by number."""
    coded = column.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), np.int64), coded.dictionary


def _pairs(kept: Actions, found: Groups, window_seconds: int, accounts: pa.Array) -> pa.Table:
    tested, order = found.tested, np.argsort(found.sure.q, kind="stable")[:MOST_PAIRS]
    at = found.pair[order]
    src, dst = tested.pairs.src[at], tested.pairs.dst[at]
    met = how_met(kept, following(kept, window_seconds * 1000), tested.pairs, at)
    return pa.table(
        {
            "src": accounts.take(pa.array(src)),
            "dst": accounts.take(pa.array(dst)),
            "group": pa.array(found.group[src], mask=found.group[src] == NO_GROUP),
            "objects": tested.pairs.weight[at],
            "occasions": found.sure.occasions[order],
            "strength": met.strength,
            "expected": tested.expected[at],
            "p_value": tested.p[at],
            "q_value": tested.q[at],
            "q_occasions": found.sure.q[order],
            "mean_delta_seconds": met.delta_ms / tested.pairs.weight[at] / 1000,
            "shortest_window": found.shortest[order],
        }
    )


def _groups(kept: Actions, found: Groups, met: Uses) -> pa.Table:
    count = len(found.degree)
    of_pairs = found.group[found.tested.pairs.src[found.pair]]
    by_object = np.unique(np.stack([met.group, kept.object[met.row]]), axis=1)[0]
    return pa.table(
        {
            "group": np.arange(count),
            "accounts": np.bincount(found.group[found.group >= 0], minlength=count),
            "pairs": np.bincount(of_pairs[of_pairs >= 0], minlength=count),
            "objects": np.bincount(by_object, minlength=count),
            "posts": np.bincount(met.group, kept.posts[met.row], minlength=count).astype(np.int64),
            "degree": found.degree,
            **_times(kept, met, met.group, count),
        }
    )


def _members(kept: Actions, found: Groups, met: Uses, accounts: pa.Array) -> pa.Table:
    of_pairs = np.concatenate([found.tested.pairs.src[found.pair], found.tested.pairs.dst[found.pair]])
    pairs = np.bincount(of_pairs, minlength=len(found.group))
    account = np.flatnonzero(found.group >= 0)
    place = np.full(len(found.group), -1)
    place[account] = np.arange(len(account))
    of_use = place[kept.account[met.row]]
    return pa.table(
        {
            "group": found.group[account],
            "author": accounts.take(pa.array(account)),
            "pairs": pairs[account],
            "objects": np.bincount(of_use, minlength=len(account)),
            **_times(kept, met, of_use, len(account)),
        }
    )


def _objects(kept: Actions, met: Uses, objects: pa.Array) -> pa.Table:
    """Returns the MOST_OBJECTS objects of each group, those of most accounts first."""
    both = np.stack([met.group, kept.object[met.row]])
    (group, object_), of_use = np.unique(both, axis=1, return_inverse=True)
    of_use = of_use.ravel()
    accounts = np.bincount(of_use, minlength=len(group))
    times = _times(kept, met, of_use, len(group))
    order = np.lexsort((object_, times["first_ms"], -accounts, group))
    starts = np.searchsorted(group[order], group[order], side="left")
    order = order[np.arange(len(order)) - starts < MOST_OBJECTS]
    table = pa.table({"group": group, "object": objects.take(pa.array(object_)), "accounts": accounts, **times})
    return table.take(pa.array(order))


def _times(kept: Actions, met: Uses, of: Ints, count: int) -> dict[str, Any]:
    """Returns the times of the first and the last action of each of `count` sets of actions."""
    first, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(first, of, kept.at_ms[met.row])
    np.maximum.at(last, of, kept.at_ms[met.row])
    return {"first_ms": first, "last_ms": last}

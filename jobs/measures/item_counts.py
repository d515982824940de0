"""Counts items in Arrow and NumPy: the posts and authors of each item in each period.

`count` needs all posts of an author at once, but not all authors at once: an author of one group is in no other, so
`item_ranks.py` adds up the counts of groups. `items.py` runs both in Spark.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from conf.tables import ITEM_KINDS, LONGER_PERIODS
from jobs.measures.ballots import Ints, Spans
from jobs.measures.item_pairs import ACTIVE, Pairs, Rows, changes, pairs_of

ANY = ""
"""Stands for all items of a kind together, in rows beside theirs."""
SUMS = ("posts", "authors", "originals", "marked")
COUNTED = (
    "kind string, spans int, place int, item string, label string, "
    + ", ".join(f"{name} bigint" for name in SUMS)
    + ", first_us bigint, candidate int"
)
"""The schema of `count`. `candidate` is EVERYONE or, where only posts that mention a candidate or anyone in a race are
counted, the number of its column in `Rows.named`; then the row has `posts` alone."""
EVERYONE = -1
DENSE = 16
"""Numbers are counted in an array of all possible ones, not sorted, if these are at most so many times as many."""


@dataclass(frozen=True)
class Plan:
    """The periods, and the number of parts over which the counts of periods are spread.

    `spans` has the periods of each kind, also those before the window; the number of the first in it is in `first`.
    `before` is how many preceding periods one is compared with. `window_us` are the window's ends in µs since 1970.
    `candidates` has the ids of the candidates of each race.
    """

    spans: tuple[Spans, ...]
    first: tuple[int, ...]
    before: tuple[int, ...]
    window_us: tuple[int, int]
    parts: int = 1
    candidates: tuple[tuple[str, ...], ...] = ()

    @property
    def of_races(self) -> list[int]:
        """The number of candidates of each race."""
        return [len(ids) for ids in self.candidates]


def count(plan: Plan, arrived: pa.Table) -> Iterator[pa.Table]:
    """Yields the counts of some authors' posts, a table for each kind of item and of period. `arrived` is as ROWS."""
    rows = Rows.of(arrived, plan.of_races)
    places = [spans.place(rows.at_us) for spans in plan.spans]
    for kind, pairs in pairs_of(rows, plan.window_us):
        carried = _with_any(pairs)
        order = _in_order(carried)
        row, code = carried.row[order], carried.code[order]
        once = changes(code, rows.number[row])
        label = carried.label[order][once] if carried.label is not None else None
        carried = Pairs(row[once], code[once], carried.names, label, carried.labels)
        for number, place in enumerate(places):
            found = [_counted(plan, rows, kind, carried, number, place)]
            if kind in ITEM_KINDS and plan.spans[number].period in LONGER_PERIODS:
                found += _of_candidates(plan, rows, kind, carried, number, place)
            yield pa.concat_tables(found)
    for number, place in enumerate(places):
        yield _activity(plan, rows, number, place)


def _with_any(pairs: Pairs) -> Pairs:
    """Adds ANY, which all posts with an item of the kind carry."""
    any_row = np.flatnonzero(np.bincount(pairs.row))
    any_code = np.full(len(any_row), len(pairs.names))
    names = pa.concat_arrays([pairs.names.cast(pa.string()), pa.array([ANY], pa.string())])
    label = None if pairs.label is None else np.concatenate([pairs.label, np.zeros(len(any_row), np.int64)])
    return Pairs(
        np.concatenate([pairs.row, any_row]), np.concatenate([pairs.code, any_code]), names, label, pairs.labels
    )


def _in_order(pairs: Pairs) -> Ints:
    """Returns the order by item, then by row, then by label."""
    if pairs.label is None:
        few = len(pairs.names) <= np.iinfo(np.uint16).max + 1  # then NumPy sorts by digits, which is much faster
        return np.argsort(pairs.code.astype(np.uint16) if few else pairs.code, kind="stable")
    return np.lexsort([pairs.label, pairs.row, pairs.code])


def _counted(plan: Plan, rows: Rows, kind: str, pairs: Pairs, number: int, place: Ints) -> pa.Table:
    """Returns the counts of one kind of items in one kind of periods. The pairs of an author are together."""
    inside = place[pairs.row] >= 0
    row, code = pairs.row[inside], pairs.code[inside]
    of_row = place[row]
    columns = {
        "group": code * len(plan.spans[number].starts) + of_row,
        "posts": np.ones(len(row), np.int64),
        "authors": changes(code, rows.voter[row], of_row).astype(np.int64),
        "originals": (rows.kind[row] == 0).astype(np.int64),
        "marked": rows.marked[row].astype(np.int64),
        "first_us": rows.at_us[row],
    }
    if pairs.label is not None:
        columns["label"] = pairs.label[inside]
    sums = grouped(columns)
    code, of_group = np.divmod(sums["group"].to_numpy(), len(plan.spans[number].starts))
    item = pa.DictionaryArray.from_arrays(pa.array(code), pairs.names)
    label = item
    if pairs.labels is not None and len(pairs.labels):
        label = pa.DictionaryArray.from_arrays(sums["label"].combine_chunks(), pairs.labels)
    return counts_table(kind, number, of_group, item, label, sums)


def _of_candidates(plan: Plan, rows: Rows, kind: str, pairs: Pairs, number: int, place: Ints) -> Iterator[pa.Table]:
    """Yields for each candidate and race the posts with each item that mention them; of ANY, the sum of these."""
    any_code, size = len(pairs.names) - 1, len(plan.spans[number].starts)
    wanted = (pairs.code < any_code) & (place[pairs.row] >= plan.first[number])
    row, code = pairs.row[wanted], pairs.code[wanted]
    group, of_any = code * size + place[row], any_code * size
    for candidate in range(rows.named.shape[1]):
        own = group[rows.named[row, candidate]]
        of_items, of_places = tally(own, of_any), np.bincount(own % size, minlength=size)
        found = np.concatenate([of_items[0], of_any + np.flatnonzero(of_places)])
        posts = np.concatenate([of_items[1], of_places[of_places > 0]])
        item, of_group = np.divmod(found, size)
        nothing = np.zeros(len(found), np.int64)
        sums = pa.table({**dict.fromkeys((*SUMS, "first_us"), nothing), "posts": posts})
        names = pa.DictionaryArray.from_arrays(pa.array(item), pairs.names)
        table = counts_table(kind, number, of_group, names, names, sums)
        named = pa.array(np.full(len(found), candidate), pa.int32())
        yield table.set_column(table.num_columns - 1, "candidate", named)


def tally(numbers: Ints, limit: int) -> tuple[Ints, Ints]:
    """Returns the distinct numbers, in order, and how often each occurs; all are at least 0 and below `limit`."""
    if limit > DENSE * len(numbers):
        found, times = np.unique(numbers, return_counts=True)
        return found, times
    times = np.bincount(numbers, minlength=limit)
    found = np.flatnonzero(times)
    return found, times[found]


def grouped(columns: dict[str, Ints]) -> pa.Table:
    """Adds up the rows of each group; of `first_us` and `label`, the least is kept."""
    least = [name for name in ("first_us", "label") if name in columns]
    asked = [(name, "sum") for name in SUMS] + [(name, "min") for name in least]
    found = pa.table(columns).group_by("group", use_threads=False).aggregate(asked)
    return found.rename_columns([name.removesuffix("_sum").removesuffix("_min") for name in found.column_names])


def counts_table(kind: str, number: int, place: Ints, item: pa.Array, label: pa.Array, sums: pa.Table) -> pa.Table:
    """Returns counts as in COUNTED."""
    size = len(place)
    columns = {
        "kind": pa.repeat(pa.scalar(kind, pa.string()), size),
        "spans": pa.array(np.full(size, number), pa.int32()),
        "place": pa.array(place, pa.int32()),
        "item": item,
        "label": label,
        **{name: sums[name] for name in (*SUMS, "first_us")},
        "candidate": pa.array(np.full(size, EVERYONE), pa.int32()),
    }
    return pa.table(columns)


def _activity(plan: Plan, rows: Rows, number: int, place: Ints) -> pa.Table:
    """Returns how many authors have one post in a period, how many two, and so on; the item is that number."""
    inside = np.flatnonzero(rows.is_post & (place >= 0))
    first = np.flatnonzero(changes(rows.voter[inside], place[inside]))
    posts = np.diff(first, append=len(inside))
    most = int(posts.max(initial=0)) + 1
    groups, authors = np.unique(place[inside[first]] * most + posts, return_counts=True)
    of_group, posts = np.divmod(groups, most)
    nothing = np.zeros(len(groups), np.int64)
    sums = pa.table(
        {"posts": posts * authors, "authors": authors, "originals": nothing, "marked": nothing, "first_us": nothing}
    )
    item = pa.array(map(str, posts.tolist()), pa.string()).dictionary_encode()
    return counts_table(ACTIVE, number, of_group, item, item, sums)

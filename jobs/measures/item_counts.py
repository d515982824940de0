"""Counts items in Arrow and NumPy: the posts and authors of each item in each period, and the first of each period.

`count` needs all posts of an author at once, but not all authors at once: an author of one group is in no other, so
`merged` adds up the counts of groups. It needs all groups, but not all items at once: items are spread over parts.
Then `ranked` keeps the first TOP of each period, first those of a part, then those of all parts. `items.py` runs all
three in Spark.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.tables import ITEM_KINDS
from jobs.measures.ballots import Floats, Ints, Spans
from jobs.measures.bursts import bursts, expected_authors
from jobs.measures.hashtags import FEWEST_AUTHORS
from jobs.measures.item_pairs import ACTIVE, Pairs, Rows, changes, pairs_of

TOP = 100
"""The most items per kind and period."""
ANY = ""
"""Stands for all items of a kind together, in rows beside theirs."""
BY_BURST = "word"
"""The kind that is ranked by burst. Its items with fewer than FEWEST_AUTHORS authors can't burst, and are left out."""
SUMS = ("posts", "authors", "originals", "marked")
COUNTED = (
    "part int, kind string, spans int, place int, item string, label string, "
    + ", ".join(f"{name} bigint" for name in SUMS)
    + ", first_us bigint"
)
"""The schema of `count`."""
RANKED = COUNTED + ", previous_posts bigint, burst double, rank int"
"""The schema of `ranked`."""


@dataclass(frozen=True)
class Plan:
    """The periods, and the number of parts over which items are spread.

    `spans` has the periods of each kind, also those before the window; the number of the first in it is in `first`.
    `before` is how many preceding periods one is compared with. `window_us` are the window's ends in µs since 1970.
    """

    spans: tuple[Spans, ...]
    first: tuple[int, ...]
    before: tuple[int, ...]
    window_us: tuple[int, int]
    parts: int = 1


def count(plan: Plan, arrived: pa.Table) -> Iterator[pa.Table]:
    """Yields the counts of some authors' posts, a table for each kind of item and of period. `arrived` is as ROWS."""
    rows = Rows.of(arrived)
    places = [spans.place(rows.at_us) for spans in plan.spans]
    for kind, pairs in pairs_of(rows, plan.window_us):
        carried = _with_any(pairs)
        order = _in_order(carried)
        row, code = carried.row[order], carried.code[order]
        once = changes(code, rows.number[row])
        label = carried.label[order][once] if carried.label is not None else None
        carried = Pairs(row[once], code[once], carried.names, label, carried.labels)
        for number, place in enumerate(places):
            yield _counted(plan, rows, kind, carried, number, place)
    for number, place in enumerate(places):
        yield _activity(plan, rows, number, place)


def _with_any(pairs: Pairs) -> Pairs:
    """Adds ANY, which all posts with an item of the kind carry."""
    any_row = np.unique(pairs.row)
    any_code = np.full(len(any_row), len(pairs.names))
    names = pa.concat_arrays([pairs.names.cast(pa.string()), pa.array([ANY], pa.string())])
    label = None if pairs.label is None else np.concatenate([pairs.label, np.zeros(len(any_row), np.int64)])
    return Pairs(
        np.concatenate([pairs.row, any_row]), np.concatenate([pairs.code, any_code]), names, label, pairs.labels
    )


def _in_order(pairs: Pairs) -> Ints:
    """Returns the order by item, then by row, then by label."""
    if pairs.label is None:
        return np.argsort(pairs.code, kind="stable")
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
    sums = _grouped(columns)
    code, of_group = np.divmod(sums["group"].to_numpy(), len(plan.spans[number].starts))
    item = pairs.names.take(code)
    label = item if pairs.labels is None or not len(pairs.labels) else pairs.labels.take(sums["label"])
    part = _parts(pairs.names, kind, plan.parts)[code]
    return _for_every_part(_table(kind, number, of_group, part, item, label, sums), plan.parts)


def _grouped(columns: dict[str, Ints]) -> pa.Table:
    """Adds up the rows of each group; of `first_us` and `label`, the least is kept."""
    least = [name for name in ("first_us", "label") if name in columns]
    asked = [(name, "sum") for name in SUMS] + [(name, "min") for name in least]
    found = pa.table(columns).group_by("group", use_threads=False).aggregate(asked)
    return found.rename_columns([name.removesuffix("_sum").removesuffix("_min") for name in found.column_names])


def _table(
    kind: str, number: int, place: Ints, part: Ints, item: pa.Array, label: pa.Array, sums: pa.Table
) -> pa.Table:
    """Returns counts as in COUNTED."""
    size = len(place)
    columns = {
        "part": pa.array(part, pa.int32()),
        "kind": pa.repeat(pa.scalar(kind, pa.string()), size),
        "spans": pa.array(np.full(size, number), pa.int32()),
        "place": pa.array(place, pa.int32()),
        "item": item,
        "label": label,
        **{name: sums[name] for name in (*SUMS, "first_us")},
    }
    return pa.table(columns)


def _parts(names: pa.Array, kind: str, parts: int) -> Ints:
    """Returns the part of each item; -1 for ANY, which every part needs. What only the volume needs is in part 0."""
    if kind not in ITEM_KINDS or parts == 1:
        return np.zeros(len(names), np.int64)
    found = np.array([zlib.crc32(name.encode()) % parts for name in names.to_pylist()], np.int64)
    found[len(names) - 1] = -1
    return found


def _for_every_part(table: pa.Table, parts: int) -> pa.Table:
    """Returns counts with the rows of ANY once for each part."""
    if parts == 1:
        return table
    everywhere = pc.equal(table["part"], -1)
    alone, shared = table.filter(pc.invert(everywhere)), table.filter(everywhere)
    copies = [shared.set_column(0, "part", pa.array([part] * len(shared), pa.int32())) for part in range(parts)]
    return pa.concat_tables([alone, *copies])


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
    item = pa.array(map(str, posts.tolist()), pa.string())
    return _table(ACTIVE, number, of_group, nothing, item, item, sums)


def merged(plan: Plan, counts: pa.Table) -> pa.Table:
    """Adds up the counts of one part, one kind of items and one kind of periods; adds `previous_posts` and `burst`.

    `previous_posts` are those of the period right before, 0 without any. `burst` is NaN where nobody carried an item of
    the kind in the preceding periods. Only rows of periods in the window are returned.
    """
    kind, number, part = (counts[name][0].as_py() for name in ("kind", "spans", "part"))
    items, labels = (counts[name].combine_chunks().dictionary_encode() for name in ("item", "label"))
    size, before = len(plan.spans[number].starts), plan.before[number]
    step = size + before + 1
    by_length = _order_of(labels.dictionary)
    sums = _grouped(
        {
            "group": items.indices.to_numpy().astype(np.int64) * step + counts["place"].to_numpy(),
            **{name: counts[name].to_numpy() for name in (*SUMS, "first_us")},
            "label": np.argsort(by_length)[labels.indices.to_numpy()],
        }
    ).sort_by("group")
    group = sums["group"].to_numpy()
    code, place = np.divmod(group, step)
    posts, authors = sums["posts"].to_numpy(), sums["authors"].to_numpy()
    kept = place >= plan.first[number]
    table = _table(
        *(kind, number, place, np.full(len(place), part), items.dictionary.take(code)),
        labels.dictionary.take(by_length[sums["label"].to_numpy()]),
        sums,
    )
    earlier = _sums_before(group, authors, before)
    of_any = _of_any(items.dictionary, code)
    table = table.append_column("previous_posts", pa.array(_sums_before(group, posts, min(before, 1))))
    burst = _bursts(place, authors, earlier, of_any, size)
    return table.append_column("burst", pa.array(burst)).filter(pa.array(kept))


def _order_of(names: pa.Array) -> Ints:
    """Returns the places of names, the shortest name first, then in the order of their texts."""
    length = pc.utf8_length(names)
    return np.asarray(
        pc.sort_indices(
            pa.table({"length": length, "name": names}), sort_keys=[("length", "ascending"), ("name", "ascending")]
        ).to_numpy()
    ).astype(np.int64)


def _sums_before(group: Ints, values: Ints, before: int) -> Ints:
    """Returns for each group the sum of the values in the `before` groups right before it; groups are in order."""
    total = np.concatenate([[0], np.cumsum(values)])
    start = np.searchsorted(group, group - before)
    return np.asarray(total[np.arange(len(group))] - total[start])


def _of_any(names: pa.Array, code: Ints) -> Ints:
    """Returns the rows of ANY."""
    place = pc.index(names, pa.scalar(ANY, pa.string())).as_py()
    return np.flatnonzero(code == place)


def _bursts(place: Ints, authors: Ints, earlier: Ints, of_any: Ints, size: int) -> Floats:
    """Returns the burst of each row; NaN where nobody carried an item of the kind in the preceding periods."""
    everyone, everyone_before = np.zeros(size, np.int64), np.zeros(size, np.int64)
    everyone[place[of_any]], everyone_before[place[of_any]] = authors[of_any], earlier[of_any]
    expected: Floats = expected_authors(everyone[place], earlier, everyone_before[place])
    return np.where(everyone_before[place] > 0, bursts(authors, expected), np.nan)


def ranked(counts: pa.Table) -> pa.Table:
    """Returns the first TOP items of each kind and period, with `rank`; rows of other kinds as they are.

    Items are ranked by posts, those of the kind BY_BURST by burst, then by authors; unknown bursts come last. Items
    with the same figures stand in the order of their texts.
    """
    of_items = pc.is_in(counts["kind"], pa.array(ITEM_KINDS))
    others = counts.filter(pc.invert(of_items))
    by_burst = pc.equal(counts["kind"], BY_BURST)
    shared = pc.or_(pc.invert(by_burst), pc.greater_equal(counts["authors"], FEWEST_AUTHORS))
    wanted = counts.filter(pc.and_(pc.and_(of_items, shared), pc.not_equal(counts["item"], ANY)))
    words = pc.equal(wanted["kind"], BY_BURST).to_numpy()
    burst = np.nan_to_num(wanted["burst"].to_numpy(), nan=-np.inf)
    main = np.where(words, -burst, -wanted["posts"].to_numpy())
    second = np.where(words, -wanted["authors"].to_numpy(), 0)
    kinds = wanted["kind"].combine_chunks().dictionary_encode().indices.to_numpy()
    spans, place = wanted["spans"].to_numpy(), wanted["place"].to_numpy()
    order = np.lexsort([_text_order(wanted["item"]), second, main, place, spans, kinds])
    first = np.flatnonzero(changes(kinds[order], spans[order], place[order]))
    rank = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order))) + 1
    kept = rank <= TOP
    top = wanted.take(order[kept]).append_column("rank", pa.array(rank[kept], pa.int32()))
    unranked = pa.array(np.zeros(len(others), np.int32))
    return pa.concat_tables([top, others.append_column("rank", unranked)])


def _text_order(items: pa.ChunkedArray) -> Ints:
    coded = items.combine_chunks().dictionary_encode()
    place = np.argsort(pc.array_sort_indices(coded.dictionary).to_numpy())
    return np.asarray(place[coded.indices.to_numpy()])


def groups(counts: pa.Table) -> Iterator[pa.Table]:
    """Yields the counts of each part, kind of items and kind of periods."""
    keys = counts.group_by(["part", "kind", "spans"], use_threads=False).aggregate([]).to_pylist()
    for key in keys:
        conditions = [pc.equal(counts[name], value) for name, value in key.items()]
        yield counts.filter(reduce(pc.and_, conditions))

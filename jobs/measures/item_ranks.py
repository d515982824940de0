"""Adds up the counts of items, and keeps the first of each kind and period.

`merged` needs the counts of all authors (`item_counts.py`), but not of all periods at once (`item_parts.py`). Then
`ranked` keeps the first TOP of each period; of the window, first those of a part, then those of all parts.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.tables import ITEM_KINDS
from jobs.measures.ballots import Floats, Ints
from jobs.measures.bursts import bursts, expected_authors
from jobs.measures.hashtags import FEWEST_AUTHORS
from jobs.measures.item_counts import ANY, COUNTED, EVERYONE, SUMS, Plan, counts_table, grouped
from jobs.measures.item_odds import Odds
from jobs.measures.item_pairs import changes

TOP = 100
"""The most items per kind and period."""
BY_BURST = "word"
"""The kind that is ranked by burst. Its items with fewer than FEWEST_AUTHORS authors can't burst, and are left out."""
RANKED = COUNTED + ", previous_posts bigint, burst double, log_odds double, rank int"
"""The schema of `ranked`. `candidate` is the number of the candidate of whose posts the item is most typical, or -1."""


def merged(plan: Plan, counts: pa.Table, start: int, end: int) -> pa.Table:
    """Adds up the counts of one kind of items and one kind of periods; adds some figures.

    `previous_posts` are those of the period right before, 0 without any. `burst` is NaN where nobody carried an item of
    the kind in the preceding periods. `candidate` and `log_odds` are those of `Odds.most_typical`.
    Only rows of periods from the place `start` to before `end` are returned.
    """
    kind, number = (counts[name][0].as_py() for name in ("kind", "spans"))
    counts = counts.unify_dictionaries().combine_chunks()
    size, before = len(plan.spans[number].starts), plan.before[number]
    step = size + before + 1  # so that the periods before an item's first are not those of another item
    items = counts["item"].combine_chunks().dictionary_encode()
    any_code = pc.index(items.dictionary, pa.scalar(ANY, pa.string())).as_py()
    codes = items.indices.to_numpy().astype(np.int64)
    given = codes * step + counts["place"].to_numpy()
    of_everyone = counts["candidate"].to_numpy() == EVERYONE
    sums = _summed(counts.filter(pa.array(of_everyone)), given[of_everyone])
    group, posts, authors = (sums[name].to_numpy() for name in ("group", "posts", "authors"))
    code, place = np.divmod(group, step)
    kept = (place >= start) & (place < end)
    burst = _bursts(place, authors, _sums_before(group, authors, before), np.flatnonzero(code == any_code), size)
    of_any = (codes == any_code)[~of_everyone]
    odds = Odds(counts.filter(pa.array(~of_everyone)), given[~of_everyone], of_any, size, plan.of_races)
    candidate, ratio = odds.most_typical(group, place, kept & (authors >= FEWEST_AUTHORS))
    item = items.dictionary.take(code)
    table = counts_table(kind, number, place, item, sums["label"], sums)
    table = table.set_column(table.column_names.index("candidate"), "candidate", pa.array(candidate, pa.int32()))
    figures = {"previous_posts": _sums_before(group, posts, min(before, 1)), "burst": burst, "log_odds": ratio}
    for name, values in figures.items():
        table = table.append_column(name, pa.array(values))
    return table.filter(pa.array(kept))


def _summed(counts: pa.Table, group: Ints) -> pa.Table:
    """Adds up the counts of each group, in the order of the groups; of labels, the shortest is kept."""
    labels = counts["label"].combine_chunks().dictionary_encode()
    by_length = _order_of(labels.dictionary)
    columns = {name: counts[name].to_numpy() for name in (*SUMS, "first_us")}
    label = np.argsort(by_length)[labels.indices.to_numpy()]
    sums = grouped({"group": group, **columns, "label": label}).sort_by("group")
    shown = labels.dictionary.take(by_length[sums["label"].to_numpy()])
    return sums.set_column(sums.column_names.index("label"), "label", shown)


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

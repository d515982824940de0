"""The items that posts share: the first of each kind and period, and what the volume of each period is made of.

Spark finds the candidates whom a post mentions, and joins posts with the flags of their authors. Where there are only
FEW_POSTS, Spark's driver fetches them and counts them all: to plan joins and to start Python workers would take longer.
Else Spark brings the posts of each author together; then Python workers count (`item_counts.py`) and rank
(`item_ranks.py`), with the same functions. Up to MANY_POSTS, the driver finds whose a handle is, and each worker gets
that; of more, Spark finds the accounts that posts name, by joins, which take longer.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.instants import micros
from conf.tables import ITEM_KINDS, PERIODS
from conf.topic import Topic
from jobs.framework.direct_join import lies_in
from jobs.framework.local import ARROW, arrow_schema, fetched
from jobs.framework.publication import spans
from jobs.framework.window import Window
from jobs.measures import authors
from jobs.measures.authors import kept_labels, labels, resolved, sightings, without_prefix
from jobs.measures.bursts import BASELINE, has_span_before, reach
from jobs.measures.item_counts import EVERYONE, Plan, count
from jobs.measures.item_pairs import OF_ACCOUNTS, ROWS, joined
from jobs.measures.item_parts import PACKED, packed, unpacked
from jobs.measures.item_posts import accounts_of, posts_of, told_within, with_accounts
from jobs.measures.item_ranks import RANKED, merged, ranked
from jobs.measures.periods import spans_between
from jobs.measures.told_accounts import Holders, Told, told_among
from jobs.measures.votes import FEW_POSTS, with_marks

ACCOUNTS = ("mentioned", "retweeted")
"""The kinds whose items are accounts."""
MANY_POSTS = 1_500_000
"""Of up to so many posts, the driver has whose each handle is, and each worker gets it: some 100 MB there, if no two
posts are by one account."""
POSTS_A_TASK = 100_000
"""About so many posts are counted at once, and their words in a few hundred MB."""
ITEMS = (
    "kind string, period string, period_start timestamp, period_end timestamp, rank int, item string, label string, "
    "posts bigint, authors bigint, originals bigint, previous_posts bigint, burst double, marked bigint, "
    "first_at timestamp, candidate string, log_odds double"
)
"""The schema of `counted`."""


def counted(
    posts: DataFrame,
    flagged: DataFrame | None,
    topic: Topic,
    window: Window,
    names: DataFrame | None = None,
    number: int | None = None,
) -> pa.Table:
    """Returns the first items of each kind and period and, of other kinds, what the volume is made of, as ITEMS.

    `posts` must contain all posts in the span of `reach`; `number` is about how many they are, None if nobody has
    counted them. `flagged` has, in its column `author`, the flagged authors. `names` has rows of `account_names`.

    Triggers Spark actions.
    """
    number = posts.count() if number is None else number
    if number <= FEW_POSTS:
        return _counted_here(posts, flagged, names, topic, _plan(topic, window, 1))
    plan = _plan(topic, window, -(-number // POSTS_A_TASK))
    if number <= MANY_POSTS:
        return _counted_by_workers(posts, flagged, names, topic, window, plan)
    found = _ranked_apart(plan, _with_joined_accounts(posts, flagged, topic, window), None)
    wanted = _accounts(found, posts)
    known = labels(posts.where(lies_in(window)), names).join(wanted, on="account", how="left_semi")
    return _labelled(found, dict(map(tuple, known.collect())))


def _counted_here(
    posts: DataFrame, flagged: DataFrame | None, names: DataFrame | None, topic: Topic, plan: Plan
) -> pa.Table:
    """Counts in this process."""
    arrived = fetched(with_marks(posts_of(posts, topic.races, telling=True, naming=True), flagged))
    told = told_within(arrived, plan.window_us)
    rows = with_accounts(arrived, told.holders)
    found = [_ranked(plan, counts) for counts in count(plan, rows) if len(counts)] if len(rows) else []
    if not found:
        return arrow_schema(ITEMS).empty_table()
    return _with_labels(_shown(plan, pa.concat_tables(found)), told, names)


def _counted_by_workers(
    posts: DataFrame,
    flagged: DataFrame | None,
    names: DataFrame | None,
    topic: Topic,
    window: Window,
    plan: Plan,
) -> pa.Table:
    """Counts in Python workers, which get whose each handle is."""
    known = posts.where(lies_in(window))  # as in the other jobs over this window
    told = told_among(fetched(sightings(known)), authors.LAST)
    holders = posts.sparkSession.sparkContext.broadcast(told.holders)
    try:
        found = _ranked_apart(plan, with_marks(posts_of(posts, topic.races, naming=True), flagged), holders)
    finally:
        holders.destroy()
    return _with_labels(found, told, names)


def _with_joined_accounts(posts: DataFrame, flagged: DataFrame | None, topic: Topic, window: Window) -> DataFrame:
    """Returns posts with a row for each account that one of them names, as in ROWS, by joins."""
    own = with_marks(posts_of(posts, topic.races), flagged)
    known = posts.where(lies_in(window))
    of_accounts = resolved(accounts_of(posts), "account", known).select(*arrow_schema(OF_ACCOUNTS).names)
    return own.unionByName(of_accounts, allowMissingColumns=True).select(*arrow_schema(ROWS).names)


def _ranked_apart(plan: Plan, posts: DataFrame, holders: Broadcast[Holders] | None) -> pa.Table:
    """Returns the first items, counted by Python workers. With `holders`, these find the accounts that posts name.

    Of the window, each part has its own first items, so the driver ranks these once more.
    """
    found = (
        posts.repartition(plan.parts, "voter")
        .mapInArrow(partial(_count, plan, holders), PACKED)
        .repartition(2 * plan.parts, "part")
        .mapInArrow(partial(_merge, plan), RANKED)
    )
    return _shown(plan, ranked(fetched(found).drop_columns(["rank"])))


def _ranked(plan: Plan, counts: pa.Table) -> pa.Table:
    """Returns the first items of all periods in the window, from the counts of one kind of items and of periods."""
    number = counts["spans"][0].as_py()
    return ranked(merged(plan, counts, plan.first[number], len(plan.spans[number].starts)))


def _plan(topic: Topic, window: Window, parts: int) -> Plan:
    """Returns the periods of `reach`, with those in the window told apart; kinds without any in the window are left."""
    read, start, end = reach(window, topic), window.start, window.end
    bounds = {period: list(spans(read, period)) for period in PERIODS}
    bounds["window"] = [*([(start - (end - start), start)] if has_span_before(window) else []), (start, end)]
    kept = {period: some for period, some in bounds.items() if any(begins >= start for begins, _ in some)}
    first = [sum(begins < start for begins, _ in some) for some in kept.values()]
    before = [BASELINE[period] if period != "window" or has_span_before(window) else 0 for period in kept]
    ids = tuple(tuple(candidate.id for candidate in race.candidates) for race in topic.races)
    found = [spans_between(period, some) for period, some in kept.items()]
    return Plan(tuple(found), tuple(first), tuple(before), (micros(start), micros(end)), parts, ids)


def _count(
    plan: Plan, holders: Broadcast[Holders] | None, arrived: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Counts the posts of a partition's authors."""
    posts = joined(arrived)
    if posts is not None:
        for counts in count(plan, with_accounts(posts, holders.value) if holders else posts):
            if len(counts):
                yield packed(plan, counts)


def _merge(plan: Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Adds up the counts of some parts, and keeps the first of each period."""
    for part, counts in unpacked(arrived):
        yield from _batches(ranked(merged(plan, counts, part.start, part.end)), RANKED)


def _batches(table: pa.Table, schema: str) -> list[pa.RecordBatch]:
    wanted = arrow_schema(schema)
    found: list[pa.RecordBatch] = table.select(wanted.names).cast(wanted).to_batches()
    return found


def _shown(plan: Plan, rows: pa.Table) -> pa.Table:
    """Returns ranked rows as in ITEMS, with the periods that their numbers stand for."""
    number, place = rows["spans"].to_numpy(), rows["place"].to_numpy()
    starts, ends = (np.zeros(len(rows), np.int64) for _ in range(2))
    for each, of_kind in enumerate(plan.spans):
        own = number == each
        starts[own], ends[own] = of_kind.starts[place[own]], of_kind.ends[place[own]]
    periods = pa.array([of_kind.period for of_kind in plan.spans]).take(pa.array(number))
    shown = {
        "period": periods,
        "period_start": pa.array(starts).cast(ARROW["timestamp"]),
        "period_end": pa.array(ends).cast(ARROW["timestamp"]),
        "first_at": rows["first_us"].cast(ARROW["timestamp"]),
        "burst": pc.if_else(pc.is_nan(rows["burst"]), None, rows["burst"]),
        "log_odds": pc.if_else(pc.is_nan(rows["log_odds"]), None, rows["log_odds"]),
        "candidate": _ids(plan).take(pc.if_else(pc.equal(rows["candidate"], EVERYONE), None, rows["candidate"])),
    }
    columns = {
        name: shown.get(name, rows[name] if name in rows.column_names else None) for name in arrow_schema(ITEMS).names
    }
    return pa.table(columns).cast(arrow_schema(ITEMS))


def _accounts(items: pa.Table, beside: DataFrame) -> DataFrame:
    """Returns the accounts among items as a frame: account."""
    found = items.filter(_is_account(items))["item"].unique().to_pylist()
    rows = beside.sparkSession.createDataFrame([(one,) for one in found], "account string")
    return F.broadcast(rows)


def _with_labels(items: pa.Table, told: Told, names: DataFrame | None) -> pa.Table:
    """Returns items with what people read of accounts: what posts tell, or `account_names`."""
    known = dict(told.labels)
    if names is not None:
        kept = kept_labels(names).join(_accounts(items, names), on="account", how="left_semi")
        known |= dict(map(tuple, kept.collect()))
    return _labelled(items, known)


def _is_account(items: pa.Table) -> pa.ChunkedArray:
    return pc.is_in(items["kind"], pa.array(ACCOUNTS))


def _labelled(items: pa.Table, known: Mapping[str, str]) -> pa.Table:
    """Returns items with what people read of accounts, from the known labels."""
    coded = pc.if_else(_is_account(items), items["item"], None).combine_chunks().dictionary_encode()
    shown = [known.get(key) or without_prefix(key) for key in coded.dictionary.to_pylist()]
    label = pc.coalesce(pa.array(shown, pa.string()).take(coded.indices), items["label"])
    return items.set_column(items.column_names.index("label"), "label", label)


def _ids(plan: Plan) -> pa.Array:
    return pa.array([candidate for race in plan.candidates for candidate in race], pa.string())


def items_in(found: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Returns the rows of `counted` that are items of top_items, and those of which the volume is made."""
    chosen = pc.is_in(found["kind"], pa.array(ITEM_KINDS))
    return found.filter(chosen), found.filter(pc.invert(chosen))

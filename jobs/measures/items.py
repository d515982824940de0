"""The items that posts share, counted with Spark: the first of each kind and period, and the volume of each period.

Spark joins posts with the flags of their authors, and finds the accounts that they name; it brings the posts of each
author together. Then Python workers count (`item_counts.py`) and rank (`item_ranks.py`). Where there are only
FEW_POSTS, Spark's driver counts them all, with the same functions: to start Python workers would take longer.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.instants import micros
from conf.race import Race
from conf.tables import ITEM_KINDS, KIND_COLUMNS, PERIODS
from conf.topic import Topic
from jobs.framework.direct_join import lies_in
from jobs.framework.publication import spans
from jobs.framework.window import Window
from jobs.measures import authors
from jobs.measures.authors import account, named, resolved
from jobs.measures.bursts import BASELINE, has_span_before, reach
from jobs.measures.item_counts import COUNTED, EVERYONE, Plan, count
from jobs.measures.item_pairs import ROWS, joined
from jobs.measures.item_ranks import RANKED, groups, merged, ranked
from jobs.measures.mentions import mask_columns, with_masks
from jobs.measures.periods import spans_between
from jobs.measures.post_links import servers
from jobs.measures.votes import FEW_POSTS, with_marks

COLUMNS = [
    *(*authors.COLUMNS, "kind", "folded", "urls", "hashtags", "mentions", "lang", "client", "place"),
    *("retweet_of_author", "reply_to_author", "quote_of_author"),
]
"""The columns of posts that are counted, and those by which candidates are found."""
ACCOUNTS = ("mentioned", "retweeted")
"""The kinds whose items are accounts."""
POSTS_A_TASK = 100_000
"""About so many posts are counted at once, and their words in a few hundred MB."""
ITEMS = (
    "kind string, period string, period_start timestamp, period_end timestamp, rank int, item string, label string, "
    "posts bigint, authors bigint, originals bigint, previous_posts bigint, burst double, marked bigint, "
    "first_at timestamp, candidate string, log_odds double"
)
"""The schema of `counted`."""
_ARROW = {
    **{"string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64()},
    **{"timestamp": pa.timestamp("us", "UTC"), "boolean": pa.bool_(), "array<string>": pa.list_(pa.string())},
    **{"array<bigint>": pa.list_(pa.int64())},
}


def counted(posts: DataFrame, flagged: DataFrame | None, topic: Topic, window: Window) -> DataFrame:
    """Returns the first items of each kind and period and, of other kinds, what the volume is made of, as ITEMS.

    `posts` must contain all posts in the span of `reach`. `flagged` has, in its column `author`, the flagged authors.

    Triggers Spark actions.
    """
    rows = with_marks(_rows(posts, topic.races, window), flagged).select(*_names(ROWS))
    number = posts.count()
    if number <= FEW_POSTS:
        return _counted_here(rows, _plan(topic, window, 1))
    parts = -(-number // POSTS_A_TASK)
    plan = _plan(topic, window, parts)
    return (
        rows.repartition(parts, "voter")
        .mapInArrow(partial(_count, plan), COUNTED)
        .repartition(parts, "part")
        .mapInArrow(partial(_merge, plan), RANKED)
        .repartition("kind", "spans", "place")
        .mapInArrow(partial(_rank, plan), ITEMS)
        .localCheckpoint(eager=True)
    )


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


def _rows(unmasked: DataFrame, races: Sequence[Race], window: Window) -> DataFrame:
    """Returns the posts, and a row for each account that one of them names, as in ROWS but for `marked`."""
    posts = with_masks(unmasked, races, unmasked.columns)
    masks = F.array(*mask_columns(races)).cast("array<bigint>").alias("masks")
    numbers = [F.when(F.col("kind") == kind, F.lit(n)) for n, kind in enumerate(KIND_COLUMNS.values())]
    told = (
        account().alias("voter"),
        F.unix_micros("event_at").alias("at_us"),
        F.xxhash64("source", "post_id").alias("post"),
        F.coalesce(*numbers, F.lit(-1)).alias("kind_number"),
    )
    own = F.col("kind") != "retweet"
    naming = own & (F.size(F.coalesce("mentions", F.array())) > 0)
    nothing = F.lit(None).cast("string")
    of_posts = posts.select(
        *(*told, nothing.alias("as_kind"), nothing.alias("account"), "source", F.lower("lang").alias("language")),
        *("client", "place", "folded", "urls", servers().alias("servers")),
        (F.size(F.coalesce("hashtags", F.array())) > 0).alias("tagged"),
        *(naming.alias("mentioning"), masks),
    )
    mentioned = F.when(naming, F.transform("mentions", lambda name: _named_as("mentioned", named(name))))
    retweeted = F.array(F.when(~own, _named_as("retweeted", named(F.col("retweet_of_author")))))
    both = F.concat(F.coalesce(mentioned, F.array()), retweeted)
    pairs = posts.select(*told, masks, F.explode(both).alias("one")).select(*_names(ROWS)[:4], "masks", "one.*")
    known = unmasked.where(lies_in(window))  # as in the other jobs over this window
    of_accounts = resolved(pairs.where(F.col("account").isNotNull()), "account", known)
    return of_posts.unionByName(of_accounts, allowMissingColumns=True).where(F.col("voter").isNotNull())


def _named_as(kind: str, key: Column) -> Column:
    return F.struct(F.lit(kind).alias("as_kind"), key.alias("account"))


def _names(schema: str) -> list[str]:
    return [field.split()[0] for field in schema.split(", ")]


def _counted_here(rows: DataFrame, plan: Plan) -> DataFrame:
    """Returns what `counted` returns, counted in this process."""
    spark = rows.sparkSession
    arrived = pa.Table.from_pandas(rows.toPandas(), _schema(ROWS), preserve_index=False)
    found = count(plan, arrived) if len(arrived) else ()
    some = [merged(plan, counts) for counts in found if len(counts)]
    if not some:
        return spark.createDataFrame([], ITEMS)
    return spark.createDataFrame(_shown(plan, ranked(pa.concat_tables(some))).to_pandas(), ITEMS)


def _count(plan: Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Counts the posts of a partition's authors."""
    posts = joined(arrived)
    if posts is not None:
        for counts in count(plan, posts):
            yield from _batches(counts, COUNTED)


def _merge(plan: Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Adds up the counts of some parts, and keeps the first of each period."""
    counts = joined(arrived)
    if counts is not None:
        for some in groups(counts):
            yield from _batches(ranked(merged(plan, some)), RANKED)


def _rank(plan: Plan, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Keeps the first of each period, from those of all parts."""
    counts = joined(arrived)
    if counts is not None:
        yield from _batches(_shown(plan, ranked(counts.drop_columns(["rank"]))), ITEMS)


def _batches(table: pa.Table, schema: str) -> list[pa.RecordBatch]:
    wanted = _schema(schema)
    found: list[pa.RecordBatch] = table.select(wanted.names).cast(wanted).to_batches()
    return found


def _schema(schema: str) -> pa.Schema:
    return pa.schema([pa.field(name, _ARROW[kind]) for name, kind in (field.split() for field in schema.split(", "))])


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
        "period_start": pa.array(starts).cast(_ARROW["timestamp"]),
        "period_end": pa.array(ends).cast(_ARROW["timestamp"]),
        "first_at": rows["first_us"].cast(_ARROW["timestamp"]),
        "burst": pc.if_else(pc.is_nan(rows["burst"]), None, rows["burst"]),
        "log_odds": pc.if_else(pc.is_nan(rows["log_odds"]), None, rows["log_odds"]),
        "candidate": _ids(plan).take(pc.if_else(pc.equal(rows["candidate"], EVERYONE), None, rows["candidate"])),
    }
    columns = {name: shown.get(name, rows[name] if name in rows.column_names else None) for name in _names(ITEMS)}
    return pa.table(columns)


def _ids(plan: Plan) -> pa.Array:
    return pa.array([candidate for race in plan.candidates for candidate in race], pa.string())


def is_item() -> Column:
    """Returns whether a row of `counted` is an item of top_items, and not a part of the volume."""
    return F.col("kind").isin(*ITEM_KINDS)

"""What posts tell of the first posts of conversations: who wrote each, as others name them, and how often it was
retweeted in a period. For posts that Spark's driver has, in Arrow and NumPy; for others, in Spark."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.tables import PERIOD_KEY
from jobs.measures.authors import named
from jobs.measures.grouped import paired
from jobs.measures.told_accounts import named as named_in

BEGUN = ["source", "root"]
ABOUT = ("about", "named_author", "repeats")
"""The columns of posts that tell of another post: its id, the name of its author, and whether this is a retweet."""


def with_about(posts: DataFrame) -> DataFrame:
    """Adds ABOUT: what retweets say of the retweeted post, and replies of the answered one."""
    retweets = F.col("kind") == "retweet"

    def of(one: str, other: str) -> Column:
        return F.when(retweets, F.col(one)).otherwise(F.col(other))

    columns = of("retweet_of", "reply_to"), of("retweet_of_author", "reply_to_author"), retweets
    return posts.withColumns(dict(zip(ABOUT, columns, strict=True)))


def around(found: DataFrame, posts: DataFrame) -> DataFrame:
    """Returns conversations with `retweets` of the first post in the period, null for none, and `named`, its author.

    `found` has the period, the network and the first post of each. Its author is named by who retweets or answers it.
    """
    about = with_about(posts).where(F.col("about").isNotNull())
    told = about.select("source", F.col("about").alias("root"), *ABOUT[1:], "event_at")
    inside = (F.col("event_at") >= F.col("period_start")) & (F.col("event_at") < F.col("period_end"))
    by_root = (
        told.join(F.broadcast(found.select(*PERIOD_KEY, *BEGUN)), on=BEGUN, how="inner")
        .where(inside)
        .groupBy(*PERIOD_KEY, *BEGUN)
        .agg(
            F.count_if("repeats").alias("retweets"),
            F.max_by(
                named(F.col("named_author")),
                F.when(F.col("named_author").isNotNull(), F.struct("event_at", "named_author")),
            ).alias("named"),
        )
    )
    return found.join(by_root, on=[*PERIOD_KEY, *BEGUN], how="left").select(*found.columns, "retweets", "named")


def around_here(found: pa.Table, posts: pa.Table) -> pa.Table:
    """Returns what `around` does, from posts with source, at_us and ABOUT."""
    asked = pc.binary_join_element_wise(found["source"], found["root"], " ").combine_chunks()
    roots = asked.unique()
    about = pc.binary_join_element_wise(posts["source"], posts["about"], " ")
    root = pc.index_in(about, roots)
    columns = {"root": root, **{name: posts[name] for name in ("at_us", "source", *ABOUT[1:])}}
    told = pa.table(columns).filter(pc.is_valid(root))
    order = [("root", "ascending"), ("at_us", "ascending"), ("named_author", "ascending", "at_start")]
    told = told.take(pc.sort_indices(told, sort_keys=order))
    first, end = _between(found, pc.index_in(asked, roots).to_numpy(), told)
    repeats = np.concatenate([[0], np.cumsum(told["repeats"].to_numpy())])
    known = np.where(pc.is_valid(told["named_author"]), np.arange(told.num_rows), -1)
    last = np.concatenate([[-1], np.maximum.accumulate(known)])[end]
    name = named_in(told["source"], told["named_author"]).take(pa.array(last, mask=last < first))
    return found.append_column("retweets", pa.array(repeats[end] - repeats[first])).append_column("named", name)


def _between(found: pa.Table, root: Any, told: pa.Table) -> tuple[Any, Any]:
    """Returns where in `told`, which is by root and time, the posts on each root in its period begin and end."""
    times = np.unique(told["at_us"].to_numpy())
    key = paired(told["root"].to_numpy().astype(np.int64), np.searchsorted(times, told["at_us"].to_numpy()))
    bounds = (found[name].cast(pa.int64()).to_numpy() for name in PERIOD_KEY[1:])
    first, end = (np.searchsorted(key, paired(root.astype(np.int64), np.searchsorted(times, at))) for at in bounds)
    return first, end

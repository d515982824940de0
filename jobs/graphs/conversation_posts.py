"""Finds the conversations of posts, and counts them.

Up to FEW_POSTS posts come to Spark's driver in one pass, which does all of it with NumPy: that is much quicker.
Otherwise Spark finds which posts hang together (`components.py`), brings them together, and Python workers do the same,
partition by partition. No step needs all posts in one place; a worker's memory grows with the largest conversation,
some 400 MB for a million replies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.framework.local import fetched, local_frame
from jobs.graphs.components import roots
from jobs.graphs.conversation_roots import ABOUT, around, around_here, with_about
from jobs.graphs.scratch import Scratch, partitioned
from jobs.measures.authors import account
from jobs.measures.ballots import Spans
from jobs.measures.conversation_rows import RANKED_BY, ROWS, TOP, counted
from jobs.measures.family_rows import in_order
from jobs.measures.grouped import codes
from jobs.measures.mentions import with_masks
from jobs.measures.periods import first_of_periods
from jobs.measures.votes import with_marks

Count = Callable[[pa.Table], pa.RecordBatch]
"""Counts the conversations of posts."""
FEW_POSTS = 2_000_000
"""Up to so many posts come to the driver: some 100 MB for a million, and 800 MB for a million replies."""
OF_POST = ("author", "at_us", "source", "post_id", "answers", "told")


def is_reply() -> Column:
    """Returns whether a post says of which conversation it is, or what it answers."""
    return (F.col("kind") != "retweet") & F.coalesce("reply_to", "root").isNotNull()


def are_few(posts: DataFrame, number: int | None) -> bool:
    """Returns whether posts are few enough for the driver. Triggers a Spark action, unless their `number` is known."""
    return (posts.count() if number is None else number) <= FEW_POSTS


def said(posts: DataFrame, topic: Topic, flagged: DataFrame | None, more: Sequence[str] = ()) -> DataFrame:
    """Returns each post with its author, at_us, is_reply and `more`; of others than retweets, also what is counted.

    `flagged` names, in `author`, the authors whose posts are marked. Only replies are searched for candidates.
    """
    shown = posts.where(account().isNotNull()).withColumns({
        "voter": account(),
        "at_us": F.unix_micros("event_at"),
        "is_reply": is_reply(),
        "answers": F.nullif(F.col("reply_to"), F.col("post_id")),
        "told": F.nullif(F.col("root"), F.col("post_id")),
        "post_id": F.when(F.col("kind") != "retweet", F.col("post_id")),
    })  # fmt: skip
    masked = with_masks(shown, topic.races, ["voter", *OF_POST[1:], "is_reply", *more], F.col("is_reply"))
    return with_marks(masked, flagged).withColumnRenamed("voter", "author")


def largest_conversations(
    posts: DataFrame,
    topic: Topic,
    spans: Sequence[Spans],
    flagged: DataFrame | None = None,
    *,
    few: bool = False,
) -> DataFrame:
    """Returns one row per period and conversation: the first of each period by their number of replies.

    The columns are those of ROWS and, as `around` has them, `retweets` and `named`.

    `flagged` names, in `author`, the authors that the bot rules flag; without it, their share is null. With `few`, the
    posts come to the driver. Both ways trigger Spark actions, and return the same.
    """
    candidates = [candidate.id for race in topic.races for candidate in race.candidates]
    count = partial(counted, spans=list(spans), candidates=candidates, flags=flagged is not None)
    if few:
        return _counted_here(said(with_about(posts), topic, flagged, ABOUT), count)
    return around(_counted_apart(said(posts, topic, flagged), count), posts)


def _counted_here(own: DataFrame, count: Count) -> DataFrame:
    posts = _with_first(fetched(own))
    rows = count(in_order(posts.filter(_is_counted(posts)).drop_columns(list(ABOUT))))
    found = around_here(pa.Table.from_batches([rows]), posts)
    return local_frame(own.sparkSession, found, f"{ROWS}, retweets bigint, named string")


def _with_first(posts: pa.Table) -> pa.Table:
    """Adds first_us, the time of the author's first post of whichever kind."""
    author, at_us = codes(posts["author"]), posts["at_us"].to_numpy()
    first = np.full(int(author.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, author, at_us)
    return posts.append_column("first_us", pa.array(first[author]))


def _is_counted(posts: pa.Table) -> pa.ChunkedArray:
    """Returns whether each post is a reply, or named by one."""
    replies = posts.filter(posts["is_reply"])
    named = [pc.binary_join_element_wise(replies["source"], replies[name], " ") for name in ("answers", "told")]
    own = pc.binary_join_element_wise(posts["source"], posts["post_id"], " ")  # null of retweets
    wanted = pa.chunked_array([chunk for column in named for chunk in column.chunks], pa.string())
    return pc.or_(posts["is_reply"], pc.is_in(own, wanted.combine_chunks().drop_null().unique()))


def _joined(own: DataFrame) -> DataFrame:
    """Returns what `_with_first` and `_is_counted` do, by Spark."""
    first = own.groupBy("author").agg(F.min("at_us").alias("first_us"), F.bool_or("is_reply").alias("replied"))
    replies = own.where("is_reply")
    ids = F.array_compact(F.array_distinct(F.array("answers", "told")))
    named = replies.select("source", F.explode(ids).alias("post_id")).distinct()
    starts = own.where(~F.col("is_reply")).join(named, on=["source", "post_id"], how="left_semi")
    timed = replies.join(first.where("replied").drop("replied"), on="author", how="inner")
    return timed.unionByName(starts.withColumn("first_us", F.col("at_us")))


def _counted_apart(own: DataFrame, count: Count) -> DataFrame:
    scratch = Scratch()
    try:
        kept = scratch.keep(_joined(own))
        joined = kept.withColumn("id", _number("post_id")).join(_trees(kept, scratch), on="id", how="inner").drop("id")
        rows = joined.repartition("tree").drop("tree").mapInArrow(partial(_counted, count), ROWS)
        return first_of_periods(rows, RANKED_BY, TOP).localCheckpoint(eager=True)
    finally:
        scratch.close()


def _trees(own: DataFrame, scratch: Scratch) -> DataFrame:
    """Returns id and tree: which posts hang together, by numbers that stand for their networks and ids.

    Each reply has one link, as in `reply_trees.py`, so that no stranger's reply joins two conversations. Where two
    posts have the same number by chance, two conversations are counted in one partition, each by itself.
    """
    known = own.select(_number("post_id").alias("known"))
    replies = own.where(F.coalesce("answers", "told").isNotNull())
    linked = replies.join(known, on=_number("answers") == F.col("known"), how="left")
    is_missing = F.col("answers").isNull() | (F.col("known").isNull() & F.col("told").isNotNull())
    links = linked.select(
        _number("post_id").alias("one"),
        F.when(is_missing, _number("told")).otherwise(_number("answers")).alias("other"),
    )
    pairs = links.where(F.col("one") != F.col("other")).select(
        F.greatest("one", "other").alias("greater"), F.least("one", "other").alias("lesser")
    )
    found = scratch.cut(pairs.distinct())
    with partitioned(own.sparkSession, found.count()):
        root = scratch.cut(roots(scratch.cut(found.repartition("greater")), scratch))
    members, first = root.select("id", F.col("root").alias("tree")), root.select(F.col("root").alias("id")).distinct()
    return members.unionByName(first.withColumn("tree", F.col("id")))


def _number(name: str) -> Column:
    return F.xxhash64("source", name)


def _counted(count: Count, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Counts the conversations of a partition."""
    batches = [batch for batch in arrived if batch.num_rows]
    if batches:
        yield count(in_order(pa.Table.from_batches(batches)))

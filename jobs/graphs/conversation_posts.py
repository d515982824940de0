"""Finds the conversations of posts, and counts them.

Up to FEW_REPLIES replies come to Spark's driver, which does all of it with NumPy: that is much quicker. Otherwise Spark
finds which posts hang together (`components.py`), brings them together, and Python workers do the same, partition by
partition. No step needs all posts in one place; a worker's memory grows with the largest conversation, some 400 MB for
a million replies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.framework.local import fetched, local_frame
from jobs.graphs.components import roots
from jobs.graphs.scratch import Scratch, partitioned
from jobs.measures.authors import account
from jobs.measures.ballots import Spans
from jobs.measures.conversation_rows import RANKED_BY, ROWS, TOP, counted
from jobs.measures.family_rows import in_order
from jobs.measures.mentions import mask_columns, with_masks
from jobs.measures.periods import first_of_periods
from jobs.measures.votes import with_marks

Count = Callable[[pa.Table], pa.RecordBatch]
"""Counts the conversations of posts."""
FEW_REPLIES = 1_000_000
"""Up to so many replies come to the driver: some 800 MB there."""
OF_POST = ("author", "at_us", "source", "post_id", "answers", "told")


def is_reply() -> Column:
    """Returns whether a post says of which conversation it is, or what it answers."""
    return (F.col("kind") != "retweet") & F.coalesce("reply_to", "root").isNotNull()


def are_few(posts: DataFrame, number: int | None) -> bool:
    """Returns whether the replies among posts are few enough for the driver. Triggers a Spark action, unless the
    `number` of all posts is known, and small enough.
    """
    return (number is not None and number <= FEW_REPLIES) or posts.where(is_reply()).count() <= FEW_REPLIES


class Said(NamedTuple):
    """What conversations are counted from, in three frames that nothing has brought together.

    `replies` have the columns OF_POST, masks and marked; `first` has author and first_us, of the author's first post of
    whichever kind, for each author of a reply; `starts` are the other posts that replies name, with all columns.
    """

    replies: DataFrame
    first: DataFrame
    starts: DataFrame


def said(posts: DataFrame, topic: Topic, flagged: DataFrame | None) -> Said:
    """Returns the replies, what is known of their authors, and the posts that they name; no retweets.

    `flagged` names, in `author`, the authors whose posts are marked. Only replies are searched for candidates.
    """
    shown = posts.where(account().isNotNull()).withColumns({
        "voter": account(),
        "at_us": F.unix_micros("event_at"),
        "answers": F.nullif(F.col("reply_to"), F.col("post_id")),
        "told": F.nullif(F.col("root"), F.col("post_id")),
    })  # fmt: skip
    masked = with_masks(shown.where(is_reply()), topic.races, ["voter", *OF_POST[1:]])
    by_author = shown.groupBy("voter").agg(F.min("at_us").alias("first_us"), F.bool_or(is_reply()).alias("replied"))
    ids = F.array_compact(F.array_distinct(F.array("answers", "told")))
    named = shown.where(is_reply()).select("source", F.explode(ids).alias("post_id")).distinct()
    others = shown.where((F.col("kind") != "retweet") & ~is_reply())
    nobody = [F.lit(0).cast("long").alias(name) for name in mask_columns(topic.races)]
    starts = others.join(named.hint("shuffle_hash"), on=["source", "post_id"], how="left_semi").select(
        F.col("voter").alias("author"),
        *OF_POST[1:],
        *nobody,
        F.lit(False).alias("marked"),
        F.col("at_us").alias("first_us"),
    )
    replies = with_marks(masked, flagged).withColumnRenamed("voter", "author")
    return Said(replies, by_author.where("replied").select(F.col("voter").alias("author"), "first_us"), starts)


def largest_conversations(
    posts: DataFrame,
    topic: Topic,
    spans: Sequence[Spans],
    flagged: DataFrame | None = None,
    *,
    few: bool = False,
) -> DataFrame:
    """Returns one row per period and conversation, as ROWS: the first of each period by their number of replies.

    `flagged` names, in `author`, the authors that the bot rules flag; without it, their share is null. With `few`, the
    replies come to the driver. Both ways trigger Spark actions, and return the same.
    """
    candidates = [candidate.id for race in topic.races for candidate in race.candidates]
    count = partial(counted, spans=list(spans), candidates=candidates, flags=flagged is not None)
    own = said(posts, topic, flagged)
    return _counted_here(own, count) if few else _counted_apart(own, count)


def _counted_here(own: Said, count: Count) -> DataFrame:
    replies, first, starts = map(fetched, own)
    at = pc.index_in(replies["author"], first["author"].combine_chunks())
    timed = replies.append_column("first_us", first["first_us"].take(at))
    posts = pa.concat_tables([timed, starts.select(timed.column_names).cast(timed.schema)])
    rows = count(in_order(posts))
    return local_frame(own.replies.sparkSession, pa.Table.from_batches([rows]), ROWS)


def _counted_apart(own: Said, count: Count) -> DataFrame:
    scratch = Scratch()
    try:
        timed = own.replies.join(own.first, on="author", how="inner")
        kept = scratch.keep(timed.unionByName(own.starts))
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

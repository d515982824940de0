"""Finds the families of posts whose texts are almost the same, and counts them.

Where a window has only few posts, Spark's driver does all of it, with NumPy: that is much quicker.
Otherwise Spark brings together what is compared, and Python workers do the same, partition by partition: the wordings
of posts, then those of each band, then those of each component, then the posts of each family. No step needs all posts,
nor all wordings, in one place. A text that is posted very often is one wording from the first step on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.framework.local import fetched, local_frame
from jobs.graphs.family_search import families_of, with_wording
from jobs.graphs.scratch import Scratch
from jobs.measures.authors import account
from jobs.measures.ballots import Spans
from jobs.measures.families import LARGEST_GROUP, families
from jobs.measures.family_rows import LONGEST_TEXT, MOST_LINKS, RANKED_BY, ROWS, SCHEMA, TOP, counted, in_order
from jobs.measures.periods import first_of_periods
from jobs.measures.votes import with_marks
from jobs.measures.wordings import worded

Count = Callable[[pa.Table], pa.RecordBatch]
"""Counts the families of posts."""
FEW_POSTS, FEW_BYTES = 1_500_000, 200_000_000
"""Up to so many posts come to the driver, if their folded texts and links have no more bytes. With the texts as they
were written, and ids, that is about half of the gigabyte which Spark lets come at once. At 300,000 posts, Python
workers take five times as long: Spark moves each wording several times."""
SURELY_FEW = 200_000
"""Of so few, nobody counts the bytes."""


def are_few(posts: DataFrame, number: int | None) -> bool:
    """Returns whether texts and links of posts fit the driver. Triggers a Spark action, unless they are SURELY_FEW.

    `number` is how many posts there are, None if nobody has counted them.
    """
    number = posts.count() if number is None else number
    if SURELY_FEW < number <= FEW_POSTS:
        own = posts.where(F.col("kind") != "retweet")
        (row,) = own.agg(F.sum(F.octet_length(F.concat_ws("", "folded", "urls")))).collect()
        return (row[0] or 0) <= FEW_BYTES
    return number <= SURELY_FEW


def said(posts: DataFrame, flagged: DataFrame | None) -> DataFrame:
    """Returns the posts with a text of their own, so no retweets, with the columns that are counted.

    `flagged` names, in `author`, the authors whose posts are marked.
    """
    own = posts.where((F.col("kind") != "retweet") & F.col("folded").isNotNull()).select(
        account().alias("voter"),
        F.unix_micros("event_at").alias("at_us"),
        *("source", "post_id", "folded"),
        F.substring("text", 1, LONGEST_TEXT).alias("text"),
        F.unix_micros("author_created_at").alias("created_us"),
        F.coalesce(F.slice(F.array_distinct("urls"), 1, MOST_LINKS), F.array().cast("array<string>")).alias("links"),
    )
    return with_marks(own, flagged).withColumnRenamed("voter", "author")


def text_families(
    posts: DataFrame,
    topic: Topic,
    spans: Sequence[Spans],
    flagged: DataFrame | None = None,
    *,
    few: bool = False,
    largest: int = LARGEST_GROUP,
) -> DataFrame:
    """Returns one row per period and family, the first of each period by their number of authors.

    `flagged` names, in `author`, the authors that the bot rules flag; without it, their share is null. With `few`, the
    posts come to the driver. Both ways trigger Spark actions, and return the same. A group of more than `largest`
    wordings that agree in a band is compared with its earliest alone.
    """
    new_days, own = topic.bots.new_account.days, said(posts, flagged)
    count = partial(counted, spans=list(spans), new_days=new_days, flags=flagged is not None)
    rows = _counted_here(own, count, largest) if few else _counted_apart(own, count, largest)
    return rows.select(F.lit(topic.topic).alias("topic"), *SCHEMA.names)


def _counted_here(own: DataFrame, count: Count, largest: int) -> DataFrame:
    rows = count(in_families(in_order(fetched(own)), largest))
    return local_frame(own.sparkSession, pa.Table.from_batches([rows]), ROWS)


def _counted_apart(own: DataFrame, count: Count, largest: int) -> DataFrame:
    scratch = Scratch()
    try:
        found = families_of(own, scratch, largest)
        joined = with_wording(own).join(found, on="wording", how="inner").drop("wording")
        rows = joined.repartition("family").mapInArrow(partial(_counted, count), ROWS)
        return first_of_periods(rows, RANKED_BY, TOP).localCheckpoint(eager=True)
    finally:
        scratch.close()


def in_families(posts: pa.Table, largest: int = LARGEST_GROUP) -> pa.Table:
    """Returns the posts, in the order of time, of families of at least two posts, with `family` and `large_bands`."""
    found = worded(posts)
    led_by = families(found.distinct, largest)
    family, large = led_by.leader[found.number], led_by.large_bands[found.number]
    kept = np.flatnonzero(np.bincount(family, minlength=1)[family] > 1)
    table = found.table.take(pa.array(kept)).append_column("family", pa.array(family[kept]))
    return table.append_column("large_bands", pa.array(large[kept]))


def _counted(count: Count, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Counts the families of a partition."""
    batches = [batch for batch in arrived if batch.num_rows]
    if batches:
        yield count(in_order(pa.Table.from_batches(batches)))

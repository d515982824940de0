"""An author whose id a table did not give is the account that bears the handle, if the posts at hand tell which one.

A table without ids gives `@ana` as the author's id. A capture beside it has the id of the same account, and without
this, one person would have two votes. If the posts of the span tell exactly one id for the handle (of an author, or of
an account that a post names by id and handle), the author stands under that id in every job. If they tell none, or
several since the handle passed on, the author stays `@ana`.
"""

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

TELLING = ("source", "author_id", "author", "accounts")
"""The columns of `posts` that tell which id bears a handle."""
_MARK = "@"


def is_by_handle() -> Column:
    """Returns whether a post's author stands under a handle, since its table gave no id."""
    return F.col("author_id").startswith(_MARK)


def accounts_told() -> Column:
    """Returns the accounts of which a post tells id and handle: an array of account_id, handle, own.

    `own` says that it is the post's author. A handle may be null.
    """
    own = _told(F.col("author_id"), F.col("author"), own=True)
    return F.concat(F.array(own), F.transform(F.coalesce("accounts", F.array()), _of_pair))


def _of_pair(pair: Column) -> Column:
    parts = F.split(pair, " ", 2)
    return _told(parts[0], parts[1], own=False)


def _told(account_id: Column, handle: Column, *, own: bool) -> Column:
    return F.struct(account_id.alias("account_id"), handle.alias("handle"), F.lit(own).alias("own"))


def with_known_ids(posts: DataFrame, telling: DataFrame) -> DataFrame:
    """Returns posts with the ids of those authors who stand under a handle that `telling` knows.

    `telling` are posts with the columns TELLING. The frame is persisted; the caller must unpersist it.
    """
    wanted = posts.where(is_by_handle()).select("source", F.col("author_id").alias("by_handle")).distinct()
    told = telling.select("source", F.explode(accounts_told()).alias("told")).select("source", "told.*")
    known = told.where(F.col("handle").isNotNull() & ~F.col("account_id").startswith(_MARK)).select(
        "source", "account_id", F.concat(F.lit(_MARK), F.col("handle")).alias("by_handle")
    )
    alone = (
        known.join(wanted, on=["source", "by_handle"], how="left_semi")
        .groupBy("source", "by_handle")
        .agg(F.min("account_id").alias("known_id"), F.max("account_id").alias("other_id"))
        .where(F.col("known_id") == F.col("other_id"))
        .select(F.col("source").alias("of_source"), "by_handle", "known_id")
    )
    is_theirs = (F.col("source") == F.col("of_source")) & (F.col("author_id") == F.col("by_handle"))
    author_id = F.coalesce("known_id", "author_id").alias("author_id")
    found = posts.join(F.broadcast(alone), on=is_theirs, how="left")
    return found.select(*[author_id if name == "author_id" else name for name in posts.columns]).persist(
        StorageLevel.DISK_ONLY
    )

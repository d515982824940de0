"""The posts whose items are counted, with the accounts that they name: as Spark has them, and in an Arrow table.

Both are as in ROWS. Accounts get their keys where posts are counted, but those of very many posts by joins in Spark.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.race import Race
from conf.tables import KIND_COLUMNS
from jobs.framework.local import arrow_schema
from jobs.measures import authors, told_accounts
from jobs.measures.authors import account, named
from jobs.measures.item_pairs import OF_ACCOUNTS, ROWS
from jobs.measures.mentions import mask_columns, with_masks
from jobs.measures.post_links import servers
from jobs.measures.told_accounts import Holders, Told, exploded, told_by

COLUMNS = [
    *(*authors.COLUMNS, "kind", "folded", "urls", "media", "hashtags", "mentions", "lang", "client", "place"),
    *("retweet_of_author", "reply_to_author", "quote_of_author"),
]
"""The columns of posts that are counted, and those by which candidates are found."""


def _own() -> list[Column]:
    """Returns what tells whose a post is, and which."""
    number = F.xxhash64("source", "post_id").alias("post")
    return [account().alias("voter"), F.unix_micros("event_at").alias("at_us"), number]


def posts_of(posts: DataFrame, races: Sequence[Race], *, telling: bool = False, naming: bool = False) -> DataFrame:
    """Returns posts as in ROWS but for `marked`; `telling` and `naming` add what tells of accounts, and names them."""
    masked = with_masks(posts, races, posts.columns)
    numbers = [F.when(F.col("kind") == kind, F.lit(n)) for n, kind in enumerate(KIND_COLUMNS.values())]
    nothing = F.lit(None).cast("string")
    told = ["author_id", "author", "accounts", F.col("post_id").cast("decimal(20,0)").alias("id_number")]
    names = [F.when(_is_naming(), F.col("mentions")).alias("mentioned"), _retweeted().alias("retweeted")]
    return masked.where(account().isNotNull()).select(
        *(*_own(), nothing.alias("as_kind"), nothing.alias("account")),
        F.coalesce(*numbers, F.lit(-1)).alias("kind_number"),
        *("source", F.lower("lang").alias("language"), "client", "place", "folded", "urls", "media"),
        *(servers().alias("servers"), (F.size(F.coalesce("hashtags", F.array())) > 0).alias("tagged")),
        *(_is_naming().alias("mentioning"), F.array(*mask_columns(races)).cast("array<bigint>").alias("masks")),
        *(told if telling else ()),
        *(names if naming else ()),
    )


def _is_naming() -> Column:
    """Returns whether the accounts that a post names are mentioned: not by a retweet."""
    return (F.col("kind") != "retweet") & (F.size(F.coalesce("mentions", F.array())) > 0)


def _retweeted() -> Column:
    return F.when(F.col("kind") == "retweet", F.col("retweet_of_author"))


def accounts_of(posts: DataFrame) -> DataFrame:
    """Returns a row as in OF_ACCOUNTS for each account that a post names, with its key before `resolved`."""
    mentioned = F.when(_is_naming(), F.transform("mentions", lambda name: _named_as("mentioned", named(name))))
    both = F.concat(F.coalesce(mentioned, F.array()), F.array(_named_as("retweeted", named(_retweeted()))))
    pairs = posts.select(*_own(), F.explode(both).alias("one")).select(*arrow_schema(OF_ACCOUNTS).names[:3], "one.*")
    return pairs.where(F.col("account").isNotNull() & F.col("voter").isNotNull())


def _named_as(kind: str, key: Column) -> Column:
    return F.struct(F.lit(kind).alias("as_kind"), key.alias("account"))


def told_within(posts: pa.Table, window_us: tuple[int, int]) -> Told:
    """Returns the accounts that posts within a window tell, as in the other jobs over this window."""
    at_us = posts["at_us"]
    inside = pc.and_(pc.greater_equal(at_us, window_us[0]), pc.less(at_us, window_us[1]))
    return told_by(posts.select(told_accounts.COLUMNS).filter(inside))


def with_accounts(posts: pa.Table, holders: Holders) -> pa.Table:
    """Returns posts that name accounts with a row for each account that one of them names, as in ROWS."""
    mentioned, of_post = exploded(posts["mentioned"])
    tables = [posts.select(arrow_schema(ROWS).names)]
    for kind, names, rows in (("mentioned", mentioned, of_post), ("retweeted", posts["retweeted"], None)):
        of_rows = posts if rows is None else posts.select(["source", *arrow_schema(OF_ACCOUNTS).names[:3]]).take(rows)
        keys = holders.resolved(told_accounts.named(of_rows["source"], names))
        own = of_rows.select(arrow_schema(OF_ACCOUNTS).names[:3]).append_column("account", keys)
        tables.append(own.append_column("as_kind", pa.repeat(kind, len(own))).filter(own["account"].is_valid()))
    return pa.concat_tables(tables, promote_options="default")

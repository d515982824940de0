"""Accounts: what an account is known by, what it is called, and which ones the bot rules flag.

An account is known by its network and the network's author id, such as `x:12`. It keeps this key when its handle
changes. Posts name other accounts by their handles. A handle stands for the account that bore it last: the author of a
post in the window, or an account of which a post tells id and handle (`accounts`). If no post of the window tells whose
handle it is, the account is known by the handle itself, such as `x:@ana`. On Bluesky, posts name accounts by their ids.

`label` is what people read: the latest handle that the posts of the window tell or, on Bluesky, the one in
`account_names`. Without any, it is the id.
"""

import re

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.tables import ACCOUNT_NAMES
from conf.topic import Topic
from jobs.framework.job import Inputs
from jobs.framework.one_account import accounts_told

COLUMNS = ["source", "post_id", "author_id", "author", "accounts", "event_at"]
"""The columns of `posts` that tell which handle belongs to which account."""
LAST = ("at", "post", "own")
"""What orders the sightings of an account, or of a handle: the latest counts."""
PREFIX = "^[a-z]+:@?"
"""What stands before the id or the handle in an account's key. Nobody reads it in a label."""
NAMED_BY_ID = "bluesky"
"""The network whose posts name accounts by their ids."""


def account() -> Column:
    """Returns the key of a post's author; null if the post has none."""
    return _key(F.col("author_id"))


def named(name: Column) -> Column:
    """Returns the key of an account that a post names, before `resolved`; null if it names none."""
    return F.when(F.col("source") == NAMED_BY_ID, _key(name)).otherwise(F.concat("source", F.lit(":@"), name))


def _key(account_id: Column) -> Column:
    return F.concat("source", F.lit(":"), account_id)


def sightings(posts: DataFrame, asked: DataFrame | None = None) -> DataFrame:
    """Returns one row per account and handle that the posts tell: account, alias, handle, and LAST.

    `alias` is the key by `named`. `at` and `post` are the time and the id, as a number, of the last such post; `own`
    says that an author of a post bore the handle. With `asked`, which has few rows, only those whose account or alias
    is in its column `key`.
    """
    when = F.unix_micros("event_at").alias("at"), F.col("post_id").cast("decimal(20,0)").alias("post")
    told = (
        posts.where(F.col("source") != NAMED_BY_ID)
        .select("source", *when, F.explode(accounts_told()).alias("seen"))
        .where(F.col("seen.handle").isNotNull())
        .select("source", "at", "post", "seen.*")
    )
    account, alias = _key(F.col("account_id")).alias("account"), named(F.col("handle")).alias("alias")
    return (
        (told if asked is None else _only(told, asked, account, alias))  # before anything is brought together
        .groupBy("source", "account_id", "handle")
        .agg(F.max("at").alias("at"), F.max("post").alias("post"), F.max("own").alias("own"))
        .select(account, alias, "handle", *LAST)
    )


def _only(told: DataFrame, asked: DataFrame, *keys: Column) -> DataFrame:
    """Returns the rows of which one of the keys is asked for."""
    found = told
    for number, key in enumerate(keys):
        wanted = F.broadcast(asked.select(F.col("key").alias(f"asked{number}")))
        found = found.join(wanted, on=key == F.col(f"asked{number}"), how="left")
    return found.where(F.coalesce(*(f"asked{number}" for number in range(len(keys)))).isNotNull()).select(*told.columns)


def holders(seen: DataFrame) -> DataFrame:
    """Returns the account that each handle stands for, from `sightings`: alias, holder."""
    return seen.groupBy("alias").agg(F.max_by("account", F.struct(*LAST, "account")).alias("holder"))


def resolved(rows: DataFrame, column: str, posts: DataFrame, unless: Column | None = None) -> DataFrame:
    """Returns rows with the account's key in `column`, in place of the key that `named` has made of a handle.

    Rows for which `unless` holds stay as they are.
    """
    known = F.col(column) == F.col("alias")
    wanted = known if unless is None else known & ~unless
    others = [name for name in rows.columns if name != column]
    joined = rows.join(holders(sightings(posts)), on=wanted, how="left")
    return joined.select(*others, F.coalesce("holder", column).alias(column))


def mentioned_again(posts: DataFrame) -> DataFrame:
    """Returns where a post, no retweet, mentions one account under several of its handles: src, dst, event_at, again.

    `src` is the post's author. `again` is the number of those handles without the first. Few posts have such mentions,
    so whoever counts them takes these away afterwards, rather than compare the mentions of every post.
    """
    held = holders(sightings(posts)).groupBy("holder").agg(F.collect_list("alias").alias("aliases"))
    of_several = F.col("holder").alias("dst"), F.explode("aliases").alias("alias")
    renamed = held.where(F.size("aliases") > 1).select(*of_several)
    others = F.array_distinct("mentions")
    several = posts.where((F.col("kind") != "retweet") & (F.size(others) > 1))
    each = several.select(
        *("source", "post_id", "event_at"), account().alias("src"), F.explode(F.transform(others, named)).alias("alias")
    )
    return (
        each.join(renamed, on="alias", how="inner")
        .groupBy("source", "post_id", "src", "dst", "event_at")
        .agg((F.count(F.lit(1)) - 1).alias("again"))
        .where(F.col("again") > 0)
        .select("src", "dst", "event_at", "again")
    )


def labels(posts: DataFrame, names: DataFrame | None) -> DataFrame:
    """Returns one row per account whose handle is known: account, label. `names` has rows of `account_names`."""
    found = sightings(posts).groupBy("account").agg(F.max_by("handle", F.struct(*LAST, "handle")).alias("label"))
    if names is None:
        return found
    return found.unionByName(kept_labels(names))


def kept_labels(names: DataFrame) -> DataFrame:
    """Returns account and label from rows of `account_names`."""
    return names.select(_key(F.col("author_id")).alias("account"), F.col("handle").alias("label"))


def without_prefix(key: str) -> str:
    """Returns the id or the handle in an account's key: what people read where no label is known."""
    return re.sub(PREFIX, "", key)


def label(node: str) -> Column:
    """Returns what people read of a key in the column `node`, joined with `labels`."""
    return F.coalesce("label", F.regexp_replace(node, PREFIX, ""))


def with_labels(rows: DataFrame, node: str, posts: DataFrame, names: DataFrame | None) -> DataFrame:
    """Adds the column `label`: what people read of the accounts whose keys are in the column `node`."""
    known = labels(posts, names).withColumnRenamed("account", "labelled")
    joined = rows.join(known, on=F.col(node) == F.col("labelled"), how="left")
    return joined.select(*rows.columns, F.when(F.col(node).isNotNull(), label(node)).alias("label"))


def names_in(inputs: Inputs) -> DataFrame | None:
    """Returns the rows of `account_names` among a job's inputs; None if the topic has none."""
    return inputs.get(ACCOUNT_NAMES.name)


def flagged(activity: DataFrame, topic: Topic) -> DataFrame:
    """Returns the accounts, one row each, whose score over the whole window reaches the topic's `flag_at`.

    `activity` has rows of `author_activity` of one window; those of hours and days are ignored.
    """
    reached = (F.col("period") == "window") & (F.col("bot_score") >= topic.bots.flag_at)
    return activity.where(reached).groupBy("author").agg(F.count(F.lit(1))).select("author")

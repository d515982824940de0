"""Author activity: what each author posted and received, and which bot rules fired, by hour, day and window.

The job counts each author's posts, by kind, and `mentions_received`: the posts by others that mention the author, each
once. As in the mention graph, retweets do not count as mentions. `followers` is the last known number in the period. An
author is known by network and id, and `label` is the latest handle (`jobs/measures/authors.py`).

`bot_flags` names the bot rules that fired, and `bot_score` is the sum of their weights, at most 1 (conf/bots.py,
jobs/measures/bot_rules.py). For near-duplicates, a post is compared with all posts of the job's window. All other rules
use only the posts of the period. The job neither uses nor stores which candidate an author prefers.

Not counted: authors who were only mentioned, and hours and days that lie only partly in the window.
"""

import sys

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.bots import Bots
from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import AUTHOR_ACTIVITY, KIND_COLUMNS, PERIOD_KEY, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.names import Names
from jobs.framework.window import Window
from jobs.measures import authors
from jobs.measures.authors import account, mentioned_again, named, names_in, resolved, with_labels
from jobs.measures.bot_rules import flags, score
from jobs.measures.near_duplicates import with_near_duplicate, with_signature, with_words
from jobs.measures.periods import with_periods

METHOD = "activity/2"
"""The version of the measures and rules. Raise it when they change."""
HOURS_A_DAY = 24


def author_activity(posts: DataFrame, topic: Topic, window: Window, names: DataFrame | None = None) -> DataFrame:
    """Returns one row per author and period in which the author posted. `names` has rows of `account_names`."""
    own = with_author(posts)
    received = mentions_received(own, posts, window)
    measures = author_measures(observed(own, topic.bots, window), topic.bots, window)
    known = measures.join(received, on=["author", *PERIOD_KEY], how="left").select(
        "*", flags(topic.bots).alias("bot_flags")
    )
    return with_labels(known, "author", posts, names).select(
        F.lit(topic.topic).alias("topic"),
        *(*PERIOD_KEY, "author", "label", "posts", *KIND_COLUMNS),
        F.coalesce("mentions_received", F.lit(0)).alias("mentions_received"),
        "followers",
        score(topic.bots).alias("bot_score"),
        "bot_flags",
    )


def with_author(posts: DataFrame) -> DataFrame:
    """Returns the posts without `author_id`; `author` is the author's key, as in the graphs.

    Posts without an author are left out.
    """
    others = [name for name in posts.columns if name not in ("author", "author_id")]
    return posts.select(account().alias("author"), *others).where(F.col("author").isNotNull())


def mentions_received(own: DataFrame, posts: DataFrame, window: Window) -> DataFrame:
    """Returns the number of posts by others that mention each author, by period, without retweets.

    `own` are the `posts` with their authors' keys. Whose handles are mentioned is told by all `posts`.
    """
    mentioned = F.explode(F.transform(F.array_distinct("mentions"), named)).alias("mentioned")
    pairs = own.where(F.col("kind") != "retweet").select("author", "event_at", mentioned)
    once = resolved(pairs, "mentioned", posts).select("*", F.lit(1).alias("posts"))
    again = mentioned_again(posts).select(
        F.col("src").alias("author"), F.col("dst").alias("mentioned"), "event_at", (-F.col("again")).alias("posts")
    )
    of_others = once.unionByName(again).where(F.col("mentioned") != F.col("author"))
    return (
        with_periods(of_others.select(F.col("mentioned").alias("author"), "event_at", "posts"), window)
        .groupBy("author", *PERIOD_KEY)
        .agg(F.sum("posts").alias("mentions_received"))
    )


def observed(posts: DataFrame, bots: Bots, window: Window) -> DataFrame:
    """Returns one row per post, partitioned by author, with the columns from which `author_measures` is computed."""
    local = F.from_utc_timestamp("event_at", window.zone.key)
    labels = [label.lower() for label in bots.client.labels]  # as Spark's `lower`: `casefold` makes ss of ß
    facts = with_words(posts).select(
        *("author", "event_at", "kind", "words"),
        F.col("event_at").alias("at"),
        F.to_date(local).alias("day"),
        F.hour("event_at").alias("hour_of_day"),
        F.col("author_followers").alias("followers"),
        F.col("author_following").alias("following"),
        F.col("author_created_at").alias("created_at"),
        F.lower("client").isin(labels).alias("listed"),
        F.col("author_is_bot").alias("declared"),
    )
    signed = with_signature(facts, bots.near_duplicates).repartition("author")
    return with_near_duplicate(signed, bots.near_duplicates)


def author_measures(posts: DataFrame, bots: Bots, window: Window) -> DataFrame:
    """Returns the figures that the rules use, one row per author and period."""
    by_kind = [F.count_if(F.col("kind") == kind).alias(name) for name, kind in KIND_COLUMNS.items()]
    length = (F.unix_seconds("period_end") - F.unix_seconds("period_start")) / 3600
    grouped = with_periods(posts, window).groupBy("author", *PERIOD_KEY)
    measured = grouped.agg(
        F.count(F.lit(1)).alias("posts"),
        *by_kind,
        F.count_if(F.col("kind") != "retweet").alias("authored"),
        F.count_if("near_duplicate").alias("near_duplicates"),
        F.count_if("listed").alias("listed"),
        F.bool_or("declared").alias("declared"),
        _last("followers").alias("followers"),
        _last("following").alias("following"),
        F.min("created_at").alias("created_at"),
        F.min("at").alias("first_at"),
    )
    rhythm = rhythms(posts, bots.round_the_clock.quiet_hours)
    days = F.coalesce("days_active", F.lit(1))
    return measured.join(rhythm, on=["author", "period"], how="left").select(
        "*", days.alias("days"), F.least(days * HOURS_A_DAY, length).alias("hours")
    )


def rhythms(posts: DataFrame, quiet_hours: int) -> DataFrame:
    """Returns for each author the number of days with posts, and the posts in the author's quietest hours.

    Only the window is used: the posts of one hour or one day do not show when an author sleeps.
    """
    return posts.groupBy("author").agg(
        F.lit("window").alias("period"),
        F.size(F.collect_set("day")).alias("days_active"),
        _quietest(quiet_hours).alias("quietest"),
    )


def _last(figure: str) -> Column:
    """Returns the figure that was delivered last.

    Of figures in the same millisecond, the one with the highest remainder by 1000 is taken, whatever the order of rows.
    So a rerun returns the same. (The maximum of a struct would be simpler, but Spark sorts for it, where it now
    hashes.)
    """
    order = F.unix_millis("at") * 1000 + F.pmod(figure, F.lit(1000))
    return F.max_by(figure, order)


def _quietest(length: int) -> Column:
    """Returns the number of posts in the `length` consecutive hours of the day (UTC) that have the fewest."""
    since = [F.pmod(F.col("hour_of_day") - start, F.lit(HOURS_A_DAY)) for start in range(HOURS_A_DAY)]
    return F.least(*[F.count_if(hours < length) for hours in since])


RULE = Rule(
    "there is at least one post, and the counts by kind sum to posts",
    "posts < 1 OR posts != originals + retweets + replies + quotes",
    shown="period, period_start, author",
)


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns each author's activity."""
    return {AUTHOR_ACTIVITY.name: author_activity(inputs[POSTS.name], topic, window, names_in(inputs))}


def methods(topic: Topic, _: Inputs) -> dict[str, str]:
    """Returns a digest of the bot rules' thresholds, of the folding and of the way of counting."""
    return {"": digest(METHOD, FOLDING, topic.bots.digest)}


JOB = Job(
    name="author_activity",
    inputs=(
        Posts(
            [
                *(*authors.COLUMNS, "kind", "folded", "mentions", "client"),
                *("author_followers", "author_following", "author_created_at", "author_is_bot"),
            ]
        ),
        Names(),
    ),
    outputs=(Output(AUTHOR_ACTIVITY, rules=(RULE,)),),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

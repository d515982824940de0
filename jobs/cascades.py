"""Cascades: the 100 most retweeted posts of each day and of the window, and how each of them spread.

For each retweeted post, stored or not, the job counts its retweets in the period (on Bluesky reposts, on Mastodon
boosts). `retweeters` is the number of their authors. A cascade starts with its post if that is stored in the window,
else with its first retweet. `duration_seconds` is the time from the start to the last retweet of the period;
`half_life_seconds` is the time from the start until half of the period's retweets were made. A short half-life means a
burst; a half-life near the duration means a slow spread.

`depth` is limited by the data. Every network reports which post was retweeted, but none reports where the retweeter saw
it. So all retweets of a post are one step below the post. Quotes can be followed: a quote is one step below its post, a
quote or a retweet of that quote two steps, and so on. Chains are followed for at most MOST_DEPTH steps, and end where a
post was not collected.
"""

import sys
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.tables import CASCADES, LONGER_PERIODS, PERIOD_KEY, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule, by_name
from jobs.framework.names import Names
from jobs.framework.window import Window
from jobs.measures import authors
from jobs.measures.authors import account, named, names_in, resolved, with_labels
from jobs.measures.periods import with_periods

TOP = 100
MOST_DEPTH = 10
ROOT = [*PERIOD_KEY, "source", "post_id"]
RULE = Rule(
    "ranks start at 1 without a gap, half-life is at most duration, and retweeters are at most retweets",
    "min(rank) != 1 OR max(rank) != count(*) OR min(retweets - retweeters) < 0 "
    "OR max(half_life_seconds - duration_seconds) > 0",
    shown="period, period_start, max(rank) AS last",
    by="period, period_start, period_end",
)


def compute_cascades(posts: DataFrame, topic: Topic, window: Window, names: DataFrame | None = None) -> DataFrame:
    """Returns one row per period and post: the first TOP of each period by retweets.

    `names` has rows of `account_names`.

    Triggers Spark actions: only a computed level shows whether the chains of quotes go on.
    """
    retweets = with_periods(
        posts.where((F.col("kind") == "retweet") & F.col("retweet_of").isNotNull()).select(
            *("source", F.col("retweet_of").alias("post_id"), named(F.col("retweet_of_author")).alias("author")),
            *(account().alias("who"), F.col("event_at").alias("at"), "event_at"),
        ),
        window,
        LONGER_PERIODS,
    )
    most = Over.partitionBy(*PERIOD_KEY).orderBy(F.desc("retweets"), "source", "post_id")
    first = (
        retweets.groupBy(*ROOT)
        .agg(
            F.count(F.lit(1)).alias("retweets"),
            F.count_distinct("who").alias("retweeters"),
            F.max_by("author", F.when(F.col("author").isNotNull(), F.struct("at", "author"))).alias("named"),
            F.min("at").alias("first_at"),
            F.max("at").alias("last_at"),
        )
        .withColumn("rank", F.row_number().over(most))
        .where(F.col("rank") <= TOP)
        .localCheckpoint(eager=True)
    )
    own = posts.select("source", "post_id", account().alias("own"), F.col("event_at").alias("posted_at"))
    start = F.least(F.coalesce("posted_at", "first_at"), "first_at")
    found = (
        first.join(_halves(first, retweets), on=ROOT, how="inner")
        .join(own, on=["source", "post_id"], how="left")
        .join(_quoted(first, posts), on=ROOT, how="left")
        .select(
            F.lit(topic.topic).alias("topic"),
            *(*PERIOD_KEY, "rank", "source", "post_id"),
            F.coalesce("own", "named").alias("author"),
            *("posted_at", "retweets", "retweeters"),
            F.coalesce("quotes", F.lit(0).cast("long")).alias("quotes"),
            F.coalesce("depth", F.lit(1).cast("long")).alias("depth"),
            *("first_at", "last_at"),
            _seconds(start, F.col("last_at")).alias("duration_seconds"),
            _seconds(start, F.col("half_at")).alias("half_life_seconds"),
        )
    )
    return with_labels(resolved(found, "author", posts), "author", posts, names)


def _seconds(start: Column, end: Column) -> Column:
    return (F.unix_micros(end) - F.unix_micros(start)) / 1e6


def _halves(first: DataFrame, retweets: DataFrame) -> DataFrame:
    """Returns, as `half_at`, when half of each cascade's retweets had been made."""
    place = F.ceil(F.col("retweets") / 2)
    order = Over.partitionBy(*ROOT).orderBy("at")
    return (
        retweets.join(F.broadcast(first.select(*ROOT, "retweets")), on=ROOT, how="inner")
        .withColumn("place", F.row_number().over(order))
        .where(F.col("place") == place)
        .select(*ROOT, F.col("at").alias("half_at"))
    )


def _quoted(first: DataFrame, posts: DataFrame) -> DataFrame:
    """Returns for each cascade `quotes`, the quotes of the post itself in the period, and `depth`."""
    shares = posts.select(
        *(F.col("source").alias("at_source"), F.col("post_id").alias("id"), F.col("event_at").alias("shared_at")),
        F.coalesce(F.when(F.col("kind") == "retweet", F.col("retweet_of")), F.col("quote_of")).alias("parent"),
        (F.col("kind") == "retweet").alias("repeats"),
    ).where(F.col("parent").isNotNull())
    inside = (F.col("shared_at") >= F.col("period_start")) & (F.col("shared_at") < F.col("period_end"))
    below = (F.col("at_source") == F.col("source")) & (F.col("parent") == F.col("node")) & inside
    frontier = first.select(*ROOT, F.col("post_id").alias("node"))
    levels = []
    for level in range(1, MOST_DEPTH + 1):
        found = shares.join(F.broadcast(frontier), on=below, how="inner").select(
            *ROOT, F.col("id").alias("node"), "repeats"
        )
        found = found.localCheckpoint(eager=True)
        quotes = F.count_if(~F.col("repeats")) if level == 1 else F.lit(0).cast("long")
        levels.append(found.groupBy(*ROOT).agg(F.lit(level).cast("long").alias("level"), quotes.alias("direct")))
        frontier = found.where(~F.col("repeats")).select(*ROOT, "node")
        if frontier.isEmpty():
            break
    every = reduce(DataFrame.unionByName, levels)
    return every.groupBy(*ROOT).agg(F.max("level").alias("depth"), F.max("direct").alias("quotes"))


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the most retweeted posts."""
    return {CASCADES.name: compute_cascades(inputs[POSTS.name], topic, window, names_in(inputs))}


JOB = Job(
    name="cascades",
    inputs=(
        Posts(
            [
                *(*authors.COLUMNS, "kind"),
                *("retweet_of", "retweet_of_author", "quote_of"),
            ]
        ),
        Names(),
    ),
    outputs=(Output(CASCADES, rules=(RULE,)),),
    transform=transform,
    methods=by_name("cascades/2"),
)

if __name__ == "__main__":
    sys.exit(run(JOB))

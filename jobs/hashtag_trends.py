"""Hashtag trends: the 100 hashtags with the most posts, by hour, day and window, and whether their use bursts.

The job counts the posts that contain a hashtag, and their authors. Retweets count; a post counts once, however often it
contains the hashtag. `previous_posts` is the number of posts in the period right before. For `window`, this is the span
of equal length that ends where the window starts.

`burst` says whether more authors use the hashtag than expected from the preceding periods: 24 hours for an hour, 7 days
for a day, one span of equal length for the window. Its unit is bits; above 0 means a burst. It counts authors, not
posts, so one author with very many posts makes no trend. It compares shares of all authors who use hashtags, so a busy
evening makes no trend, either. With fewer than 5 authors it is never above 0. It is null if nobody used any hashtag in
the preceding periods. For a window of more than 7 days, the span before is not read: then `previous_posts` and `burst`
are null in the rows of the window, but not in those of its hours and days.
"""

import sys

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.tables import HASHTAG_TRENDS, PERIOD_KEY, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule, by_name
from jobs.framework.literals import instant
from jobs.framework.window import Window
from jobs.measures.authors import account
from jobs.measures.bursts import BASELINE, VERSION, burst, expected_authors, has_span_before, reach
from jobs.measures.periods import with_periods

TOP = 100
"""The most hashtags per period."""
ANY_HASHTAG = ""
"""Stands for all hashtags together, in rows beside theirs."""
RULE = Rule(
    "ranks start at 1 without a gap, and there are at least as many posts as authors",
    f"min(rank) != 1 OR max(rank) != count(*) OR max(rank) > {TOP} OR min(posts - authors) < 0",
    shown="period, period_start, max(rank) AS last",
    by="period, period_start, period_end",
)


def hashtag_trends(posts: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """Returns one row per period and hashtag: the first TOP of each period.

    `posts` must contain all posts in the span of `reach`; other posts are ignored.
    """
    within = Over.partitionBy("period", "period_start")
    most_used = within.orderBy(F.col("hashtag") == ANY_HASHTAG, F.desc("posts"), "hashtag")
    previous = F.coalesce("previous_posts", F.lit(0))
    unread = (F.col("period") == "window") & F.lit(not has_span_before(window))
    return (
        with_baseline(hashtag_counts(posts, topic, window))
        .where(F.col("period_start") >= instant(window.start))
        .select(
            "*",
            F.row_number().over(most_used).alias("rank"),
            *[_of_any(name).over(within).alias(f"all_{name}") for name in ("authors", "baseline_authors")],
        )
        .where((F.col("rank") <= TOP) & (F.col("hashtag") != ANY_HASHTAG))
        .select(
            F.lit(topic.topic).alias("topic"),
            *(*PERIOD_KEY, "rank", "hashtag", "posts", "authors"),
            F.when(~unread, previous).alias("previous_posts"),
            burst(F.col("authors"), _expected()).alias("burst"),
        )
    )


def hashtag_counts(posts: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """Returns the numbers of posts and authors of each hashtag (and ANY_HASHTAG), by period of the span of `reach`.

    `step` numbers the periods of a kind, so that those right before a period can be found.
    """
    author = account().alias("author")
    tags = F.array_append(F.array_remove(F.array_distinct("hashtags"), ANY_HASHTAG), ANY_HASHTAG)
    carried = posts.where(F.size("hashtags") > 0).select("event_at", author, F.explode(tags).alias("hashtag"))
    key = [*PERIOD_KEY, "step", "hashtag"]
    return (
        _with_steps(carried, topic, window)
        .groupBy(*key, "author")
        .agg(F.count(F.lit(1)).alias("posts"))
        .groupBy(*key)
        .agg(F.sum("posts").alias("posts"), F.count(F.lit(1)).alias("authors"))
    )


def with_baseline(counts: DataFrame) -> DataFrame:
    """Adds two figures about earlier periods: `previous_posts` and `baseline_authors`.

    `previous_posts` is the number of posts in the period right before; `baseline_authors` is the sum of the numbers of
    authors over the preceding periods.
    """
    steps = Over.partitionBy("period", "hashtag").orderBy("step")
    authors = [
        F.when(F.col("period") == period, F.sum("authors").over(steps.rangeBetween(-count, -1)))
        for period, count in BASELINE.items()
    ]
    return counts.select(
        "*",
        F.sum("posts").over(steps.rangeBetween(-1, -1)).alias("previous_posts"),
        F.coalesce(*authors).alias("baseline_authors"),
    )


def _expected() -> Column:
    """Returns how many authors would use the hashtag if its share of all hashtag users were as before.

    It is null if nobody used a hashtag before.
    """
    users = F.col("all_baseline_authors")
    carried = F.coalesce("baseline_authors", F.lit(0))
    return F.when(users > 0, expected_authors(F.col("all_authors"), carried, users))


def _of_any(name: str) -> Column:
    return F.max(F.when(F.col("hashtag") == ANY_HASHTAG, F.col(name)))


def _with_steps(carried: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """Returns one row per post, hashtag and period.

    The periods are the whole hours and days of `reach`, the window, and the span before it.
    """
    read = reach(window, topic)
    inside = (F.col("event_at") >= instant(read.start)) & (F.col("event_at") < instant(read.end))
    before = window.start - (window.end - window.start) if has_span_before(window) else window.start
    is_window, at = F.col("period") == "window", F.col("at")
    in_it, just_before = at >= instant(window.start), at >= instant(before)
    start = F.when(in_it, instant(window.start)).when(just_before, instant(before))
    end = F.when(in_it, instant(window.end)).when(just_before, instant(window.start))
    hour = F.floor(F.unix_seconds("period_start") / 3600)
    day = F.unix_date(F.to_date(F.from_utc_timestamp("period_start", window.zone.key)))
    return (
        with_periods(carried.where(inside).withColumn("at", F.col("event_at")), read)
        .select(
            *("author", "hashtag", "period"),
            F.when(is_window, start).otherwise(F.col("period_start")).alias("period_start"),
            F.when(is_window, end).otherwise(F.col("period_end")).alias("period_end"),
            F.when(is_window, in_it.cast("long")).when(F.col("period") == "day", day).otherwise(hour).alias("step"),
        )
        .where(F.col("period_start").isNotNull())
    )


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the most used hashtags."""
    return {HASHTAG_TRENDS.name: hashtag_trends(inputs[POSTS.name], topic, window)}


JOB = Job(
    name="hashtag_trends",
    inputs=(Posts(["source", "author_id", "event_at", "hashtags"], reach=reach),),
    outputs=(Output(HASHTAG_TRENDS, rules=(RULE,)),),
    transform=transform,
    methods=by_name(f"hashtags/1 {VERSION}"),
)

if __name__ == "__main__":
    sys.exit(run(JOB))

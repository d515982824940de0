"""Candidate poll: the share of conversation of each candidate, by hour, day and window (DESIGN 5).

Counted: posts that mention a candidate by alias, hashtag or handle, and their authors. A post counts for each
candidate whom it mentions. The headline, `share_authors`, is one author, one vote: each author who mentions
anyone in the race has one vote, split over the candidates in proportion to that author's mentioning posts in the
period. Its interval is the normal interval of a mean over authors; it is sampling error only.

Not counted: posts that mention nobody in the race; hours and days that the window cuts. Periods in which nobody is
mentioned have no rows.
"""

import sys
from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.errors import WrongUse
from conf.tables import CANDIDATE_POLL, POSTS
from conf.topic import Race, Topic
from jobs.mentions import ANYONE, COLUMNS, with_named
from jobs.periods import with_periods
from jobs.runner import Job, run
from jobs.window import PERIODS, Window

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""
KINDS = {"originals": "original", "retweets": "retweet", "replies": "reply", "quotes": "quote"}
COUNTS = ["posts", *KINDS]
PERIOD = ["period", "period_start", "period_end"]
GROUP = ["race", *PERIOD]
Periods = Callable[[DataFrame, Window], DataFrame]
"""What gives a row a post and period, as `with_periods` does."""


def candidate_poll(posts: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """One row a race, period and candidate, candidates whom nobody mentioned included."""
    if not topic.races:
        raise WrongUse(f"topic {topic.topic} has no races", "Add races: with candidates to its file")
    listed = with_every_candidate(candidate_counts(votes(author_counts(posts, topic, window))), topic)
    share = F.col("votes") / F.col("authors_total")
    half = interval_half_width(share)
    return listed.select(
        F.lit(topic.topic).alias("topic"),
        *GROUP,
        *("candidate", "name", *COUNTS, "authors"),
        (F.col("posts") / F.col("mentions_total")).alias("share_posts"),
        share.alias("share_authors"),
        F.when(half.isNotNull(), F.greatest(share - half, F.lit(0.0))).alias("share_authors_low"),
        F.when(half.isNotNull(), F.least(share + half, F.lit(1.0))).alias("share_authors_high"),
        F.lit(None).cast("double").alias("share_authors_no_bots"),
        *("posts_total", "authors_total", "method"),
    )


def author_counts(posts: DataFrame, topic: Topic, window: Window, periods: Periods = with_periods) -> DataFrame:
    """Mentioning posts, by kind, of each author for each candidate (and ANYONE) in each period.

    `periods` says in which periods a post counts; the backtest has its own. Posts are spread by author first: every
    later step by author is then local to a task.
    """
    author = F.concat_ws(":", "source", "author_id")
    by_kind = [F.count_if(F.col("kind") == kind).alias(name) for name, kind in KINDS.items()]
    named = with_named(posts.withColumn("author", author), topic.races, ["author", "event_at", "kind"])
    return (
        periods(named.repartition("author"), window)
        .groupBy("author", *GROUP, "candidate")
        .agg(F.count(F.lit(1)).alias("posts"), *by_kind)
    )


def votes(counts: DataFrame) -> DataFrame:
    """Adds each author's vote for the candidate, 0..1; an author's votes sum to 1 in a race and period."""
    to_candidates = F.when(F.col("candidate") != ANYONE, F.col("posts"))
    of_author = F.sum(to_candidates).over(Over.partitionBy("author", *reversed(GROUP)))
    return counts.select("*", (F.col("posts") / of_author).alias("vote"))


def candidate_counts(voted: DataFrame) -> DataFrame:
    """Sums over authors: posts, authors, votes, and the votes' squared deviations from their own mean."""
    return voted.groupBy(*GROUP, "candidate").agg(
        *[F.sum(name).alias(name) for name in COUNTS],
        F.count(F.lit(1)).alias("authors"),
        F.sum("vote").alias("votes"),
        (F.var_pop("vote") * F.count(F.lit(1))).alias("deviations"),
    )


def with_every_candidate(counts: DataFrame, topic: Topic) -> DataFrame:
    """A row for each candidate of each race and period in which anyone is mentioned, zeros where it is not this one."""
    figures = [*COUNTS, "authors", "votes", "deviations"]
    entry = F.struct("candidate", F.struct(*figures))
    mentions = F.when(F.col("candidate") != ANYONE, F.col("posts"))
    candidates = F.flatten(F.array(*[_candidates(race) for race in topic.races]))
    found, anyone = F.col("by_candidate")[F.col("c.candidate")], F.col("by_candidate")[ANYONE]
    return (
        counts.groupBy(*GROUP)
        .agg(F.map_from_entries(F.collect_list(entry)).alias("by_candidate"), F.sum(mentions).alias("mentions_total"))
        .select("*", F.explode(candidates).alias("c"))
        .where(F.col("c.of_race") == F.col("race"))
        .select(
            *(*GROUP, "c.candidate", "c.name", "c.method", "mentions_total"),
            anyone["posts"].alias("posts_total"),
            anyone["authors"].alias("authors_total"),
            *[F.coalesce(found[name], F.lit(0)).alias(name) for name in figures],
        )
    )


def interval_half_width(share: Column) -> Column:
    """Half the 95 % interval of a mean over authors, from the sample variance; null for a single author.

    Authors who do not mention the candidate have a vote of 0. The two groups' squared deviations are put together
    as in Chan, Golub and LeVeque (1979): sums of non-negative terms, so nothing cancels.
    """
    n, m = F.col("authors_total"), F.col("authors")
    own_mean = F.when(m > 0, F.col("votes") / m).otherwise(0.0)
    squares = F.col("deviations") + m * F.pow(own_mean - share, 2) + (n - m) * F.pow(share, 2)
    return F.when(n > 1, Z_95 * F.sqrt(squares / (n - 1) / n))


def _candidates(race: Race) -> Column:
    def row(candidate_id: str, name: str) -> Column:
        values = {"of_race": race.id, "candidate": candidate_id, "name": name, "method": race.method}
        return F.struct(*[F.lit(value).alias(key) for key, value in values.items()])

    return F.array(*[row(c.id, c.name) for c in race.candidates])


JOB = Job(
    name="candidate_poll",
    inputs={POSTS.name: ["source", "author_id", "kind", "event_at", *COLUMNS]},
    outputs=(CANDIDATE_POLL,),
    transform=lambda posts, topic, window: {CANDIDATE_POLL.name: candidate_poll(posts, topic, window)},
    partitions=lambda topic: [
        {"topic": topic.topic, "race": race.id, "period": period} for race in topic.races for period in PERIODS
    ],
)

if __name__ == "__main__":
    sys.exit(run(JOB))

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
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL, POSTS
from conf.topic import Race, Topic
from jobs.author_activity import KINDS, PERIOD, flagged
from jobs.framework.job import Frames, Job, Output, Rule
from jobs.framework.runner import run
from jobs.framework.window import Window
from jobs.measures.interactions import known_as
from jobs.measures.mentions import ANYONE, COLUMNS, with_named
from jobs.measures.periods import with_periods

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""
COUNTS = ["posts", *KINDS]
GROUP = ["race", *PERIOD]
Periods = Callable[[DataFrame, Window], DataFrame]
"""What gives a row a post and period, as `with_periods` does."""


def candidate_poll(posts: DataFrame, topic: Topic, window: Window, flagged: DataFrame | None = None) -> DataFrame:
    """One row a race, period and candidate, candidates whom nobody mentioned included.

    `flagged` names, in `author`, those who are left out of `share_authors_no_bots`; without it that share is null.
    """
    if not topic.races:
        raise WrongUse(f"topic {topic.topic} has no races", "Add races: with candidates to its file")
    counted = candidate_counts(votes(author_counts(with_voter(posts, flagged), topic, window)))
    listed = with_every_candidate(counted, topic)
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
        share_of_people().alias("share_authors_no_bots"),
        *("posts_total", "authors_total", "method"),
    )


def with_voter(posts: DataFrame, flagged: DataFrame | None) -> DataFrame:
    """Adds `voter`, an author on one network, and `is_person`: not flagged under any name; null where nobody looked."""
    voters = posts.withColumn("voter", F.concat_ws(":", "source", "author_id"))
    if flagged is None:
        return voters.withColumn("is_person", F.lit(None).cast("boolean"))
    named = voters.select("voter", known_as().alias("flagged_name")).distinct()
    bots = named.join(
        F.broadcast(flagged.select(F.col("author").alias("flagged_name"))), on="flagged_name", how="inner"
    )
    marks = bots.select("voter", F.lit(False).alias("person")).distinct()
    return voters.join(F.broadcast(marks), on="voter", how="left").withColumn("is_person", F.col("person").isNull())


def author_counts(posts: DataFrame, topic: Topic, window: Window, periods: Periods = with_periods) -> DataFrame:
    """Mentioning posts, by kind, of each voter for each candidate (and ANYONE) in each period.

    `periods` says in which periods a post counts; the backtest has its own. Posts are spread by voter first: every
    later step by voter is then local to a task.
    """
    by_kind = [F.count_if(F.col("kind") == kind).alias(name) for name, kind in KINDS.items()]
    named = with_named(posts, topic.races, ["voter", "is_person", "event_at", "kind"])
    return (
        periods(named.repartition("voter"), window)
        .groupBy("voter", "is_person", *GROUP, "candidate")
        .agg(F.count(F.lit(1)).alias("posts"), *by_kind)
    )


def votes(counts: DataFrame) -> DataFrame:
    """Adds each voter's vote for the candidate, 0..1; a voter's votes sum to 1 in a race and period."""
    to_candidates = F.when(F.col("candidate") != ANYONE, F.col("posts"))
    of_voter = F.sum(to_candidates).over(Over.partitionBy("voter", *reversed(GROUP)))
    return counts.select("*", (F.col("posts") / of_voter).alias("vote"))


def candidate_counts(voted: DataFrame) -> DataFrame:
    """Sums over voters: posts, authors, votes, the votes' squared deviations from their own mean; and of those who are
    people, votes and number."""
    return voted.groupBy(*GROUP, "candidate").agg(
        *[F.sum(name).alias(name) for name in COUNTS],
        F.count(F.lit(1)).alias("authors"),
        F.sum("vote").alias("votes"),
        (F.var_pop("vote") * F.count(F.lit(1))).alias("deviations"),
        F.sum(F.when(F.col("is_person"), F.col("vote"))).alias("people_votes"),
        F.count_if(F.col("is_person")).alias("people"),
    )


def with_every_candidate(counts: DataFrame, topic: Topic) -> DataFrame:
    """A row for each candidate of each race and period in which anyone is mentioned, zeros where it is not this one."""
    figures = [*COUNTS, "authors", "votes", "deviations", "people_votes", "people"]
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
            anyone["people"].alias("people_total"),
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


def share_of_people() -> Column:
    """The mean vote of authors who are not flagged; null where nobody looked, or none is left."""
    return F.when(F.col("people_total") > 0, F.coalesce("people_votes", F.lit(0.0)) / F.col("people_total"))


def flagged_authors(inputs: Frames, topic: Topic) -> DataFrame | None:
    """Who is left out as a bot, in `author`; None where no run of author_activity covers the window."""
    activity = inputs.get(AUTHOR_ACTIVITY.name)
    return None if activity is None else flagged(activity, topic)


def _candidates(race: Race) -> Column:
    def row(candidate_id: str, name: str) -> Column:
        values = {"of_race": race.id, "candidate": candidate_id, "name": name, "method": race.method}
        return F.struct(*[F.lit(value).alias(key) for key, value in values.items()])

    return F.array(*[row(c.id, c.name) for c in race.candidates])


INPUTS = {
    POSTS.name: ["source", "author_id", "author", "kind", "event_at", *COLUMNS],
    AUTHOR_ACTIVITY.name: ["author", "period", "bot_score"],
}


def transform(inputs: Frames, topic: Topic, window: Window) -> Frames:
    """The poll, with the flagged authors left out where `author_activity` has covered the window."""
    flagged = flagged_authors(inputs, topic)
    return {CANDIDATE_POLL.name: candidate_poll(inputs[POSTS.name], topic, window, flagged)}


RULES = (
    Rule(
        "the shares of a race and period sum to 1",
        "SELECT race, period, period_start, sum(share_authors) AS of_authors, sum(share_posts) AS of_posts "
        "FROM {batch} GROUP BY race, period, period_start, period_end "
        "HAVING abs(sum(share_authors) - 1) > 1e-9 OR abs(sum(share_posts) - 1) > 1e-9",
    ),
    Rule(
        "a share lies in its interval, posts are as many as their kinds, no part exceeds its total",
        "SELECT race, period, period_start, candidate FROM {batch} WHERE share_authors_low > share_authors "
        "OR share_authors_high < share_authors OR posts < authors OR posts > posts_total OR authors > authors_total "
        "OR posts != originals + retweets + replies + quotes",
    ),
    Rule(
        "the shares without bots of a race and period sum to 1, or are unknown",
        "SELECT race, period, period_start, sum(share_authors_no_bots) AS without_bots FROM {batch} "
        "GROUP BY race, period, period_start, period_end "
        "HAVING count(share_authors_no_bots) NOT IN (0, count(*)) OR abs(sum(share_authors_no_bots) - 1) > 1e-9",
    ),
)

JOB = Job(
    name="candidate_poll",
    inputs=INPUTS,
    outputs=(Output(CANDIDATE_POLL, lambda topic: [{"race": race.id} for race in topic.races], rules=RULES),),
    transform=transform,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

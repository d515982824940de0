"""One author, one vote: how posts become the votes and shares of a race's candidates.

Each author who mentions anyone in a race has one vote in a period. It is split over the candidates in proportion to
that author's mentioning posts. The poll and its backtest both use this.
"""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.digest import digest
from conf.tables import AUTHOR_ACTIVITY, KIND_COLUMNS, PERIOD_KEY
from conf.topic import Race, Topic
from jobs.framework.inputs import Posts, Published
from jobs.framework.job import Inputs
from jobs.framework.window import Window
from jobs.measures.authors import flagged, known_as
from jobs.measures.mentions import ANYONE, COLUMNS, with_named
from jobs.measures.periods import with_periods

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""
COUNTS = ["posts", *KIND_COLUMNS]
GROUP = ["race", *PERIOD_KEY]
INPUTS = (
    Posts(["source", "author_id", "author", "kind", "event_at", *COLUMNS]),
    Published(AUTHOR_ACTIVITY, ["author", "period", "bot_score"], optional=True),
)
"""The inputs of a job that counts votes. Without a run of author_activity, there is no share without bots."""
Periods = Callable[[DataFrame, Window], DataFrame]
"""A function that returns one row per post and period, as `with_periods` does."""


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns for each race, by its id, a digest of what its shares depend on.

    These are its rules, the folding and the counting method. If flagged authors are left out, these are also the
    `method` of the run that flagged them (which covers the bot thresholds) and the lowest score with which an author
    counts as flagged.
    """
    if AUTHOR_ACTIVITY.name not in inputs:
        return {race.id: race.method for race in topic.races}
    bots = inputs.methods.get(AUTHOR_ACTIVITY.name, "")
    return {race.id: digest(race.method, bots, topic.bots.flag_at) for race in topic.races}


def flagged_authors(inputs: Inputs, topic: Topic) -> DataFrame | None:
    """Returns, in `author`, the authors who are left out as bots.

    Returns None if no run of author_activity covers the window.
    """
    activity = inputs.get(AUTHOR_ACTIVITY.name)
    return None if activity is None else flagged(activity, topic)


def race_counts(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None,
    methods: Mapping[str, str],
    periods: Periods = with_periods,
) -> DataFrame:
    """Returns the counts from which all shares are computed, one row per race, period and candidate.

    `flagged` has, in its column `author`, the authors who are left out of the share without bots; it is None if no run
    of author_activity covers the window. `methods` is each race's `method`. `periods` says in which periods a post
    counts; the backtest has its own.
    """
    counts = author_counts(with_voter(posts, flagged), topic, window, periods)
    return with_every_candidate(candidate_counts(votes(counts)), topic, methods)


def with_voter(posts: DataFrame, flagged: DataFrame | None) -> DataFrame:
    """Adds the columns `voter` (network and author id) and `unflagged`.

    `unflagged` is true if none of the author's names (handle or id) is in `flagged`; it is null if `flagged` is None.
    """
    voters = posts.withColumn("voter", F.concat_ws(":", "source", "author_id"))
    if flagged is None:
        return voters.withColumn("unflagged", F.lit(None).cast("boolean"))
    named = voters.select("voter", known_as().alias("flagged_name")).distinct()
    bots = named.join(
        F.broadcast(flagged.select(F.col("author").alias("flagged_name"))), on="flagged_name", how="inner"
    )
    marks = bots.select("voter", F.lit(True).alias("marked")).distinct()
    return voters.join(F.broadcast(marks), on="voter", how="left").withColumn("unflagged", F.col("marked").isNull())


def author_counts(posts: DataFrame, topic: Topic, window: Window, periods: Periods = with_periods) -> DataFrame:
    """Returns the mentioning posts, by kind, of each voter for each candidate (and ANYONE) in each period.

    `periods` says in which periods a post counts; the backtest has its own. Posts are first partitioned by voter, so
    that later groupings by voter need no further shuffle.
    """
    by_kind = [F.count_if(F.col("kind") == kind).alias(name) for name, kind in KIND_COLUMNS.items()]
    named = with_named(posts, topic.races, ["voter", "unflagged", "event_at", "kind"])
    return (
        periods(named.repartition("voter"), window)
        .groupBy("voter", "unflagged", *GROUP, "candidate")
        .agg(F.count(F.lit(1)).alias("posts"), *by_kind)
    )


def votes(counts: DataFrame) -> DataFrame:
    """Adds `vote`, each voter's vote for the candidate, 0..1; a voter's votes sum to 1 in a race and period."""
    to_candidates = F.when(F.col("candidate") != ANYONE, F.col("posts"))
    of_voter = F.sum(to_candidates).over(Over.partitionBy("voter", *reversed(GROUP)))
    return counts.select("*", (F.col("posts") / of_voter).alias("vote"))


def candidate_counts(voted: DataFrame) -> DataFrame:
    """Returns sums over voters: posts, `authors`, `votes` and `deviations`, by candidate.

    `deviations` is the sum of the squared deviations of the votes from their mean. `unflagged` is the number of
    unflagged authors, `unflagged_votes` the sum of their votes.
    """
    return voted.groupBy(*GROUP, "candidate").agg(
        *[F.sum(name).alias(name) for name in COUNTS],
        F.count(F.lit(1)).alias("authors"),
        F.sum("vote").alias("votes"),
        (F.var_pop("vote") * F.count(F.lit(1))).alias("deviations"),
        F.sum(F.when(F.col("unflagged"), F.col("vote"))).alias("unflagged_votes"),
        F.count_if(F.col("unflagged")).alias("unflagged"),
    )


def with_every_candidate(counts: DataFrame, topic: Topic, methods: Mapping[str, str]) -> DataFrame:
    """Returns a row for every candidate, for each race and period in which any candidate of the race is mentioned.

    A candidate who is not mentioned has zeros. `methods` is the `method` of each race, by race id.
    """
    figures = [*COUNTS, "authors", "votes", "deviations", "unflagged_votes", "unflagged"]
    entry = F.struct("candidate", F.struct(*figures))
    mentions = F.when(F.col("candidate") != ANYONE, F.col("posts"))
    candidates = F.flatten(F.array(*[_candidates(race, methods[race.id]) for race in topic.races]))
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
            anyone["unflagged"].alias("unflagged_total"),
            *[F.coalesce(found[name], F.lit(0)).alias(name) for name in figures],
        )
    )


def share_posts() -> Column:
    """Returns the candidate's mentioning posts, divided by their sum over the race's candidates, 0..1."""
    return F.col("posts") / F.col("mentions_total")


def share_authors() -> Column:
    """Returns the mean vote over all authors who mention anyone in the race, 0..1."""
    return F.col("votes") / F.col("authors_total")


def share_authors_no_bots() -> Column:
    """Returns the mean vote of the unflagged authors, 0..1; null if flags are unknown, or no author is left."""
    return F.when(F.col("unflagged_total") > 0, F.coalesce("unflagged_votes", F.lit(0.0)) / F.col("unflagged_total"))


def interval_half_width(share: Column) -> Column:
    """Returns half the width of the 95 % interval of a mean over authors; null for a single author.

    It is computed from the sample variance. Authors who do not mention the candidate have a vote of 0. The squared
    deviations of the two groups of authors (those who mention the candidate, and the others) are added as in Chan,
    Golub and LeVeque (1979): no term is negative, so no precision is lost.
    """
    n, m = F.col("authors_total"), F.col("authors")
    own_mean = F.when(m > 0, F.col("votes") / m).otherwise(0.0)
    squares = F.col("deviations") + m * F.pow(own_mean - share, 2) + (n - m) * F.pow(share, 2)
    return F.when(n > 1, Z_95 * F.sqrt(squares / (n - 1) / n))


def _candidates(race: Race, method: str) -> Column:
    def row(candidate_id: str, name: str) -> Column:
        values = {"of_race": race.id, "candidate": candidate_id, "name": name, "method": method}
        return F.struct(*[F.lit(value).alias(key) for key, value in values.items()])

    return F.array(*[row(c.id, c.name) for c in race.candidates])

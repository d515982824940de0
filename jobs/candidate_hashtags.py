"""Candidate hashtags: which hashtags are typical of each candidate's posts, by day and window.

The hashtags in posts that mention the candidate are compared with the hashtags in posts that mention other candidates
of the race but not this one. A hashtag counts once per post. The measure is the log-odds ratio with an informative
Dirichlet prior (Monroe, Colaresi and Quinn 2008, Fightin' Words, Political Analysis 16(4), equations 15 to 22). The
prior is the race's own hashtag counts, scaled to PRIOR_SIZE uses. So only a hashtag with many uses can differ much from
the race's average. Hashtags are ranked by `z_score`, the ratio divided by its standard deviation; each candidate's
first 20 are published.

Not published are: the candidate's own hashtags in the topic file, since the posts were found by them; hashtags with a
smaller share in the candidate's posts than in the other posts; and hashtags of fewer than 5 authors. The result says
what posts contain, not who supports whom.
"""

import sys

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.digest import digest
from conf.race import Candidate, Race
from conf.tables import CANDIDATE_HASHTAGS, LONGER_PERIODS, PERIOD_KEY, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output
from jobs.framework.window import Window
from jobs.measures.authors import account
from jobs.measures.hashtags import FEWEST_AUTHORS
from jobs.measures.log_odds import log_odds_ratio, prior
from jobs.measures.mentions import ANYONE, COLUMNS, further_columns, require_races, with_named
from jobs.measures.periods import with_periods

TOP = 20
"""The most hashtags per candidate and period."""
GROUP = ["race", *PERIOD_KEY]
USES = ("posts", "all_posts", "other_posts", "all_other_posts")
"""The columns from which the log-odds ratio is computed."""
METHOD = "log-odds/1"
"""The version of the comparison. Raise it when it changes."""


def candidate_hashtags(posts: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """Returns one row per race, period, candidate and hashtag: the first TOP of each candidate.

    Raises WrongUse for a topic without races.
    """
    require_races(topic, window)
    by_z = Over.partitionBy(*GROUP, "candidate").orderBy(F.desc("z_score"), "hashtag")
    return (
        compared(hashtag_uses(posts, topic, window), topic)
        .select("*", compared_odds().alias("log_odds"), (compared_odds() / deviation()).alias("z_score"))
        .where((F.col("log_odds") > 0) & (F.col("authors") >= FEWEST_AUTHORS))
        .select("*", F.row_number().over(by_z).alias("rank"))
        .where(F.col("rank") <= TOP)
        .select(
            F.lit(topic.topic).alias("topic"),
            *(*GROUP, "candidate", "rank", "hashtag", "posts", "authors", "log_odds", "z_score", "method"),
        )
    )


def hashtag_uses(posts: DataFrame, topic: Topic, window: Window) -> DataFrame:
    """Returns the number of posts with each hashtag and of their authors, by candidate (and ANYONE), day and window."""
    tags = F.array_remove(F.array_distinct("hashtags"), "")
    author = account()
    tagged = posts.where(F.size("hashtags") > 0).withColumns({"author": author, "tags": tags})
    named = with_named(tagged, topic.races, ["author", "event_at", "tags"])
    one_a_tag = named.select("author", "event_at", "race", "candidate", F.explode("tags").alias("hashtag"))
    return (
        with_periods(one_a_tag, window, LONGER_PERIODS)
        .groupBy(*GROUP, "candidate", "hashtag", "author")
        .agg(F.count(F.lit(1)).alias("posts"))
        .groupBy(*GROUP, "candidate", "hashtag")
        .agg(F.sum("posts").alias("posts"), F.count(F.lit(1)).alias("authors"))
    )


def compared(uses: DataFrame, topic: Topic) -> DataFrame:
    """Returns one row per candidate and hashtag, with figures of the candidate's posts and of the race's other posts.

    `posts` and `other_posts` are the numbers of posts with the hashtag; `all_posts` and `all_other_posts` are their
    sums over all hashtags. The candidate's own hashtags do not count in any of the four. (The other posts never contain
    them: a post with such a hashtag mentions the candidate.)
    """
    rules = F.create_map(*[part for race in topic.races for c in race.candidates for part in _rules(race, c)])
    of_candidate, of_race = Over.partitionBy(*GROUP, "candidate"), Over.partitionBy(*GROUP)
    anyone = F.when(F.col("candidate") == ANYONE, F.col("posts"))
    own = F.coalesce(F.array_contains("rules.own", F.col("hashtag")), F.lit(False))
    sums = uses.select(
        "*",
        rules[F.concat_ws("/", "race", "candidate")].alias("rules"),
        F.max(anyone).over(Over.partitionBy(*GROUP, "hashtag")).alias("race_posts"),
        F.sum(anyone).over(of_race).alias("all_race_posts"),
        F.sum("posts").over(of_candidate).alias("all_with_own"),
    ).select("*", own.alias("own"))
    own_posts = F.coalesce(F.sum(F.when(F.col("own"), F.col("posts"))).over(of_candidate), F.lit(0))
    return (
        sums.select("*", (F.col("all_with_own") - own_posts).alias("all_posts"))
        .where((F.col("candidate") != ANYONE) & ~F.col("own") & (F.col("all_race_posts") > F.col("all_with_own")))
        .select(
            *(*GROUP, "candidate", "hashtag", "posts", "authors", "all_posts", "rules.method"),
            (F.col("race_posts") - F.col("posts")).alias("other_posts"),
            (F.col("all_race_posts") - F.col("all_with_own")).alias("all_other_posts"),
        )
    )


def compared_odds() -> Column:
    """Returns the hashtag's log-odds in the candidate's posts minus its log-odds in the others, both with the prior."""
    uses, all_uses, other_uses, all_other_uses = map(F.col, USES)
    ratio: Column = log_odds_ratio(uses, all_uses, other_uses, all_other_uses, F.log)
    return ratio


def deviation() -> Column:
    """Returns the approximate standard deviation of the log-odds ratio (equation 20 of the paper above)."""
    weight = prior(*map(F.col, USES))
    return F.sqrt(1 / (F.col("posts") + weight) + 1 / (F.col("other_posts") + weight))


def _rules(race: Race, candidate: Candidate) -> tuple[Column, Column]:
    """Returns the candidate's key in the map of rules, and its value: the own hashtags and the method."""
    own = F.array(*map(F.lit, candidate.folded_hashtags)).cast("array<string>")
    return F.lit(f"{race.id}/{candidate.id}"), F.struct(own.alias("own"), F.lit(method(race)).alias("method"))


def method(race: Race) -> str:
    """Returns a digest of the race's rules and of the comparison."""
    return digest(race.method, METHOD)


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns each candidate's hashtags."""
    return {CANDIDATE_HASHTAGS.name: candidate_hashtags(inputs[POSTS.name], topic, window)}


JOB = Job(
    name="candidate_hashtags",
    inputs=(Posts(["source", "author_id", "event_at", *COLUMNS], further=further_columns),),
    outputs=(Output(CANDIDATE_HASHTAGS),),
    transform=transform,
    methods=lambda topic, _: {race.id: method(race) for race in topic.races},
    requires=require_races,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

"""Candidate poll: the share of conversation of each candidate, by hour, day and window.

Counted: posts that mention a candidate by alias, hashtag or handle, and their authors. A post counts for each candidate
that it mentions. The headline, `share_authors`, is one author, one vote (`jobs/measures/votes.py`). Its interval is the
normal interval of a mean over authors, and covers only the sampling error.

Not counted: posts that mention nobody in the race, and hours and days that lie only partly in the window. Periods in
which nobody is mentioned have no rows.
"""

import sys
from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.tables import CANDIDATE_POLL, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.window import Window
from jobs.measures.mentions import require_races
from jobs.measures.periods import spans_of
from jobs.measures.votes import flagged_authors, grouped_authors, inputs_of_votes, methods, parts_of, race_shares


def candidate_poll(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None = None,
    methods: Mapping[str, str] | None = None,
    *,
    parts: int | None = None,
    grouped: DataFrame | None = None,
) -> DataFrame:
    """Returns one row per race, period and candidate, also for candidates whom nobody mentioned.

    `flagged` names, in `author`, the authors who are left out of `share_authors_no_bots`; without it, that share is
    null. `grouped` does the same for `share_authors_no_groups`. `methods` is the `method` of each race, by race id; by
    default, `Race.method`. `parts` is that of `race_shares`. Raises WrongUse for a topic without races.
    """
    require_races(topic, window)
    by_race = methods or {race.id: race.method for race in topic.races}
    method = F.create_map(*[F.lit(value) for pair in by_race.items() for value in pair])[F.col("race")]
    shares = race_shares(posts, topic.races, flagged, spans_of(window), parts=parts, grouped=grouped)
    return shares.select(F.lit(topic.topic).alias("topic"), *shares.columns, method.alias("method"))


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the poll.

    Flagged authors are left out of a share if a run of `author_activity` covers the window, and those in groups of
    another if one of `coordination` does.
    """
    left_out = {"flagged": flagged_authors(inputs, topic), "grouped": grouped_authors(inputs)}
    posts, by_race = inputs[POSTS.name], methods(topic, inputs)
    polled = candidate_poll(posts, topic, window, methods=by_race, parts=parts_of(inputs), **left_out)
    return {CANDIDATE_POLL.name: polled}


_PERIOD = "race, period, period_start, period_end"
RULES = (
    Rule(
        "the shares of a race and period sum to 1",
        "abs(sum(share_authors) - 1) > 1e-9 OR abs(sum(share_posts) - 1) > 1e-9",
        shown="race, period, period_start, sum(share_authors) AS of_authors, sum(share_posts) AS of_posts",
        by=_PERIOD,
    ),
    Rule(
        "shares are inside their intervals, counts by kind sum to posts, and posts and authors are within the totals",
        "share_authors_low > share_authors OR share_authors_high < share_authors OR posts < authors "
        "OR posts > posts_total OR authors > authors_total OR posts != originals + retweets + replies + quotes",
        shown="race, period, period_start, candidate",
    ),
    *(
        Rule(
            f"the shares without {what} of a race and period sum to 1, or are unknown",
            f"count(share_authors_no_{what}) NOT IN (0, count(*)) OR abs(sum(share_authors_no_{what}) - 1) > 1e-9",
            shown=f"race, period, period_start, sum(share_authors_no_{what}) AS total",
            by=_PERIOD,
        )
        for what in ("bots", "groups")
    ),
)

JOB = Job(
    name="candidate_poll",
    inputs=inputs_of_votes(),
    outputs=(Output(CANDIDATE_POLL, rules=RULES),),
    transform=transform,
    methods=methods,
    requires=require_races,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

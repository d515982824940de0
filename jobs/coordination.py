"""Coordination: which accounts use the same things at nearly the same time more than chance would have it.

Accounts are compared by what they share: retweeted posts, links, texts, hashtags in order, posts that they answer
(`jobs/measures/actions.py`), by day and window. Two accounts act together on an object where both first used it within
the topic's `coordination: window_seconds`. A rush, in which everybody shares an object within seconds, proves nothing:
for each object, the part of all its pairs that lie within the time is what chance gives, and a pair of accounts must
have significantly more objects in common than the sum of these (`jobs/measures/coaction_odds.py`). And it must have met
on significantly many occasions: what two accounts share within 20 minutes is one (`coaction_occasions.py`).

Significant pairs are joined to groups of at least 3 accounts. `degree` is the shortest time, of 10 s, 1 min, 10 min and
1 h below the topic's, within which pairs still join the whole group (after Nizzoli et al. 2021, by time).

This says nothing of why accounts act together, or who they are: a newsroom's channels, supporters who were openly asked
and a bridge between networks do so, too.

Left out: accounts with fewer than 3 objects of the kind in the period; objects of one account; what is an account's
own; the races' hashtags; links into networks; accounts that say that they are automated, which are counted in
`declared`. A use of an object is paired with the next 200 within the time alone (fewer, where very many accounts do the
same in the same order), and `objects_cut` and `actions_cut` say so. Of a kind and period, 100,000 pairs are kept,
the first 500 groups, and 100 objects of each.
"""

import sys

from pyspark.sql import DataFrame

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import AUTHOR_ACTIVITY, COORDINATION_TABLES, LONGER_PERIODS, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.local import local_frame
from jobs.framework.names import Names
from jobs.framework.published import Published
from jobs.framework.window import Window
from jobs.graphs.coordination import coordination
from jobs.graphs.family_posts import are_few
from jobs.graphs.known_accounts import known_of
from jobs.measures import links
from jobs.measures.actions import COLUMNS
from jobs.measures.authors import names_in
from jobs.measures.coordination_rows import SCHEMAS, accounts_in, period_of, rows_of
from jobs.measures.periods import spans_of
from jobs.measures.votes import flagged_authors

METHOD = "coordination/1"
"""The version of the comparison and of the figures. Raise it when they change."""
_GROUP = "kind, period, period_start"
RULES = {
    "coordination_pairs": Rule(
        "a pair is of two accounts, has more objects than expected, and no q-value above 0.05 or below its p",
        "src >= dst OR objects <= expected OR q_occasions > 0.05 OR q_value < p_value OR occasions > objects",
        shown="kind, src, dst",
    ),
    "coordination_summary": Rule(
        "no part is more than the whole, and each account has three actions",
        "significant_pairs > pairs OR groups > significant_pairs "
        "OR actions_cut > actions OR objects_cut > objects OR objects_cut > actions_cut",
        shown="kind, period, period_start",
    ),
    "coordination_groups": Rule(
        "groups are numbered from 1, the largest first, and joined by enough pairs",
        "min(group) != 1 OR max(group) != count(*) OR min(pairs - accounts + 1) < 0 OR min(posts - accounts) < 0",
        shown=f"{_GROUP}, max(group) AS last",
        by=_GROUP,
    ),
    "coordination_objects": Rule(
        "an object's first use is not after its last",
        "first_at > last_at",
        shown="kind, group, object",
    ),
    "coordination_accounts": Rule(
        "an account's first action is not after its last",
        "first_at > last_at",
        shown="kind, group, author",
    ),
}


def compute_coordination(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None = None,
    names: DataFrame | None = None,
    *,
    few: bool = False,
    method: str = METHOD,
) -> Frames:
    """Returns the rows of all tables. With `few`, the posts come to the driver. Triggers Spark actions.

    Where there are posts, each kind and period has a summary, also one of zeros.

    `flagged` names, in `author`, the accounts that the bot rules flag. `names` has rows of `account_names`.
    """
    spans = spans_of(window, LONGER_PERIODS)
    found, texts = coordination(posts, topic, spans, few=few)
    known = known_of(accounts_in([one.found for one in found]), posts, names, flagged, texts)
    of_periods = [(period_of(spans[one.spans], one.kind, one.place), one.found) for one in found]
    if not any(one.found.figures["actions"] for one in found) and posts.isEmpty():
        of_periods = []
    rows = rows_of(of_periods, known, topic.topic, topic.coordination.window_seconds, method)
    return {name: local_frame(posts.sparkSession, some, SCHEMAS[name]) for name, some in rows.items()}


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the rows of the topic's periods."""
    flagged, method = flagged_authors(inputs, topic), methods(topic, inputs)[""]
    posts = inputs[POSTS.name]
    few = are_few(posts, inputs.posts)
    return compute_coordination(posts, topic, window, flagged, names_in(inputs), few=few, method=method)


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns a digest of the way of counting, the settings, and the rules by which accounts are flagged."""
    versions = (METHOD, FOLDING, links.VERSION, topic.coordination.window_seconds)
    of_races = sorted({tag for race in topic.races for one in race.candidates for tag in one.folded_hashtags})
    bots = (inputs.methods.get(AUTHOR_ACTIVITY.name, ""), topic.bots.flag_at) if AUTHOR_ACTIVITY.name in inputs else ()
    return {"": digest(*versions, of_races, *bots)}


JOB = Job(
    name="coordination",
    inputs=(
        Posts(COLUMNS),
        Published(AUTHOR_ACTIVITY, ["author", "label", "period", "bot_score"], optional=True),
        Names(),
    ),
    outputs=tuple(Output(table, rules=(RULES[table.name],)) for table in COORDINATION_TABLES),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

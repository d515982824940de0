"""Text families: the texts that many accounts posted almost word for word, by day and window, over all networks.

A family is a set of texts that are almost the same as its earliest text (`jobs/measures/families.py`): the Jaccard
similarity of their sets of word pairs is at least 0.7. Only words are compared; links, handles, hashtags, digits,
punctuation and emoji are not (`jobs/measures/wordings.py`, which says what a word is in scripts without spaces).
Families are found among all posts of the window; a day's row counts the family's posts of that day.

`authors` are accounts, known by network and id. `texts` is the number of different folded texts. `half_life_seconds` is
the time from the first post of the period until half of its posts were made. `share_flagged` is the share of posts by
accounts that the bot rules flag; it is null without a run of author_activity over the window. `new_account_share` is
the share of accounts that were opened shortly before (as in the topic's rule new_account), among those whose age is
known. `links` are the first three different links.

Not counted: retweets; texts of fewer than 5 words; families of one account; the families after the first 100 of a day
and the first 500 of the window, by their number of accounts.
"""

import sys

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import AUTHOR_ACTIVITY, LONGER_PERIODS, POSTS, TEXT_FAMILIES
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.published import Published
from jobs.framework.window import Window
from jobs.graphs.family_posts import are_few, text_families
from jobs.measures.periods import spans_of
from jobs.measures.votes import flagged_authors

METHOD = "families/1"
"""The version of the comparison and of the figures. Raise it when they change."""
RULES = (
    Rule(
        "ranks start at 1 without a gap",
        "min(rank) != 1 OR max(rank) != count(*)",
        shown="period, period_start, max(rank) AS last",
        by="period, period_start, period_end",
    ),
    Rule(
        "authors and texts are at most posts, the half-life ends before the last post, and there are at most 3 links",
        "authors > posts OR texts > posts OR size(links) > 3 "
        "OR half_life_seconds > (unix_micros(last_at) - unix_micros(first_at)) / 1e6",
        shown="period, period_start, family",
    ),
    Rule(
        "no group of texts was too large to compare each with the others, so no family may be incomplete",
        "large_bands > 0",
        shown="period, period_start, family, large_bands",
        severity="warning",
    ),
)


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the families; posts are marked if a run of `author_activity` covers the window."""
    flagged, spans = flagged_authors(inputs, topic), spans_of(window, LONGER_PERIODS)
    posts = inputs[POSTS.name]
    rows = text_families(posts, topic, spans, flagged, few=are_few(posts, inputs.posts))
    return {TEXT_FAMILIES.name: rows}


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns a digest of the way of counting, the folding, and the rules by which accounts are flagged, or are new."""
    bots = inputs.methods.get(AUTHOR_ACTIVITY.name, "")
    return {"": digest(METHOD, FOLDING, bots, topic.bots.flag_at, topic.bots.new_account.days)}


JOB = Job(
    name="text_families",
    inputs=(
        Posts(
            [
                *("source", "post_id", "author_id", "event_at", "kind", "folded", "text", "urls"),
                "author_created_at",
            ]
        ),
        Published(AUTHOR_ACTIVITY, ["author", "label", "period", "bot_score"], optional=True),
    ),
    outputs=(Output(TEXT_FAMILIES, rules=RULES),),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

"""Conversations: the 100 posts of each day and of the window under which most replies are, and what these are like.

A conversation is a post and all replies below it. A reply is followed up to the first post by what it answers, as far
as that was collected, and by what the network tells of the first post (`jobs/measures/reply_trees.py`). The posts of
the window and of up to 7 days before it are used for this. `root` is the first post; it may be one that was not
collected. A row counts the replies of its period alone; the first post is not one of them.

`depth` is the most steps from the first post to a reply, and `widest` the most replies at the same number of steps. The
`shape` is `star`, `chain` or `tree` (`jobs/measures/conversation_rows.py`). `half_life_seconds` is the time from the
first reply of the period until half of them were made. `replies_per_retweet` compares them with the retweets of the
first post in the period; it is null if there were none.

`share_flagged` is the part of the replies by accounts that the bot rules flag; it is null without a run of
author_activity over the window. `share_strangers` is the part of the accounts whose first reply is their first post of
all that were read. `candidate` is the candidate whom most replies mention, if at least half of them do. It is a
statement on posts, not on people.

Not counted: retweets and quotes, replies that name neither a post nor a conversation, and the conversations after the
first 100.
"""

import sys

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import AUTHOR_ACTIVITY, CONVERSATIONS, LONGER_PERIODS, PERIOD_KEY, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.names import Names
from jobs.framework.published import Published
from jobs.framework.window import Window
from jobs.graphs.conversation_posts import are_few, largest_conversations
from jobs.measures import authors, mentions
from jobs.measures.authors import names_in
from jobs.measures.bursts import reach
from jobs.measures.conversation_rows import TOP
from jobs.measures.few_labels import few_labelled
from jobs.measures.mentions import further_columns
from jobs.measures.periods import spans_of
from jobs.measures.votes import flagged_authors

METHOD = "conversations/1"
"""The version of the way of counting. Raise it when it changes."""
RULES = (
    Rule(
        "ranks start at 1 without a gap",
        f"min(rank) != 1 OR max(rank) != count(*) OR max(rank) > {max(TOP.values())}",
        shown="period, period_start, max(rank) AS last",
        by="period, period_start, period_end",
    ),
    Rule(
        "authors and the widest level are at most posts, and the half-life ends before the last reply",
        "authors > posts OR widest > posts OR half_life_seconds > (unix_micros(last_at) - unix_micros(first_at)) / 1e6",
        shown="period, period_start, root",
    ),
)


def conversations(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None = None,
    names: DataFrame | None = None,
    *,
    few: bool = False,
) -> DataFrame:
    """Returns one row per period and conversation: the first of each period by their number of replies.

    `posts` are those in the span of `reach`. `flagged` names, in `author`, the authors who are flagged; without it,
    their share is null. `names` has rows of `account_names`. With `few`, the posts come to the driver.

    Triggers Spark actions.
    """
    found = largest_conversations(posts, topic, spans_of(window, LONGER_PERIODS), flagged, few=few)
    rows = found.select(
        F.lit(topic.topic).alias("topic"),
        *(*PERIOD_KEY, "rank", "source", "root"),
        F.coalesce("author", "named").alias("author"),
        *("posts", "authors", "depth", "widest", "shape", "first_at", "last_at", "half_life_seconds"),
        (F.col("posts") / F.nullif(F.col("retweets"), F.lit(0))).alias("replies_per_retweet"),
        *("share_flagged", "share_strangers", "candidate"),
    )
    return few_labelled(rows, "author", posts, names)


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the conversations; posts are marked if a run of `author_activity` covers the window."""
    posts, flagged = inputs[POSTS.name], flagged_authors(inputs, topic)
    few = are_few(posts, inputs.posts_read)
    return {CONVERSATIONS.name: conversations(posts, topic, window, flagged, names_in(inputs), few=few)}


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns a digest of the way of counting, of the races' rules, and of those by which accounts are flagged."""
    known = AUTHOR_ACTIVITY.name in inputs
    bots = (inputs.methods.get(AUTHOR_ACTIVITY.name, ""), topic.bots.flag_at) if known else ()
    return {"": digest(METHOD, FOLDING, *(race.method for race in topic.races), *bots)}


JOB = Job(
    name="conversations",
    inputs=(
        Posts(
            list(dict.fromkeys([*authors.COLUMNS, "kind", "reply_to", "root", "retweet_of", *mentions.COLUMNS])),
            reach=reach,
            further=further_columns,
        ),
        Published(AUTHOR_ACTIVITY, ["author", "label", "period", "bot_score"], optional=True),
        Names(),
    ),
    outputs=(Output(CONVERSATIONS, rules=RULES),),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

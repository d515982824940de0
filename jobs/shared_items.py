"""Shared items: how many posts the topic had, and which items most of them share, by hour, day and window.

`topic_volume` has one row per period: posts by kind, authors, posts with a link, a hashtag, a mention or a place.
`new_authors` are those whose first post in the window is in the period. `share_top_authors` is the part of the posts by
the most active 1 % of authors, rounded up.

`top_items` has the 100 items of each kind that are in the most posts of a period: sites (registrable domains), links,
media (images and videos), languages, apps, accounts that are mentioned or retweeted, places. A post counts once for an
item. Retweets count, but not for `mentioned`, as in the mention graph. Which links are the same says
`jobs/measures/links.py`. Links into the post's own network are left out; `with_own_link` counts the posts that have
one.

Of the kind `word`, the 100 words with the highest burst are kept, not the most frequent, so no list of stop words is
needed. `burst` is that of hashtag_trends: it compares the number of authors with that of the preceding periods
(`jobs/measures/bursts.py`). Words of fewer than 5 authors can't burst, and are left out. What a word is says
`jobs/measures/words.py`.

`candidate` is the one of whose posts an item is most typical, compared with the other posts of the race, by day and
window, and `log_odds` says how much (`jobs/measures/log_odds.py`). It is a statement on posts, not on people. Items of
fewer than 5 authors are typical of nobody.

`share_flagged` is the part of the posts by authors whom author_activity flags over the window; it is null if no run of
author_activity covers the window.
"""

import sys

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import AUTHOR_ACTIVITY, PERIOD_KEY, POSTS, TOP_ITEMS, TOPIC_VOLUME
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.local import local_frame, table_of
from jobs.framework.names import Names
from jobs.framework.published import Published
from jobs.framework.window import Window
from jobs.measures import bursts, links, words
from jobs.measures.authors import names_in
from jobs.measures.bursts import has_span_before, reach
from jobs.measures.item_posts import COLUMNS
from jobs.measures.item_ranks import TOP
from jobs.measures.items import ITEMS, counted, items_in
from jobs.measures.mentions import further_columns, masks_of
from jobs.measures.volume import VOLUME, volume
from jobs.measures.votes import flagged_authors

METHOD = "shared/1"
"""The version of the way of counting. Raise it when it changes."""
VOLUME_RULE = Rule(
    "counts by kind sum to posts, and no part is more than the whole",
    "posts < 1 OR authors > posts OR new_authors > authors OR posts != originals + retweets + replies + quotes "
    "OR greatest(with_link, with_own_link, with_hashtag, with_mention, with_place) > posts",
    shown="period, period_start, posts",
)
ITEMS_RULE = Rule(
    "ranks start at 1 without a gap, and neither authors nor originals are more than posts",
    f"min(rank) != 1 OR max(rank) != count(*) OR max(rank) > {TOP} OR min(posts - authors) < 0 "
    "OR min(posts - originals) < 0",
    shown="kind, period, period_start, max(rank) AS last",
    by="kind, period, period_start, period_end",
)


def shared_items(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None = None,
    names: DataFrame | None = None,
    number: int | None = None,
) -> tuple[DataFrame, DataFrame]:
    """Returns the rows of topic_volume and those of top_items.

    `posts` must contain all posts in the span of `reach`; `number` is about how many they are, None if nobody has
    counted them. `flagged` names, in `author`, the authors who are flagged; without it, their share is null. `names`
    has rows of `account_names`.

    Triggers Spark actions.
    """
    items, parts = items_in(counted(posts, flagged, topic, window, names, number))
    spark, flags = posts.sparkSession, flagged is not None
    rows = local_frame(spark, table_of(volume(parts.to_pylist(), flags=flags), VOLUME), VOLUME)
    top = _top(local_frame(spark, items, ITEMS), window, flags=flags)
    of_topic = F.lit(topic.topic).alias("topic")
    return rows.select(of_topic, *rows.columns), top.select(of_topic, *top.columns)


def _top(items: DataFrame, window: Window, *, flags: bool) -> DataFrame:
    unread = (F.col("period") == "window") & F.lit(not has_span_before(window))
    share = F.col("marked") / F.col("posts") if flags else F.lit(None).cast("double")
    return items.select(
        *(*PERIOD_KEY, "kind", "rank", "item", "label", "posts", "authors", "originals"),
        F.when(~unread, F.col("previous_posts")).alias("previous_posts"),
        *("burst", share.alias("share_flagged"), "first_at", "candidate", "log_odds"),
    )


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the volume and the items."""
    flagged = flagged_authors(inputs, topic)
    rows, top = shared_items(inputs[POSTS.name], topic, window, flagged, names_in(inputs), inputs.posts_read)
    return {TOPIC_VOLUME.name: rows, TOP_ITEMS.name: top}


def methods(topic: Topic, inputs: Inputs) -> dict[str, str]:
    """Returns a digest of the way of counting, of the races' rules and, if flags are known, of those that set them."""
    versions = (METHOD, FOLDING, bursts.VERSION, links.VERSION, words.VERSION)
    known = AUTHOR_ACTIVITY.name in inputs
    bots = (inputs.methods.get(AUTHOR_ACTIVITY.name, ""), topic.bots.flag_at) if known else ()
    return {"": digest(*versions, *(race.method for race in topic.races), *bots)}


JOB = Job(
    name="shared_items",
    inputs=(
        Posts(COLUMNS, reach=reach, further=further_columns, computed=masks_of),
        Published(AUTHOR_ACTIVITY, ["author", "label", "period", "bot_score"], optional=True),
        Names(),
    ),
    outputs=(Output(TOPIC_VOLUME, rules=(VOLUME_RULE,)), Output(TOP_ITEMS, rules=(ITEMS_RULE,))),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))

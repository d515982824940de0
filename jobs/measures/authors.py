"""Authors: their names in graphs and tables, and the authors whom the bot rules flag."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic


def known_as() -> Column:
    """Returns the name of a post's author in graphs and tables: the handle, or the id if no handle is known."""
    return F.coalesce("author", "author_id")


def account() -> Column:
    """Returns what tells a post's author from all others: the network and the network's author id."""
    return F.concat_ws(":", "source", "author_id")


def flagged(activity: DataFrame, topic: Topic) -> DataFrame:
    """Returns the authors, one row each, whose score over the whole window reaches the topic's `flag_at`.

    `activity` has rows of `author_activity` of one window; those of hours and days are ignored.
    """
    reached = (F.col("period") == "window") & (F.col("bot_score") >= topic.bots.flag_at)
    return activity.where(reached).groupBy("author").agg(F.count(F.lit(1))).select("author")

"""Interactions: for each post, the pairs of accounts or hashtags that become edges of the five graphs.

In `retweet`, `reply` and `quote`, an edge goes from a post's author to the author of the post that was retweeted,
answered or quoted. A post that answers one post and quotes another gives an edge in both graphs. If a retweeted post
itself quotes or answers a post, this counts for that post's own author, not for the retweeter. `mention` goes to each
mentioned author, once per post; retweets do not count. `hashtag` joins every two hashtags of a post, in order of their
text, once per post; retweets do not count here, either. If the other author is unknown, there is no interaction.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.measures import authors
from jobs.measures.authors import account, mentioned_again, named, resolved

COLUMNS = [
    *(*authors.COLUMNS, "kind", "mentions", "hashtags"),
    *("retweet_of_author", "reply_to_author", "quote_of_author"),
]
"""The columns of `posts` from which interactions are made."""
_TYPE = "array<struct<graph: string, src: string, dst: string>>"


def interactions(posts: DataFrame) -> DataFrame:
    """Returns one row per interaction, also with oneself: graph, src, dst, event_at, posts; accounts by their keys.

    The sum of `posts` is the number of posts: it is 1, and less than 0 where a post would count again, since it
    mentions one account under two handles.
    """
    author, kind = account(), F.col("kind")
    own = kind != "retweet"
    found = F.concat(
        _to_one("retweet", author, named(F.col("retweet_of_author")), kind == "retweet"),
        _to_one("reply", author, named(F.col("reply_to_author")), own),
        _to_one("quote", author, named(F.col("quote_of_author")), own),
        _when(own & author.isNotNull(), _mentions(author)),
        _when(own, _pairs(F.array_sort(F.array_distinct("hashtags")))),
    )
    pairs = posts.select("event_at", F.explode(found).alias("one")).select("one.*", "event_at", F.lit(1).alias("posts"))
    rows = resolved(pairs, "dst", posts, unless=F.col("graph") == "hashtag")
    again = mentioned_again(posts).select(F.lit("mention").alias("graph"), "*", (-F.col("again")).alias("posts"))
    return rows.unionByName(again.drop("again"))


def _to_one(graph: str, src: Column, dst: Column, wanted: Column) -> Column:
    known = wanted & src.isNotNull() & dst.isNotNull()
    return _when(known, F.array(_edge(graph, src, dst)))


def _mentions(author: Column) -> Column:
    return F.transform(F.array_distinct("mentions"), lambda other: _edge("mention", author, named(other)))


def _pairs(tags: Column) -> Column:
    """Returns an edge for every two elements of a sorted array, from the lesser to the greater."""
    return F.flatten(
        F.transform(
            tags,
            lambda one, place: F.transform(
                F.slice(tags, place + 2, F.size(tags)), lambda other: _edge("hashtag", one, other)
            ),
        )
    )


def _edge(graph: str, src: Column, dst: Column) -> Column:
    return F.struct(F.lit(graph).alias("graph"), src.alias("src"), dst.alias("dst"))


def _when(wanted: Column, edges: Column) -> Column:
    """Returns `edges` if they are wanted and not null, else an empty array."""
    return F.coalesce(F.when(wanted, edges), F.array()).cast(_TYPE)

"""Interactions: who acted on whom in each post, for the five graphs (DESIGN 5).

`retweet`, `reply` and `quote` go from a post's author to the author of the post that it repeats, answers or quotes. A
post that answers one and quotes another is in both; what a retweet's post quotes or answers is its author's doing, not
the retweeter's. `mention` goes to each mentioned author, once a post, and leaves retweets out. `hashtag` joins each two
hashtags of a post, once a post, in order of their text, and leaves retweets out too. Where the other author is
unknown there is no interaction.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.measures.authors import known_as

COLUMNS = [
    *("author_id", "author", "kind", "event_at", "mentions", "hashtags"),
    *("retweet_of_author", "reply_to_author", "quote_of_author"),
]
"""Of `posts`, what interactions are made from."""
_TYPE = "array<struct<graph: string, src: string, dst: string>>"


def interactions(posts: DataFrame) -> DataFrame:
    """graph, src, dst, event_at: one row an interaction, self-interactions included."""
    author, kind = known_as(), F.col("kind")
    own = kind != "retweet"
    found = F.concat(
        _to_one("retweet", author, F.col("retweet_of_author"), kind == "retweet"),
        _to_one("reply", author, F.col("reply_to_author"), own),
        _to_one("quote", author, F.col("quote_of_author"), own),
        _when(own & author.isNotNull(), _mentions(author)),
        _when(own, _pairs(F.array_sort(F.array_distinct("hashtags")))),
    )
    return posts.select("event_at", F.explode(found).alias("one")).select("one.*", "event_at")


def _to_one(graph: str, src: Column, dst: Column, wanted: Column) -> Column:
    known = wanted & src.isNotNull() & dst.isNotNull()
    return _when(known, F.array(_edge(graph, src, dst)))


def _mentions(author: Column) -> Column:
    return F.transform(F.array_distinct("mentions"), lambda other: _edge("mention", author, other))


def _pairs(tags: Column) -> Column:
    """Every two of a sorted array, the lesser first."""
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
    """The edges where they are wanted and there are any, else none."""
    return F.coalesce(F.when(wanted, edges), F.array()).cast(_TYPE)

"""The edges of graphs with two kinds of nodes: who links to which site, who uses which hashtag, which go together.

In `author_host`, an edge joins an author and a site (a registrable domain) to which the author's posts link; in
`author_hashtag`, an author and a hashtag; in `hashtag_host`, a hashtag and a site of the same post. The weight is the
number of posts. A post counts once for a pair, and retweets do not count, as in the graph `hashtag`. Which links lead
to which site says `links.py`; those into the post's own network are left out.

The nodes of one graph have different names: an account has its key, such as `x:12`, a hashtag begins with `#`, and a
site has no `#`, and no `:` but within the brackets of a numeric address.

A post gives as many edges to `hashtag_host` as it has hashtags times sites. It has at most 1,000 of each
(`ingest/formats/limits.py`), so that is a million at most. They are made one by one, never held together.
"""

from collections.abc import Collection
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.measures.authors import account
from jobs.measures.post_links import with_sites

TAG = "#"
"""What stands before a hashtag in a node's name."""
_OF_HOSTS = ("author_host", "hashtag_host")


def further_columns(topic: Topic) -> list[str]:
    """Returns the columns of posts that only the graphs of links need: none if the topic does not ask for these."""
    return ["urls"] if set(_OF_HOSTS) & set(topic.graph.kinds) else []


def two_mode_pairs(posts: DataFrame, kinds: Collection[str]) -> DataFrame | None:
    """Returns one row per post and pair: graph, src, dst, event_at, posts (1). None without `kinds`."""
    if not kinds:
        return None
    own = posts.where(F.col("kind") != "retweet").withColumn("voter", account())
    tags = F.transform(F.array_distinct(F.coalesce("hashtags", F.array())), lambda tag: F.concat(F.lit(TAG), tag))
    told = own.withColumn("tags", tags)
    parts = list[DataFrame]()
    if "author_hashtag" in kinds:
        parts.append(_named(told.select("event_at", _by_author("author_hashtag"), F.explode("tags").alias("dst"))))
    if starts := [_starts(graph) for graph in _OF_HOSTS if graph in kinds]:
        linking = with_sites(told, "event_at", "voter", "tags")
        # Two steps, so that a post's pairs are never in one array.
        begun = linking.select("event_at", "sites", F.explode(F.concat(*starts)).alias("begin"))
        parts.append(_named(begun.select("event_at", "begin", F.explode("sites").alias("dst"))))
    return reduce(DataFrame.unionByName, parts)


def _starts(graph: str) -> Column:
    if graph == "author_host":
        return F.array(F.struct(F.lit(graph).alias("graph"), F.col("voter").alias("src")))
    return F.transform("tags", lambda tag: F.struct(F.lit(graph).alias("graph"), tag.alias("src")))


def _by_author(graph: str) -> Column:
    return F.struct(F.lit(graph).alias("graph"), F.col("voter").alias("src")).alias("begin")


def _named(pairs: DataFrame) -> DataFrame:
    known = pairs.where(F.col("begin.src").isNotNull())
    return known.select("begin.*", "dst", "event_at", F.lit(1).alias("posts"))

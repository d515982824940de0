"""The actions by which accounts may act together: what each post shares, from Spark's frames or Arrow tables of posts.

The kinds of objects are the retweeted post; the link (`links.py`); the text, as the family of texts that are nearly the
same; the hashtags of a post in their order, at least LEAST_HASHTAGS; and the post that is answered. A retweet shares
the retweeted post alone: its links, text and hashtags are another account's.

Left out are an account's retweets of itself and answers to itself; links into any network; and the hashtags of the
races, under which everybody posts.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.framework.local import arrow_schema
from jobs.measures import authors
from jobs.measures.authors import account
from jobs.measures.family_rows import LONGEST_TEXT
from jobs.measures.links import OWN_SITES
from jobs.measures.post_links import links_out, servers

LEAST_HASHTAGS = 3
LONGEST_TAGS = 1000
"""Characters. Of longer hashtags, the beginning and a hash stand for all: Cassandra's keys are short."""
COLUMNS = [
    *(*authors.COLUMNS, "kind", "folded", "text", "urls", "hashtags", "mentions", "author_is_bot", "author_followers"),
    *("retweet_of", "retweet_of_author", "reply_to", "reply_to_author"),
]
"""The columns of posts from which actions are made, and what is told of accounts."""
ACTIONS = "kind string, object string, account string, at_ms bigint, declared boolean"
"""The schema of actions. `declared` says that the account calls itself automated."""
_OF_COLUMNS = {"retweet": "retweeted", "reply": "answered", "hashtags": "tagged"}
_OF_NETWORKS = frozenset(site for sites in OWN_SITES.values() for site in sites)


def _who() -> list[Column]:
    """Returns who acts, and when."""
    declared = F.coalesce("author_is_bot", F.lit(False)).alias("declared")
    return [account().alias("account"), F.unix_millis("event_at").alias("at_ms"), declared]


def sharing(posts: DataFrame, topic: Topic) -> DataFrame:
    """Returns the posts that may share something but a text, with what each shares: the input of `actions_in`."""
    said = F.col("kind") != "retweet"
    retweets = (F.col("kind") == "retweet") & ~_is_own("retweet_of_author")
    answers = (F.col("kind") == "reply") & ~_is_own("reply_to_author")
    found = posts.where(account().isNotNull()).select(
        *_who(),
        "source",
        F.when(retweets, F.concat("source", F.lit(":"), "retweet_of")).alias("retweeted"),
        F.when(answers, F.concat("source", F.lit(":"), "reply_to")).alias("answered"),
        F.when(said, _tags(topic)).alias("tagged"),
        F.when(said & (F.size("urls") > 0), F.col("urls")).alias("urls"),
        servers().alias("servers"),
    )
    return found.where(F.coalesce("retweeted", "answered", "tagged").isNotNull() | F.col("urls").isNotNull())


def _is_own(of: str) -> Column:
    """Returns whether a post repeats or answers one of its author; not if one of the two is not known."""
    return F.coalesce(F.col("author") == F.col(of), F.lit(False))


def _tags(topic: Topic) -> Column:
    """Returns the hashtags of a post in order, without those of the races; null if they are few."""
    of_races = {tag for race in topic.races for one in race.candidates for tag in one.folded_hashtags}
    known = F.array(*map(F.lit, sorted(of_races))).cast("array<string>")
    tags = F.array_except("hashtags", known)  # keeps the order
    joined = F.concat(F.lit("#"), F.array_join(tags, " #"))
    short = F.when(F.length(joined) <= LONGEST_TAGS, joined).otherwise(
        F.concat(F.substring(joined, 1, LONGEST_TAGS), F.lit("… "), F.sha2(joined, 256))
    )
    return F.when(F.size(tags) >= LEAST_HASHTAGS, short)


def saying(posts: DataFrame) -> DataFrame:
    """Returns the posts with a text of their own, with the columns by which families of texts are found."""
    own = posts.where((F.col("kind") != "retweet") & F.col("folded").isNotNull() & account().isNotNull())
    text = F.substring(F.coalesce("text", "folded"), 1, LONGEST_TEXT).alias("text")
    return own.select(*_who(), F.unix_micros("event_at").alias("at_us"), "source", "post_id", "folded", text)


def actions_in(posts: pa.Table) -> pa.Table:
    """Returns the actions of posts as in ACTIONS, but for those with texts."""
    parts = [_of(posts, kind, posts[column], None) for kind, column in _OF_COLUMNS.items()]
    linking = posts.filter(posts["urls"].is_valid())
    links = links_out(linking)
    leads_out = pa.array([link.site not in _OF_NETWORKS for link in links.found], pa.bool_())
    keys = pa.array([link.key for link in links.found], pa.string())
    parts.append(_of(linking, "link", pc.if_else(leads_out, keys, None), pa.array(links.row)))
    return pa.concat_tables(parts)


def _of(posts: pa.Table, kind: str, objects: "pa.Array | pa.ChunkedArray", rows: pa.Array | None) -> pa.Table:
    who = posts.select(["account", "at_ms", "declared"])
    who = who if rows is None else who.take(rows)
    columns = {"kind": pa.repeat(pa.scalar(kind), len(who)), "object": objects}
    table = pa.table({**columns, **{name: who[name] for name in who.column_names}})
    return table.filter(table["object"].is_valid()).cast(arrow_schema(ACTIONS))


def actions_of_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields the actions of batches of posts, in a Python worker."""
    for batch in batches:
        yield from actions_in(pa.Table.from_batches([batch])).to_batches()

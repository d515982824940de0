"""Columns that several tables use, and the values that some of them may have."""

from typing import Literal, get_args

from conf.schema import Column


def key(cql: str, doc: str) -> Column:
    """Returns a column that is never null."""
    return Column(cql, doc, nullable=False)


def count(doc: str) -> Column:
    """Returns a column that counts something: a whole number, at least 0, never null."""
    return Column("bigint", doc, nullable=False, least=0)


def share(doc: str, *, nullable: bool = True) -> Column:
    """Returns a column that holds a part of a whole, 0..1."""
    return Column("double", doc, nullable, least=0, greatest=1)


def one_of(doc: str, *values: str) -> Column:
    """Returns a text column, never null, that holds one of `values`."""
    return Column("text", doc, nullable=False, values=values)


Period = Literal["hour", "day", "window"]
PERIODS: tuple[Period, ...] = get_args(Period)
LONGER_PERIODS = ("day", "window")
"""The periods of tables without hours, since an hour has too few posts for them."""
Kind = Literal["original", "retweet", "reply", "quote"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of post."""
KIND_COLUMNS = dict(zip(("originals", "retweets", "replies", "quotes"), KINDS, strict=True))
"""The columns that count posts by kind, and the kind that each counts."""
NETWORKS = ("x", "bluesky", "mastodon")
A_NETWORK = f"{', '.join(NETWORKS[:-1])} or {NETWORKS[-1]}"
"""The networks in words: what a column `source` holds."""
OneModeGraph = Literal["retweet", "reply", "quote", "mention", "hashtag"]
TwoModeGraph = Literal["author_host", "author_hashtag", "hashtag_host"]
Graph = Literal[OneModeGraph, TwoModeGraph]
Mode = Literal["author", "hashtag", "host"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""The kinds of nodes of graphs."""
GRAPHS: tuple[Graph, ...] = get_args(Graph)
TWO_MODE_GRAPHS: dict[str, tuple[Mode, Mode]] = {
    "author_host": ("author", "host"),
    "author_hashtag": ("author", "hashtag"),
    "hashtag_host": ("hashtag", "host"),
}
"""The graphs with two kinds of nodes. Each edge leads from a node of the first kind to one of the second."""
TOP_MEASURES = ("pagerank", "in_weight", "out_weight", "in_degree", "out_degree")
"""The columns of graph_nodes by which graph_top_nodes ranks."""
ItemKind = Literal["host", "link", "media", "language", "client", "mentioned", "retweeted", "place", "word"]
ITEM_KINDS: tuple[ItemKind, ...] = get_args(ItemKind)
"""The kinds of items of top_items."""
CoordinationKind = Literal["retweet", "link", "text", "hashtags", "reply"]
COORDINATION_KINDS: tuple[CoordinationKind, ...] = get_args(CoordinationKind)
"""What accounts may share: a retweeted post, a link, a text, hashtags in order, a post that they answer."""
SHAPES = ("star", "chain", "tree")
"""The shapes of conversations."""
UNDIRECTED_GRAPHS = frozenset({"hashtag", *TWO_MODE_GRAPHS})
"""The graphs whose edges have no direction; all others are directed."""


ACCOUNT = "network:id, such as x:12; where only the handle is known, x:@handle"
"""An account in words: what a column `author`, or a node of a graph, holds."""
LABEL = {"label": key("text", "latest handle that is known; without one, the id. What people read; it can change")}
OF_THAT_POST = {
    "author": Column("text", f"author of that post: {ACCOUNT}; null if unknown"),
    "label": Column("text", "latest handle of the author that is known; without one, the id; null if unknown"),
}
"""Who wrote a post that need not be stored."""

TOPIC = {"topic": key("text", "topic id")}
PERIOD_COLUMNS = {
    **TOPIC,
    "period": one_of("hour, day or window", *PERIODS),
    "period_start": key("timestamp", "start of the period, UTC, included"),
    "period_end": key("timestamp", "end of the period, UTC, excluded"),
}
LONGER_PERIOD_COLUMNS = {**PERIOD_COLUMNS, "period": one_of("day or window", *LONGER_PERIODS)}
"""Those of tables without hours."""
GRAPH_COLUMNS = {**PERIOD_COLUMNS, "graph": one_of(f"{', '.join(GRAPHS[:-1])} or {GRAPHS[-1]}", *GRAPHS)}
RUN = {
    "run_id": key("timeuuid", "the run that published the row"),
    "computed_at": key("timestamp", "start of that run, UTC; always later than the start of every earlier run"),
}
BUCKET = {"bucket": key("int", "CRC-32 of the last key column, modulo the number of buckets of the period")}
KIND_COUNTS = {name: count(f"{name} among these posts") for name in KIND_COLUMNS}
METHOD = {
    "method": key("text", "digest of what the figures depend on: rules, folding, counting method, bot thresholds")
}
STARTS_ENDS = ("period_start", "period_end")
PERIOD_KEY = ("period", *STARTS_ENDS)
"""The columns that identify one period of a topic."""

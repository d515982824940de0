"""Every table, declared once (DESIGN 6). Nothing here imports Spark or opens a session."""

from conf.schema import Column, Table


def _key(cql: str, doc: str) -> Column:
    return Column(cql, doc, nullable=False)


def _count(doc: str) -> Column:
    return Column("bigint", doc, nullable=False, least=0)


def _share(doc: str, *, nullable: bool = True) -> Column:
    return Column("double", doc, nullable, least=0, greatest=1)


def _one_of(doc: str, *values: str) -> Column:
    return Column("text", doc, nullable=False, values=values)


PERIODS = ("hour", "day", "window")
LONGER_PERIODS = ("day", "window")
"""Of tables that say nothing by the hour, where it holds too few posts."""
KINDS = ("original", "retweet", "reply", "quote")
NETWORKS = ("x", "bluesky", "mastodon")
GRAPHS = ("retweet", "reply", "quote", "mention", "hashtag")
TOP_MEASURES = ("pagerank", "in_weight", "out_weight", "in_degree", "out_degree")
"""Of graph_nodes: those by which graph_top_nodes ranks."""
UNDIRECTED_GRAPHS = frozenset({"hashtag"})
"""Graphs whose edges count both ways; all others are directed."""


_TOPIC = {"topic": _key("text", "topic id")}
_PERIOD = {
    **_TOPIC,
    "period": _one_of("hour, day or window", *PERIODS),
    "period_start": _key("timestamp", "UTC, included"),
    "period_end": _key("timestamp", "UTC, excluded"),
}
_GRAPH = {**_PERIOD, "graph": _one_of("retweet, reply, quote, mention or hashtag", *GRAPHS)}
_RUN = {
    "run_id": _key("timeuuid", "the run that published the row"),
    "computed_at": _key("timestamp", "when that run computed it, UTC"),
}
_BUCKET = {"bucket": _key("int", "CRC-32 of the last key column, modulo the partitions of the period")}
_KINDS = {
    "originals": _count("of these, originals"),
    "retweets": _count("of these, retweets"),
    "replies": _count("of these, replies"),
    "quotes": _count("of these, quotes"),
}
_METHOD = {"method": _key("text", "digest of the race's rules and the counting method")}
_STARTS_ENDS = ("period_start", "period_end")

POSTS = Table(
    name="posts",
    doc="One row a post and topic, on the topic's day of its event time.",
    partition=("topic", "day", "bucket"),
    clustering=("source", "post_id"),
    columns={
        **_TOPIC,
        "day": _key("date", "day of event_at in the topic's time zone"),
        "bucket": _key("int", "CRC-32 of post_id modulo the topic's buckets"),
        "source": _one_of("x, bluesky or mastodon", *NETWORKS),
        "post_id": _key("text", "the network's id; did/rkey on Bluesky"),
        "event_at": _key("timestamp", "when it was posted, by the network's clock, UTC"),
        "author_id": _key("text", "the network's author id"),
        "author": Column("text", "handle in lower case (X), DID (Bluesky), user@server (Mastodon)"),
        "text": Column("text", "the full text; for a retweet, the retweeted post's"),
        "lang": Column("text", "language tag as the network gives it"),
        "kind": _one_of("original, retweet, reply or quote", *KINDS),
        "retweet_of": Column("text", "post id"),
        "retweet_of_author": Column("text", "as author"),
        "reply_to": Column("text", "post id"),
        "reply_to_author": Column("text", "as author"),
        "quote_of": Column("text", "post id"),
        "quote_of_author": Column("text", "as author"),
        "folded": Column("text", "the text as matching sees it: URLs and handles blanked, folded"),
        "hashtags": Column("frozen<list<text>>", "folded, without #"),
        "mentions": Column("frozen<list<text>>", "mentioned handles, as author"),
        "urls": Column("frozen<list<text>>", "as the network expands them"),
        "words": Column("set<text>", "distinct words of folded, and each hashtag with its #"),
        "place": Column("text", "full name of the tagged place"),
        "lat": Column("double", "degrees"),
        "lon": Column("double", "degrees"),
        "author_followers": Column("bigint", "when the post was delivered"),
        "author_following": Column("bigint", "accounts that the author follows, when the post was delivered"),
        "author_created_at": Column("timestamp", "the account's, UTC"),
        "author_is_bot": Column("boolean", "whether the account says that it is automated (Mastodon)"),
        "client": Column("text", "label of the app that posted it (X, Mastodon)"),
        "collected_at": Column("timestamp", "when it was collected, where that is known, UTC"),
    },
    indexes={"author_idx": "author", "words_idx": "values(words)"},
    options={"gc_grace_seconds": 315_360_000},  # ten years: a deleted post's tombstone must outlive every replay
)

TOPIC_LAYOUT = Table(
    name="topic_layout",
    doc="How a topic's posts are partitioned; written at its first post, so that a changed file cannot split it.",
    partition=("topic",),
    clustering=(),
    columns={
        **_TOPIC,
        "timezone": _key("text", "whose days posts.day means"),
        "buckets": _key("int", "partitions a day"),
    },
)

CANDIDATE_POLL = Table(
    name="candidate_poll",
    doc="Share of conversation of each candidate, period by period. Not a forecast.",
    partition=("topic", "race", "period"),
    clustering=(*_STARTS_ENDS, "candidate"),
    columns={
        **_PERIOD,
        "race": _key("text", "race id"),
        "candidate": _key("text", "candidate id"),
        "name": _key("text", "candidate's name"),
        "posts": _count("posts that mention the candidate"),
        **_KINDS,
        "authors": _count("authors of these"),
        "share_posts": _share("posts over the sum of posts across the race, 0..1", nullable=False),
        "share_authors": _share("mean over authors of the author's split vote, 0..1", nullable=False),
        "share_authors_low": _share("95 % interval, lower end; null for a single author"),
        "share_authors_high": _share("95 % interval, upper end; null for a single author"),
        "share_authors_no_bots": _share("share_authors without flagged authors; null until they are known"),
        "posts_total": _count("distinct posts that mention anyone in the race"),
        "authors_total": _count("authors who mention anyone in the race"),
        "coverage": _share("part of the period collected live, 0..1; null where nothing was"),
        **_METHOD,
        **_RUN,
    },
)

POLL_BACKTEST = Table(
    name="poll_backtest",
    doc="How far each measure was from the official outcome.",
    partition=("topic", "race"),
    clustering=("measure",),
    columns={
        **_TOPIC,
        "race": _key("text", "race id"),
        "measure": _key("text", "which share, over which window before the vote; or poll:, and an opinion poll's name"),
        "mae": _share("mean absolute error over the candidates with an outcome, 0..1", nullable=False),
        "mae_uniform": _share("the same of a guess of equal shares", nullable=False),
        "window_start": _key("timestamp", "UTC, included"),
        "window_end": _key("timestamp", "UTC, excluded"),
        **_METHOD,
        **_RUN,
    },
)

HASHTAG_TRENDS = Table(
    name="hashtag_trends",
    doc="The most used hashtags of a period, and which of them burst.",
    partition=("topic", "period"),
    clustering=(*_STARTS_ENDS, "rank"),
    columns={
        **_PERIOD,
        "rank": _key("int", "1 is the most used"),
        "hashtag": _key("text", "folded, without #"),
        "posts": _count("posts that carry it"),
        "authors": _count("authors of these"),
        "previous_posts": Column("bigint", "posts in the period right before; null where that is not read", least=0),
        "burst": Column("double", "bits over what was to be expected, at the least; null without a baseline"),
        **_RUN,
    },
)

CANDIDATE_HASHTAGS = Table(
    name="candidate_hashtags",
    doc="What each candidate's conversation is about, next to that of the race's other candidates.",
    partition=("topic", "race", "period"),
    clustering=(*_STARTS_ENDS, "candidate", "rank"),
    columns={
        **_TOPIC,
        "race": _key("text", "race id"),
        "period": _one_of("day or window", *LONGER_PERIODS),
        "period_start": _PERIOD["period_start"],
        "period_end": _PERIOD["period_end"],
        "candidate": _key("text", "candidate id"),
        "rank": _key("int", "1 has the highest z_score"),
        "hashtag": _key("text", "folded, without #"),
        "posts": _count("posts that mention the candidate and carry it"),
        "authors": _count("authors of these"),
        "log_odds": _key("double", "log-odds ratio against the race's other posts, natural logarithm, above 0"),
        "z_score": _key("double", "log_odds over its standard deviation"),
        **_METHOD,
        **_RUN,
    },
)

AUTHOR_ACTIVITY = Table(
    name="author_activity",
    doc="What each author posted, and which bot rules fired. Says nothing of anyone's leaning.",
    partition=("topic", "period", "period_start", "period_end", "bucket"),
    clustering=("author",),
    columns={
        **_PERIOD,
        **_BUCKET,
        "author": _key("text", "as in posts; the author id where the handle is unknown"),
        "posts": _count("posts by the author"),
        **_KINDS,
        "mentions_received": _count("posts of others that mention the author"),
        "followers": Column("bigint", "as last delivered"),
        "bot_score": _share("sum of the weights of the rules that fired, 0..1", nullable=False),
        "bot_flags": Column("frozen<list<text>>", "names of the rules that fired"),
        **_RUN,
    },
)

GRAPH_SUMMARY = Table(
    name="graph_summary",
    doc="One row a graph and period.",
    partition=("topic", "graph", "period"),
    clustering=_STARTS_ENDS,
    columns={
        **_GRAPH,
        "nodes": _count("nodes"),
        "edges": _count("edges"),
        "weight": _count("sum of the edges' weights"),
        "self_edges": _count("edges from a node to itself: left out, counted here"),
        "density": _share("0..1; null for fewer than two nodes"),
        "reciprocity": _share("edges whose reverse is there, 0..1; null for the undirected graph"),
        "components": _count("weakly connected components"),
        "giant_share": _share("nodes in the largest component, 0..1"),
        "communities": _count("communities"),
        "modularity": Column("double", "of these communities"),
        "engine": _key("text", "which engine computed it: igraph or spark; none where there was nothing to compute"),
        **_RUN,
    },
)

GRAPH_NODES = Table(
    name="graph_nodes",
    doc="Measures of each node.",
    partition=("topic", "graph", "period", *_STARTS_ENDS, "bucket"),
    clustering=("node",),
    columns={
        **_GRAPH,
        **_BUCKET,
        "node": _key("text", "handle, DID, user@server or folded hashtag"),
        "in_degree": _count("edges in"),
        "out_degree": _count("edges out"),
        "in_weight": _count("posts in"),
        "out_weight": _count("posts out"),
        "pagerank": _share("sums to 1 over the graph", nullable=False),
        "component": _key("bigint", "0 is the largest"),
        "community": _key("bigint", "0 is the largest"),
        "first_at": _key("timestamp", "first post of its edges, UTC"),
        "last_at": _key("timestamp", "last post of its edges, UTC"),
        **_RUN,
    },
)

GRAPH_TOP_NODES = Table(
    name="graph_top_nodes",
    doc="The first nodes by each measure.",
    partition=("topic", "graph", "period", *_STARTS_ENDS, "measure"),
    clustering=("rank",),
    columns={
        **_GRAPH,
        "measure": _key("text", "a column of graph_nodes"),
        "rank": _key("int", "1 is the highest"),
        "node": _key("text", "as in graph_nodes"),
        "value": _key("double", "of the measure"),
        **_RUN,
    },
)

GRAPH_EDGES = Table(
    name="graph_edges",
    doc="Aggregated edges.",
    partition=("topic", "graph", "period", *_STARTS_ENDS, "bucket"),
    clustering=("src", "dst"),
    columns={
        **_GRAPH,
        **_BUCKET,
        "src": _key("text", "acting author, or the first hashtag in order"),
        "dst": _key("text", "the other author, or the second hashtag"),
        "weight": _count("posts"),
        "first_at": _key("timestamp", "first post, UTC"),
        "last_at": _key("timestamp", "last post, UTC"),
        **_RUN,
    },
)

CASCADES = Table(
    name="cascades",
    doc="The most retweeted posts of a period, and how they spread.",
    partition=("topic", "period"),
    clustering=(*_STARTS_ENDS, "rank"),
    columns={
        **_TOPIC,
        "period": _one_of("day or window", *LONGER_PERIODS),
        "period_start": _PERIOD["period_start"],
        "period_end": _PERIOD["period_end"],
        "rank": _key("int", "1 was retweeted most"),
        "source": _one_of("x, bluesky or mastodon", *NETWORKS),
        "post_id": _key("text", "the retweeted post, stored or not"),
        "author": Column("text", "of that post, as in posts; null where unknown"),
        "posted_at": Column("timestamp", "when it was posted, UTC; null where it is not stored in the window"),
        "retweets": _count("retweets of it in the period"),
        "retweeters": _count("authors of these"),
        "quotes": _count("quotes of it in the period"),
        "depth": Column("bigint", "longest chain of quotes below it, what repeats the last included", False, least=1),
        "first_at": _key("timestamp", "first retweet of the period, UTC"),
        "last_at": _key("timestamp", "last retweet of the period, UTC"),
        "duration_seconds": Column("double", "from the post, or the first retweet, to the last", False, least=0),
        "half_life_seconds": Column("double", "to the retweet with which half of them are there", False, least=0),
        **_RUN,
    },
)

COLLECTION_GAPS = Table(
    name="collection_gaps",
    doc="When live collection was down, throttled or shedding.",
    partition=("topic", "source"),
    clustering=("gap_start",),
    columns={
        **_TOPIC,
        "source": _key("text", "x, bluesky or mastodon"),
        "gap_start": _key("timestamp", "UTC, included"),
        "gap_end": Column("timestamp", "UTC, excluded; null while it lasts"),
        "reason": _key("text", "why"),
        "posts_lost_estimate": Column("bigint", "null where it can't be told"),
    },
)

COLLECTION_THROUGH = Table(
    name="collection_through",
    doc="Until when everything that live collection took is stored; nothing later is covered.",
    partition=("topic",),
    clustering=("source",),
    columns={
        **_TOPIC,
        "source": _key("text", "x, bluesky or mastodon"),
        "through": _key("timestamp", "UTC, excluded"),
    },
)

DATA_QUALITY = Table(
    name="data_quality",
    doc="Each expectation checked by each run, those of a run that then failed included.",
    partition=("job", "topic"),
    clustering=("run_id", "expectation"),
    descending=("run_id",),
    columns={
        "job": _key("text", "job name"),
        **_TOPIC,
        "run_id": _key("timeuuid", "the run"),
        "expectation": _key("text", "what was expected, of which column"),
        "target": _key("text", "table or input"),
        "success": _key("boolean", "whether it held"),
        "observed": Column("text", "what was found"),
        "severity": _key("text", "error or warning"),
        "checked_at": _key("timestamp", "UTC"),
    },
)

JOB_RUNS = Table(
    name="job_runs",
    doc="Each run of each job, newest first.",
    partition=("job", "topic"),
    clustering=("started_at",),
    descending=("started_at",),
    columns={
        "job": _key("text", "job name"),
        **_TOPIC,
        "started_at": _key("timestamp", "UTC"),
        "run_id": _key("timeuuid", "the run"),
        "status": _key("text", "running, succeeded or failed"),
        "window_start": _key("timestamp", "UTC, included"),
        "window_end": _key("timestamp", "UTC, excluded"),
        "rows_read": Column("bigint", "posts in the window"),
        "rows_written": Column("bigint", "summary rows published"),
        "seconds": Column("double", "from start to end"),
        "method": Column("text", "digests of what was counted"),
        "error": Column("text", "one line, when it failed"),
    },
)

TABLES = (
    POSTS,
    TOPIC_LAYOUT,
    CANDIDATE_POLL,
    POLL_BACKTEST,
    HASHTAG_TRENDS,
    CANDIDATE_HASHTAGS,
    AUTHOR_ACTIVITY,
    GRAPH_SUMMARY,
    GRAPH_NODES,
    GRAPH_TOP_NODES,
    GRAPH_EDGES,
    CASCADES,
    COLLECTION_GAPS,
    COLLECTION_THROUGH,
    DATA_QUALITY,
    JOB_RUNS,
)
"""All tables, in the order in which they are made."""

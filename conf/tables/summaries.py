"""The small tables of results. Each part (race or graph) and kind of period is one partition.

A run replaces the rows of its window in a partition in one batch. If there are very many rows, it uses a few batches,
each of whole periods.
"""

from conf.schema import Column, Table
from conf.tables.columns import (
    ACCOUNT,
    GRAPH_COLUMNS,
    ITEM_KINDS,
    KIND_COUNTS,
    LONGER_PERIOD_COLUMNS,
    METHOD,
    PERIOD_COLUMNS,
    RUN,
    STARTS_ENDS,
    TOPIC,
    count,
    key,
    one_of,
    share,
)

CANDIDATE_POLL = Table(
    name="candidate_poll",
    job="candidate_poll",
    part="race",
    doc="Share of conversation of each candidate, for each period. Not a forecast.",
    partition=("topic", "race", "period"),
    clustering=(*STARTS_ENDS, "candidate"),
    columns={
        **PERIOD_COLUMNS,
        "race": key("text", "race id"),
        "candidate": key("text", "candidate id"),
        "name": key("text", "candidate's name"),
        "posts": count("posts that mention the candidate"),
        **KIND_COUNTS,
        "authors": count("authors of these posts"),
        "share_posts": share("posts, divided by the sum of posts over the race's candidates, 0..1", nullable=False),
        "share_authors": share(
            "mean over all authors of the author's vote for the candidate (one author, one vote), 0..1", nullable=False
        ),
        "share_authors_low": share("lower end of the 95 % interval of share_authors, 0..1; null for a single author"),
        "share_authors_high": share("upper end of the 95 % interval of share_authors, 0..1; null for a single author"),
        "share_authors_no_bots": share(
            "share_authors without authors flagged as bots, 0..1; null if flags are unknown or all authors are flagged"
        ),
        "share_authors_no_groups": share(
            "share_authors without authors in groups that act together, 0..1; null if no run of coordination covers "
            "the window or all authors are in groups"
        ),
        "posts_total": count("distinct posts that mention anyone in the race"),
        "authors_total": count("authors who mention anyone in the race"),
        "coverage": share(
            "part of the period in which live collection was up, 0..1; null if the topic was never collected live"
        ),
        **METHOD,
        **RUN,
    },
)

POLL_BACKTEST = Table(
    name="poll_backtest",
    job="poll_backtest",
    part="race",
    doc="How far each measure was from the official outcome.",
    partition=("topic", "race"),
    clustering=("measure",),
    columns={
        **TOPIC,
        "race": key("text", "race id"),
        "measure": key(
            "text",
            "share and time span before the vote, such as share_authors:last_week; or an opinion poll, as poll:NAME",
        ),
        "mae": share("mean absolute error over the candidates with an outcome, 0..1", nullable=False),
        "mae_uniform": share("mean absolute error of equal shares for all candidates, 0..1", nullable=False),
        "window_start": key("timestamp", "start of the span, or of the poll's last day of interviews, UTC, included"),
        "window_end": key("timestamp", "end of the span or of that day, UTC, excluded"),
        **METHOD,
        **RUN,
    },
)

HASHTAG_TRENDS = Table(
    name="hashtag_trends",
    job="hashtag_trends",
    doc="The most used hashtags of a period, and whether suddenly more authors use them.",
    partition=("topic", "period"),
    clustering=(*STARTS_ENDS, "rank"),
    columns={
        **PERIOD_COLUMNS,
        "rank": key("int", "1 is the most used"),
        "hashtag": key("text", "folded, without #"),
        "posts": count("posts that contain it, retweets included"),
        "authors": count("authors of these posts"),
        "previous_posts": Column(
            "bigint", "posts with it in the period right before; null for a window of more than 7 days", least=0
        ),
        "burst": Column(
            "double", "log2(authors / expected authors), lower 95 % limit, bits; above 0: a burst; null if unknown"
        ),
        **RUN,
    },
)

CANDIDATE_HASHTAGS = Table(
    name="candidate_hashtags",
    job="candidate_hashtags",
    part="race",
    doc="The hashtags that are typical of each candidate's posts, compared with the race's other posts.",
    partition=("topic", "race", "period"),
    clustering=(*STARTS_ENDS, "candidate", "rank"),
    columns={
        **TOPIC,
        "race": key("text", "race id"),
        **LONGER_PERIOD_COLUMNS,
        "candidate": key("text", "candidate id"),
        "rank": key("int", "1 has the highest z_score"),
        "hashtag": key("text", "folded, without #"),
        "posts": count("posts that mention the candidate and contain it"),
        "authors": count("authors of these posts"),
        "log_odds": key("double", "log-odds ratio to the race's other posts (natural logarithm); always above 0"),
        "z_score": key("double", "log_odds divided by its standard deviation"),
        **METHOD,
        **RUN,
    },
)

GRAPH_SUMMARY = Table(
    name="graph_summary",
    job="network_graph",
    part="graph",
    doc="Size and structure of each graph, one row per graph and period.",
    partition=("topic", "graph", "period"),
    clustering=STARTS_ENDS,
    columns={
        **GRAPH_COLUMNS,
        "nodes": count("nodes"),
        "edges": count("edges"),
        "weight": count("sum of the edges' weights"),
        "self_edges": count("edges from a node to itself; all other figures ignore them"),
        "density": share("edges divided by all possible edges (of two modes: between these), 0..1; null without edges"),
        "reciprocity": share("share of edges whose reverse exists, too, 0..1; null for undirected graphs"),
        "components": count("weakly connected components"),
        "giant_share": share("share of nodes in the largest component, 0..1"),
        "communities": count("communities"),
        "modularity": Column("double", "modularity of these communities"),
        "engine": key("text", "the engine that computed it: igraph or spark; none if there was nothing to compute"),
        **RUN,
    },
)

TOPIC_VOLUME = Table(
    name="topic_volume",
    job="shared_items",
    doc="How many posts a topic had in a period, of which kinds, and by how many authors.",
    partition=("topic", "period"),
    clustering=STARTS_ENDS,
    columns={
        **PERIOD_COLUMNS,
        "posts": count("posts"),
        **KIND_COUNTS,
        "authors": count("authors of these posts"),
        "new_authors": count("authors whose first post of the job's window is in this period"),
        "with_link": count("posts with a link that leads out of the post's own network"),
        "with_own_link": count("posts with a link into the post's own network"),
        "with_hashtag": count("posts with a hashtag, retweets included"),
        "with_mention": count("posts that mention an account; retweets do not count"),
        "with_place": count("posts with a tagged place"),
        "share_top_authors": share(
            "posts by the most active 1 % of the authors (rounded up), divided by posts, 0..1", nullable=False
        ),
        "share_flagged": share("posts by authors flagged as bots, divided by posts, 0..1; null if flags are unknown"),
        "coverage": share(
            "part of the period in which live collection was up, 0..1; null if the topic was never collected live"
        ),
        **RUN,
    },
)

TOP_ITEMS = Table(
    name="top_items",
    job="shared_items",
    part="kind",
    doc="What most posts of a period share: sites, links, media, languages, apps, accounts, places; words that burst.",
    partition=("topic", "kind", "period"),
    clustering=(*STARTS_ENDS, "rank"),
    columns={
        **PERIOD_COLUMNS,
        "kind": one_of(", ".join(ITEM_KINDS), *ITEM_KINDS),
        "rank": key("int", "1 is in the most posts; of words, 1 has the highest burst"),
        "item": key("text", f"what is compared; of mentioned and retweeted, an account: {ACCOUNT}"),
        "label": key("text", "what people read: a link's shortest address, an account's latest handle, else the item"),
        "posts": count("posts with the item"),
        "authors": count("authors of these posts"),
        "originals": count("originals among these posts"),
        "previous_posts": Column(
            "bigint", "posts with it in the period right before; null for a window of more than 7 days", least=0
        ),
        "burst": Column(
            "double", "log2(authors / expected authors), lower 95 % limit, bits; above 0: a burst; null if unknown"
        ),
        "share_flagged": share("posts by authors flagged as bots, divided by posts, 0..1; null if flags are unknown"),
        "first_at": key("timestamp", "time of the first of these posts in the period, UTC"),
        "candidate": Column(
            "text", "id of the candidate of whose posts it is most typical; null in hours, and if of nobody's"
        ),
        "log_odds": Column(
            "double", "log-odds ratio of that candidate's posts to the race's other posts (natural logarithm); above 0"
        ),
        **RUN,
    },
)

"""The small tables of what spreads: retweeted posts, texts of many accounts, conversations. See `summaries.py`."""

from conf.schema import Column, Table
from conf.tables.columns import (
    A_NETWORK,
    LONGER_PERIOD_COLUMNS,
    NETWORKS,
    OF_THAT_POST,
    RUN,
    SHAPES,
    STARTS_ENDS,
    count,
    key,
    one_of,
    share,
)

CASCADES = Table(
    name="cascades",
    job="cascades",
    doc="The most retweeted posts of a period, and how they spread.",
    partition=("topic", "period"),
    clustering=(*STARTS_ENDS, "rank"),
    columns={
        **LONGER_PERIOD_COLUMNS,
        "rank": key("int", "1 was retweeted most"),
        "source": one_of(A_NETWORK, *NETWORKS),
        "post_id": key("text", "the retweeted post, stored or not"),
        **OF_THAT_POST,
        "posted_at": Column(
            "timestamp", "when it was posted, UTC; null if it is not among the stored posts of the job's window"
        ),
        "retweets": count("retweets of it in the period"),
        "retweeters": count("authors of these retweets"),
        "quotes": count("quotes of it in the period"),
        "depth": Column(
            "bigint",
            "steps of the longest chain of quotes and a final retweet; 1: all of them are of the post itself",
            False,
            least=1,
        ),
        "first_at": key("timestamp", "time of the first retweet in the period, UTC"),
        "last_at": key("timestamp", "time of the last retweet in the period, UTC"),
        "duration_seconds": Column(
            "double", "seconds from the post (if unknown, from the first retweet) to the last retweet", False, least=0
        ),
        "half_life_seconds": Column(
            "double", "seconds, from the start of duration_seconds until half of the retweets", False, least=0
        ),
        **RUN,
    },
)


TEXT_FAMILIES = Table(
    name="text_families",
    job="text_families",
    doc="Texts that many accounts posted almost word for word, over all networks.",
    partition=("topic", "period"),
    clustering=(*STARTS_ENDS, "rank"),
    columns={
        **LONGER_PERIOD_COLUMNS,
        "rank": key("int", "1 has the most authors"),
        "family": key("text", "hash of the family's earliest text; the same in all periods of a run"),
        "text": key("text", "the family's earliest text in the job's window, at most 1,000 characters of it"),
        "post_id": key("text", "the post of that text"),
        "source": one_of(f"network of that post: {A_NETWORK}", *NETWORKS),
        "posts": count("posts of the family in the period, without retweets"),
        "authors": Column("bigint", "accounts that made them", False, least=2),
        "texts": Column("bigint", "different texts among them, folded, without URLs and handles", False, least=1),
        "sources": Column("frozen<list<text>>", "networks on which they were made", nullable=False),
        "first_at": key("timestamp", "time of the first of them, UTC"),
        "last_at": key("timestamp", "time of the last of them, UTC"),
        "half_life_seconds": Column("double", "seconds from the first until half of them were made", False, least=0),
        "share_flagged": share("posts by flagged authors, divided by posts, 0..1; null if flags are unknown"),
        "new_account_share": share(
            "accounts opened shortly before their first post in the period, divided by those whose age is known, "
            "0..1; null if none is known"
        ),
        "links": Column("frozen<list<text>>", "the first three different links in them"),
        "large_bands": count(
            "MinHash bands of one of its texts, at most, that were too large to compare all of their texts"
        ),
        **RUN,
    },
)


CONVERSATIONS = Table(
    name="conversations",
    job="conversations",
    doc="The posts under which most replies of a period are: how many, of which shape, how fast, and by whom.",
    partition=("topic", "period"),
    clustering=(*STARTS_ENDS, "rank"),
    columns={
        **LONGER_PERIOD_COLUMNS,
        "rank": key("int", "1 has the most replies"),
        "source": one_of(A_NETWORK, *NETWORKS),
        "root": key("text", "the first post of the conversation, stored or not"),
        **OF_THAT_POST,
        "posts": Column("bigint", "replies of the conversation in the period, without the first post", False, least=1),
        "authors": Column("bigint", "authors of these replies", False, least=1),
        "depth": Column("bigint", "steps from the first post to the deepest of them", False, least=1),
        "widest": Column("bigint", "the most of them at the same number of steps", False, least=1),
        "shape": one_of("star, chain or tree", *SHAPES),
        "first_at": key("timestamp", "time of the first of them, UTC"),
        "last_at": key("timestamp", "time of the last of them, UTC"),
        "half_life_seconds": Column("double", "seconds from the first until half of them were made", False, least=0),
        "replies_per_retweet": Column(
            "double", "posts, divided by the retweets of the first post in the period; null if there are none", least=0
        ),
        "share_flagged": share("posts by flagged authors, divided by posts, 0..1; null if flags are unknown"),
        "share_strangers": share(
            "authors who had posted nothing in the topic before, of all but the first post's author, 0..1; null if "
            "there is no other"
        ),
        "candidate": Column("text", "id of the candidate whom most of them mention; null if not half of them do"),
        **RUN,
    },
)

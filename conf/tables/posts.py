"""What collection writes: posts, their layout, and the record of live collection."""

from conf.schema import Column, Table
from conf.tables.columns import KINDS, NETWORKS, TOPIC, key, one_of

POSTS = Table(
    name="posts",
    doc="One row a post and topic, on the topic's day of its event time.",
    partition=("topic", "day", "bucket"),
    clustering=("source", "post_id"),
    columns={
        **TOPIC,
        "day": key("date", "day of event_at in the topic's time zone"),
        "bucket": key("int", "CRC-32 of post_id modulo the topic's buckets"),
        "source": one_of("x, bluesky or mastodon", *NETWORKS),
        "post_id": key("text", "the network's id; did/rkey on Bluesky"),
        "event_at": key("timestamp", "when it was posted, by the network's clock, UTC"),
        "author_id": key("text", "the network's author id"),
        "author": Column("text", "handle in lower case (X), DID (Bluesky), user@server (Mastodon)"),
        "text": Column("text", "the full text; for a retweet, the retweeted post's"),
        "lang": Column("text", "language tag as the network gives it"),
        "kind": one_of("original, retweet, reply or quote", *KINDS),
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
        **TOPIC,
        "timezone": key("text", "whose days posts.day means"),
        "buckets": key("int", "partitions a day"),
    },
)

COLLECTION_GAPS = Table(
    name="collection_gaps",
    doc="When live collection was down, throttled or shedding.",
    partition=("topic", "source"),
    clustering=("gap_start",),
    columns={
        **TOPIC,
        "source": key("text", "x, bluesky or mastodon"),
        "gap_start": key("timestamp", "UTC, included"),
        "gap_end": Column("timestamp", "UTC, excluded; null while it lasts"),
        "reason": key("text", "why"),
        "posts_lost_estimate": Column("bigint", "null where it can't be told"),
    },
)

COLLECTION_THROUGH = Table(
    name="collection_through",
    doc="Until when everything that live collection took is stored; nothing later is covered.",
    partition=("topic",),
    clustering=("source",),
    columns={
        **TOPIC,
        "source": key("text", "x, bluesky or mastodon"),
        "through": key("timestamp", "UTC, excluded"),
    },
)

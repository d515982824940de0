"""The tables that ingest writes: posts and their words, their partitioning, and the record of live collection."""

from conf.schema import Column, Table
from conf.tables.columns import A_NETWORK, KINDS, NETWORKS, TOPIC, key, one_of

MATCHED = {"text": "folded", "cards": "folded_cards", "alt": "folded_alt"}
"""The columns in which aliases are searched, by the names that a topic's `match` has for them."""

POSTS = Table(
    name="posts",
    doc="One row per post and topic, under the day of its event time in the topic's time zone.",
    partition=("topic", "day", "bucket"),
    clustering=("source", "post_id"),
    columns={
        **TOPIC,
        "day": key("date", "day of event_at in the topic's time zone"),
        "bucket": key("int", "CRC-32 of post_id modulo the buckets of the day (day_layout)"),
        "source": one_of(A_NETWORK, *NETWORKS),
        "post_id": key("text", "the network's id; did/rkey on Bluesky"),
        "event_at": key("timestamp", "when it was posted, by the network's clock, UTC"),
        "author_id": key("text", "the network's author id"),
        "author": Column("text", "handle in lower case (X), DID (Bluesky), user@server (Mastodon)"),
        "text": Column("text", "the full text; for a retweet, the retweeted post's"),
        "lang": Column("text", "language tag, as the network sets it"),
        "kind": one_of("original, retweet, reply or quote", *KINDS),
        "retweet_of": Column("text", "id of the retweeted post"),
        "retweet_of_author": Column("text", "its author, as in the column author"),
        "reply_to": Column("text", "id of the post that this one answers"),
        "reply_to_author": Column("text", "its author, as in the column author"),
        "root": Column("text", "id of the conversation's first post, if the network tells it and it is another one"),
        "quote_of": Column("text", "id of the quoted post"),
        "quote_of_author": Column("text", "its author, as in the column author"),
        "folded": Column("text", "the folded text without URLs and handles, in which aliases are searched"),
        "text_more": Column("text", "text of link cards and polls, then of image descriptions; a line for each"),
        "folded_cards": Column("text", "the text of link cards and polls, folded as in folded"),
        "folded_alt": Column("text", "the descriptions of images and videos, folded as in folded"),
        "hashtags": Column("frozen<list<text>>", "hashtags, folded, without #"),
        "mentions": Column("frozen<list<text>>", "mentioned accounts, as in the column author"),
        "accounts": Column("frozen<list<text>>", "accounts that it refers to and whose ids are known: 'id handle'"),
        "urls": Column("frozen<list<text>>", "links, as the network expands them"),
        "media": Column("frozen<list<text>>", "images and videos: type, and key (X), hash (Bluesky) or address"),
        "place": Column("text", "full name of the tagged place"),
        "lat": Column("double", "latitude, degrees"),
        "lon": Column("double", "longitude, degrees"),
        "author_followers": Column("bigint", "the author's followers when the post was delivered"),
        "author_following": Column("bigint", "accounts that the author followed when the post was delivered"),
        "author_created_at": Column("timestamp", "when the account was opened, UTC"),
        "author_is_bot": Column("boolean", "whether the account says that it is automated (Mastodon)"),
        "client": Column("text", "label of the app that posted it (X, Mastodon)"),
        "collected_at": Column("timestamp", "when it was collected, UTC; null if unknown"),
    },
    indexes={"author_idx": "author"},
)

POST_WORDS = Table(
    name="post_words",
    doc="The words of each post, for search. A table of its own, so that jobs do not read them.",
    partition=POSTS.partition,
    clustering=POSTS.clustering,
    columns={
        **{name: POSTS.columns[name] for name in POSTS.key},
        "words": Column("set<text>", "distinct words of the folded columns of posts, and each hashtag with its #"),
    },
    indexes={"idx": "values(words)"},
    taken_from=POSTS.name,
)

POST_TABLES = (POSTS, POST_WORDS)
"""The tables with one row per post and topic, all with the same key. A post's rows are written and deleted together."""

HIDDEN_POSTS = Table(
    name="hidden_posts",
    doc="Posts of accounts that are deactivated, suspended or protected, until the network says that they are back.",
    partition=POSTS.partition,
    clustering=POSTS.clustering,
    columns=POSTS.columns,
    indexes={"author_idx": "author"},
)

NAME_BUCKETS = 64
"""Partitions of a topic's names: 6 million accounts have under 100,000 rows in each."""

ACCOUNT_NAMES = Table(
    name="account_names",
    doc="Handles of Bluesky accounts, whose posts have only DIDs: from identity events, and from the public AppView.",
    partition=("topic", "bucket"),
    clustering=("source", "author_id"),
    columns={
        **TOPIC,
        "bucket": key("int", "CRC-32 of author_id modulo 64"),
        "source": one_of(A_NETWORK, *NETWORKS),
        "author_id": key("text", "the network's author id; the DID on Bluesky"),
        "handle": key("text", "the handle, in lower case"),
        "told_at": key("timestamp", "when the network said so, UTC; a later one replaces it"),
    },
)

TAKEN_BACK = Table(
    name="taken_back",
    doc="What was taken back, whether it was stored or not: each write of a post is checked against it.",
    partition=("source", "kind", "id"),
    clustering=("state",),
    columns={
        "source": one_of(A_NETWORK, *NETWORKS),
        "kind": one_of("post or account", "post", "account"),
        "id": key("text", "the post's id; of an account, the id or the handle"),
        "state": one_of(
            "deleted; hidden until the network says that it is back; replaced by an edit; stripped of some columns",
            *("deleted", "hidden", "replaced", "stripped"),
        ),
        "at": Column("timestamp", "of an account: its later posts are not concerned, UTC; null: all are"),
        "author": Column("text", "of a replaced post: only if this author id has written it"),
        "noted_at": key("timestamp", "when it was taken back, by the network's clock or the queue's, UTC"),
        "columns": Column("frozen<list<text>>", "of a stripped post: the columns that are not stored"),
    },
)

TOPIC_LAYOUT = Table(
    name="topic_layout",
    doc="A topic's time zone, which its file must not change, and its first buckets. Written before its first post.",
    partition=("topic",),
    clustering=(),
    columns={
        **TOPIC,
        "timezone": key("text", "the time zone of the days in posts.day"),
        "buckets": key("int", "partitions of each day that has no row in day_layout"),
        "ids_noted": Column("boolean", "true if untimed_days has been kept since the topic's first post; else null"),
        "days_noted": Column("boolean", "true if each day with posts has a row in day_layout; else null"),
    },
)

DAY_LAYOUT = Table(
    name="day_layout",
    doc="The partitions of each day of a topic. Written before the day's first post, by conditional writes only.",
    partition=("topic",),
    clustering=("day",),
    columns={
        **TOPIC,
        "day": key("date", "as in posts"),
        "buckets": key("int", "partitions of the day: what a topic file said when the day's first post was stored"),
    },
)

UNTIMED_DAYS = Table(
    name="untimed_days",
    doc="Days with a post whose id does not tell its event time. Such days are read whole, others by ranges of ids.",
    partition=("topic",),
    clustering=("day", "source"),
    columns={
        **TOPIC,
        "day": key("date", "as in posts"),
        "source": key("text", "x or mastodon; ids of other networks never tell the time"),
    },
)

WORDLESS_DAYS = Table(
    name="wordless_days",
    doc="Days with posts that were stored without their words (PULSO_WORD_INDEX=off). Search reads such days whole.",
    partition=("topic",),
    clustering=("day",),
    columns={**TOPIC, "day": key("date", "as in posts")},
)

CHANGED_DAYS = Table(
    name="changed_days",
    doc="How often stored posts of a day were written, deleted, hidden or shown. Files of a day hold until it changes.",
    partition=("topic",),
    clustering=("day",),
    columns={
        "topic": key("text", "topic id; *: the changes that may concern every day of every topic"),
        "day": key("date", "as in posts; 1970-01-01 with *"),
        "changes": Column("counter", "number of changes; a change that was repeated may count more than once"),
    },
)

COLLECTION_GAPS = Table(
    name="collection_gaps",
    doc="Gaps: the times in which live collection was down, was limited by the network, or dropped posts.",
    partition=("topic", "source"),
    clustering=("gap_start",),
    columns={
        **TOPIC,
        "source": key("text", A_NETWORK),
        "gap_start": key("timestamp", "start of the gap, UTC, included"),
        "gap_end": Column("timestamp", "end of the gap, UTC, excluded; null while it lasts"),
        "reason": key("text", "why posts are missing"),
        "posts_lost_estimate": Column("bigint", "estimated number of lost posts; null if unknown"),
    },
)

COLLECTION_THROUGH = Table(
    name="collection_through",
    doc="The time up to which all posts of live collection are stored, and its start. Nothing else counts as covered.",
    partition=("topic",),
    clustering=("source",),
    columns={
        **TOPIC,
        "source": key("text", A_NETWORK),
        "through": key("timestamp", "posts before this time are stored, UTC"),
        "began": Column("timestamp", "start of live collection, UTC; nothing before it is covered; null if unknown"),
        "record": Column("text", "id of the record in Redis from which the last note came; null if unknown"),
        "notes": Column("bigint", "number of the last note in that record; null if unknown"),
    },
)

"""The tables of the job coordination: who acts together more than chance. They say nothing of why or who."""

from conf.schema import Column, Table
from conf.tables.columns import (
    BUCKET,
    COORDINATION_KINDS,
    LABEL,
    LONGER_PERIOD_COLUMNS,
    METHOD,
    PERIOD_KEY,
    RUN,
    STARTS_ENDS,
    TOPIC,
    count,
    key,
    one_of,
    share,
)

_OF_KIND = {
    **TOPIC,
    "kind": one_of(f"what they share: {', '.join(COORDINATION_KINDS)}", *COORDINATION_KINDS),
    **LONGER_PERIOD_COLUMNS,
}
_BULK = ("topic", "kind", *PERIOD_KEY, "run_id", "bucket")
_GROUP = {"group": key("int", "number of the group; 1 has most accounts")}
_TIMES = {
    "first_at": key("timestamp", "time of the first of these actions, UTC"),
    "last_at": key("timestamp", "time of the last of them, UTC"),
}

COORDINATION_SUMMARY = Table(
    name="coordination_summary",
    job="coordination",
    part="kind",
    doc="How many accounts act together more than chance, one row per kind of object and period. Not why, and not who.",
    partition=("topic", "kind", "period"),
    clustering=STARTS_ENDS,
    columns={
        **_OF_KIND,
        "window_seconds": Column("bigint", "seconds within which two accounts act together", False, least=1),
        "actions": count("first uses of an object by an account that are counted"),
        "accounts": count("accounts with at least 3 objects, and an object in common with another"),
        "objects": count("objects that at least 2 of them used"),
        "declared": count("accounts left out since they say that they are automated"),
        "pairs": count("pairs of accounts with at least 2 objects in common within the time"),
        "significant_pairs": count("those of them that have more in common than chance, at a false share of 5 %"),
        "groups": count("groups of at least 3 accounts that significant pairs join"),
        "objects_cut": count("objects of which not all pairs within the time were counted"),
        "actions_cut": count(
            "actions with more others within the time than the next ones, with which alone they were paired"
        ),
        **METHOD,
        **RUN,
    },
)

COORDINATION_PAIRS = Table(
    name="coordination_pairs",
    job="coordination",
    part="kind",
    named_by="coordination_summary",
    doc="The pairs of accounts that act together more than chance.",
    partition=_BULK,
    clustering=("src", "dst"),
    columns={
        **_OF_KIND,
        **BUCKET,
        "src": key("text", "network:id of one account, the first of both in the order of texts"),
        "dst": key("text", "network:id of the other account"),
        "group": Column("int", "number of their group; null if they are in none of at least 3 accounts"),
        "objects": Column("bigint", "objects that both used within the time of one another", False, least=2),
        "occasions": Column("bigint", "times that they met so, 20 minutes or more apart", False, least=1),
        "strength": Column("double", "sum over these of 1 / (accounts within the time - 1)", False, least=0),
        "expected": Column("double", "objects that they would have in common by chance", False, least=0),
        "p_value": share("chance of at least as many objects, 0..1", nullable=False),
        "q_value": share("p_value adjusted for all pairs (Benjamini-Hochberg), 0..1", nullable=False),
        "q_occasions": share("the same for the occasions, which must be as many by chance, 0..1", nullable=False),
        "mean_delta_seconds": Column("double", "mean time between both, over these objects, seconds", False, least=0),
        "shortest_window": Column("bigint", "shortest time within which the pair is significant, seconds", False, 1),
        **RUN,
    },
)

COORDINATION_GROUPS = Table(
    name="coordination_groups",
    job="coordination",
    part="kind",
    doc="Groups of accounts that act together more than chance, the largest first. They may do so openly.",
    partition=("topic", "kind", "period"),
    clustering=(*STARTS_ENDS, "group"),
    columns={
        **_OF_KIND,
        **_GROUP,
        "accounts": Column("bigint", "accounts of the group", False, least=3),
        "pairs": Column("bigint", "significant pairs among them", False, least=2),
        "objects": Column("bigint", "objects that pairs of them used within the time", False, least=1),
        "posts": count("posts of the group with these objects, by those who used them together"),
        "share_flagged": share("accounts that the bot rules flag, 0..1; null if flags are unknown"),
        "degree": Column("bigint", "shortest time within which pairs still join all accounts, seconds", False, least=1),
        "top_objects": Column("frozen<list<text>>", "the three objects that most of them used together", False),
        **_TIMES,
        **RUN,
    },
)

COORDINATION_OBJECTS = Table(
    name="coordination_objects",
    job="coordination",
    part="kind",
    named_by="coordination_summary",
    doc="What each group used together: the 100 objects of most accounts.",
    partition=_BULK,
    clustering=("group", "object"),
    columns={
        **_OF_KIND,
        **BUCKET,
        **_GROUP,
        "object": key("text", "network:id of the post, the link, the family of texts, or the hashtags in order"),
        "shown": key("text", "what people read: the post's id, the link, the text, the hashtags"),
        "accounts": Column("bigint", "accounts of the group that used it within the time of another", False, least=2),
        **_TIMES,
        **RUN,
    },
)

COORDINATION_ACCOUNTS = Table(
    name="coordination_accounts",
    job="coordination",
    part="kind",
    named_by="coordination_summary",
    doc="The accounts of each group. Readers show the names of accounts with many followers alone.",
    partition=_BULK,
    clustering=("group", "author"),
    columns={
        **_OF_KIND,
        **BUCKET,
        **_GROUP,
        "author": key("text", "network:id"),
        **LABEL,
        "followers": Column("bigint", "followers, as last known in the window; null if never known"),
        "pairs": Column("bigint", "significant pairs of the account", False, least=1),
        "objects": Column("bigint", "objects that it used within the time of another of the group", False, least=1),
        **_TIMES,
        **RUN,
    },
)

COORDINATION_TABLES = (
    COORDINATION_PAIRS,
    COORDINATION_OBJECTS,
    COORDINATION_ACCOUNTS,
    COORDINATION_SUMMARY,
    COORDINATION_GROUPS,
)
"""All tables of the job; the bulk tables first."""

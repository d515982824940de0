"""Where replies pile up: the conversations with most replies. Private persons are not named, nor are their posts."""

from datetime import timedelta
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.tables import CONVERSATIONS
from conf.topic import Topic
from readers.conversations.conversations import read_conversations
from readers.page.source import settled
from readers.page.texts import count, duration, per_cent, post_link, shown
from readers.periods import newest_start

SHOWN = 10
LEAST = 3
"""Of a post with fewer replies, neither their shape nor how fast they came says anything. The CSV has all."""


def read_replies(session: Session, keyspace: str, topic: Topic, period: str) -> pd.DataFrame | None:
    """Returns the conversations of the last day, or of the window computed last; None where there are none."""
    newest = newest_start(session, keyspace, CONVERSATIONS, {"topic": topic.topic, "period": period})
    if newest is None:
        return None
    limits = (None, None) if period == "window" else (newest, newest + timedelta(minutes=1))
    return settled(lambda: read_conversations(session, keyspace, topic, period, *limits))


def told(rows: pd.DataFrame, topic: Topic, server: str) -> list[dict[str, str]]:
    """Returns the first conversations, in words."""
    names = {candidate.id: candidate.name for race in topic.races for candidate in race.candidates}
    many = rows[rows["posts"] >= LEAST].sort_values("rank").head(SHOWN)
    return [_row(row, names, server) for row in many.to_dict("records")]


def _row(row: dict[Any, Any], names: dict[str, str], server: str) -> dict[str, str]:
    known, about = not pd.isna(row["root"]), None if pd.isna(row["candidate"]) else row["candidate"]
    return {
        "by": "an unknown account" if pd.isna(row["label"]) else shown(row["label"], 80),
        "link": post_link(row["source"], row["root"], server) if known else "",
        "posts": count(row["posts"]),
        "authors": count(row["authors"]),
        "strangers": per_cent(row["share_strangers"], 0),
        "flagged": per_cent(row["share_flagged"], 0),
        "depth": count(row["depth"]),
        "shape": str(row["shape"]),
        "half": duration(row["half_life_seconds"]),
        "about": shown(names.get(about, about), 60) if about else "",
    }

"""Prints conversations, one table per period."""

from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from conf.plain import one_line
from conf.topic import Topic
from readers.private import UNNAMED
from readers.spans import last_periods, span
from readers.tables import Layout, print_table
from readers.texts.texts_view import duration

MOST_ROWS = 20
COUNTS = {"replies": "posts", "accounts": "authors", "depth": "depth", "widest": "widest"}
SHARES = {"strangers": "share_strangers", "flagged": "share_flagged"}
COLUMNS = (
    *("first post by", *COUNTS, "shape", "half after", "per retweet", *SHARES, "about", "network", "first post"),
)
LAYOUT = Layout(
    texts=("first post by",),
    left=("first post by", "shape", "about", "network", "first post"),
    spare=("first post", "widest", "network", "flagged", "per retweet", "depth", "about"),
    least=16,
)


def print_conversations(frame: pd.DataFrame, topic: Topic, console: Console, min_followers: int) -> None:
    """Prints the first 20 conversations of each period, for at most the last 24 periods."""
    for rows in last_periods(frame, console):
        first = rows.iloc[0]
        console.print(Text(f"Conversations with most replies: {topic.title or topic.topic}", style="bold"))
        console.print(span(rows, topic))
        shown = map(_cells, rows.head(MOST_ROWS).to_dict("records"))
        print_table(dict(zip(COLUMNS, zip(*shown, strict=True), strict=True)), LAYOUT, console)
        left = f"{len(rows) - MOST_ROWS:,} more are in --format csv. " if len(rows) > MOST_ROWS else ""
        if (rows["label"] == UNNAMED).any():
            left += f"Accounts with fewer than {min_followers:,} followers, or unknown ones, are not named. "
        console.print(f"{left}Many replies are no sign of an attack: read some. Run {str(first['run_id'])[:8]}.\n")


def _cells(row: dict[Any, Any]) -> list[str]:
    label = "unknown" if pd.isna(row["label"]) else one_line(row["label"])
    shares = ["" if pd.isna(row[name]) else f"{row[name]:.0%}" for name in SHARES.values()]
    ratio = "" if pd.isna(row["replies_per_retweet"]) else f"{row['replies_per_retweet']:,.1f}"
    others = ["" if pd.isna(row[name]) else one_line(row[name]) for name in ("candidate", "source", "root")]
    counts = [f"{row[name]:,}" for name in COUNTS.values()]
    return [label, *counts, row["shape"], duration(row["half_life_seconds"]), ratio, *shares, *others]

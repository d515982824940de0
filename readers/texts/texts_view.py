"""Prints the texts that many accounts posted, one table per period."""

from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from conf.plain import one_line
from conf.topic import Topic
from readers.spans import last_periods, span
from readers.tables import Layout, print_table

MOST_ROWS = 20
COLUMNS = ("accounts", "posts", "texts", "half after", "flagged", "new", "networks", "text")
LAYOUT = Layout(
    texts=("text",),
    left=("networks", "text"),
    spare=("texts", "new", "flagged", "networks", "half after"),
    least=40,
    longest=500,
    wrapped=True,
)


def print_texts(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints the first 20 texts of each period, for at most the last 24 periods."""
    if frame.empty:
        console.print("No text has as many accounts")
    for rows in last_periods(frame, console):
        first = rows.iloc[0]
        console.print(Text(f"Texts of many accounts: {topic.title or topic.topic}", style="bold"))
        console.print(span(rows, topic))
        shown = map(_cells, rows.head(MOST_ROWS).to_dict("records"))
        print_table(dict(zip(COLUMNS, zip(*shown, strict=True), strict=True)), LAYOUT, console)
        left = f"{len(rows) - MOST_ROWS:,} more are in --format csv. " if len(rows) > MOST_ROWS else ""
        console.print(f"{left}Many accounts may post a text for many reasons. Run {str(first['run_id'])[:8]}.\n")


def _cells(row: dict[Any, Any]) -> list[str]:
    counts = [f"{row[name]:,}" for name in ("authors", "posts", "texts")]
    shares = ["" if pd.isna(row[name]) else f"{row[name]:.0%}" for name in ("share_flagged", "new_account_share")]
    return [*counts, duration(row["half_life_seconds"]), *shares, ", ".join(row["sources"]), one_line(row["text"])]


def duration(seconds: float) -> str:
    """Returns a length of time in words, by its two largest units."""
    minutes, hours, days = (int(seconds // unit) for unit in (60, 3600, 86_400))
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {int(seconds) % 60} s" if minutes else f"{int(seconds)} s"

"""Prints volume, items and authors for people, as tables. Texts of posts can't move the cursor, nor be very long."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.topic import Topic
from readers.plain import one_line
from readers.spans import MOST_PERIODS, last_periods, say_earlier, span, times

LONGEST = 72
"""Characters of an item that are shown; files contain all."""
Cell = Callable[[Mapping[str, Any]], str]


def _count(name: str) -> Cell:
    return lambda row: "" if pd.isna(row[name]) else f"{row[name]:,}"


def _share(name: str) -> Cell:
    return lambda row: "" if pd.isna(row[name]) else f"{row[name]:.1%}"


def _part(name: str) -> Cell:
    return lambda row: f"{row[name] / row['posts']:.1%}"


def _text(name: str) -> Cell:
    return lambda row: _cut(one_line(str(row[name])))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


VOLUME: dict[str, Cell] = {
    **{name: _count(name) for name in ("posts", "authors")},
    "new": _count("new_authors"),
    **{name: _part(name) for name in ("originals", "retweets", "replies", "quotes")},
    **{f"with {name}": _part(f"with_{name}") for name in ("link", "hashtag", "mention", "place")},
    "by top 1 %": _share("share_top_authors"),
    "flagged": _share("share_flagged"),
    "collected": _share("coverage"),
}
ITEMS: dict[str, Cell] = {
    **{"": _count("rank"), "item": _text("label")},
    **{name: _count(name) for name in ("posts", "authors", "originals")},
    "before": _count("previous_posts"),
    "burst": lambda row: "" if pd.isna(row["burst"]) else f"{row['burst']:+.1f}",
    "flagged": _share("share_flagged"),
    "typical of": lambda row: "" if pd.isna(row["candidate"]) else f"{row['candidate']} ({row['log_odds']:+.1f})",
}
AUTHORS: dict[str, Cell] = {
    "author": _text("label"),
    **{name: _count(name) for name in ("posts", "originals", "retweets", "replies", "quotes")},
    "mentioned": _count("mentions_received"),
    "followers": _count("followers"),
    "bot rules that fired": lambda row: ", ".join(row["bot_flags"]),
}
LEFT = ("item", "typical of", "author", "bot rules that fired", "period")


def print_volume(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints one line per period, for at most the last 24 periods."""
    spans = frame.tail(MOST_PERIODS)
    say_earlier(len(frame), console)
    console.print(Text(f"Posts of {topic.title or topic.topic}, times in {topic.timezone}", style="bold"))
    console.print(_table(spans, {"period": lambda row: times(row, topic), **VOLUME}))
    console.print("Posts that were collected, not all that were written. A flag is no proof that an author is a bot.")


def print_items(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints a table per period and kind, for at most the last 24 periods."""
    for rows in _periods(frame, topic, console):
        for kind, some in rows.groupby("kind", sort=False):
            console.print(Text(str(kind), style="bold"))
            console.print(_table(some, ITEMS))
    console.print(
        "Words are ranked by burst, all else by posts. Burst: bits above what was expected; only above 0 does more "
        "authors' use show. Many accounts at once need not be many people."
    )


def print_authors(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints a table per period, for at most the last 24 periods."""
    for rows in _periods(frame, topic, console):
        console.print(_table(rows, AUTHORS))
    console.print("A flag names a rule that fired. It is no proof that an author is a bot; name nobody because of it.")


def _periods(frame: pd.DataFrame, topic: Topic, console: Console) -> Iterator[pd.DataFrame]:
    """Yields the rows of each of the last 24 periods, after a line that names it."""
    for rows in last_periods(frame, console):
        console.print(Text(span(rows, topic), style="bold"))
        yield rows


def _table(frame: pd.DataFrame, columns: Mapping[str, Cell]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold")
    for row in frame.to_dict("records"):
        table.add_row(*(Text(cell(row)) for cell in columns.values()))
    return table

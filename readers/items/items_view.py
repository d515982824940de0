"""Prints volume, items and authors for people, as tables. Texts of posts can't move the cursor, nor be very long."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.plain import one_line
from conf.topic import Topic
from readers.spans import MOST_PERIODS, last_periods, say_earlier, span, times
from readers.tables import Layout, print_table

Cell = Callable[[Mapping[str, Any]], str]


def _count(name: str) -> Cell:
    return lambda row: "" if pd.isna(row[name]) else f"{int(row[name]):,}"


def _share(name: str) -> Cell:
    return lambda row: "" if pd.isna(row[name]) else f"{row[name]:.1%}"


def _part(name: str) -> Cell:
    return lambda row: f"{row[name] / row['posts']:.1%}"


def _text(name: str) -> Cell:
    return lambda row: one_line(str(row[name]))


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
    "bot rules that fired": lambda row: ", ".join(row["bot_flags"]) or "none",
}
LAYOUT = Layout(
    texts=("item", "author", "bot rules that fired"),
    left=("item", "typical of", "author", "bot rules that fired", "period"),
    spare=(
        *(
            "with place",
            "with mention",
            "quotes",
            "replies",
            "with hashtag",
            "collected",
            "with link",
            "flagged",
            "new",
        ),
        *("before", "originals", "followers", "retweets"),
    ),
)


def print_volume(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints one line per period, for at most the last 24 periods."""
    spans = frame.tail(MOST_PERIODS)
    say_earlier(len(frame), console)
    console.print(Text(f"Posts of {topic.title or topic.topic}, times in {topic.timezone}", style="bold"))
    if len(spans) == 1:
        console.print(_one(spans.to_dict("records")[0], topic))
    else:
        _print(spans, {"period": _when(topic), **VOLUME}, console)
    console.print("Posts that were collected, not all that were written. A flag is no proof that an author is a bot.")


def print_items(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints a table per period and kind, for at most the last 24 periods."""
    for rows in _periods(frame, topic, console):
        for kind, some in rows.groupby("kind", sort=False):
            console.print(Text(str(kind), style="bold"))
            _print(some, ITEMS, console)
    console.print(
        "Words are ranked by burst, all else by posts. Burst: bits above what was expected; only above 0 does more "
        "authors' use show. Many accounts at once need not be many people."
    )


def print_authors(frame: pd.DataFrame, topic: Topic, console: Console) -> None:
    """Prints a table per period, for at most the last 24 periods."""
    for rows in _periods(frame, topic, console):
        _print(rows, AUTHORS, console)
    console.print("A flag names a rule that fired. It is no proof that an author is a bot; name nobody because of it.")


def _periods(frame: pd.DataFrame, topic: Topic, console: Console) -> Iterator[pd.DataFrame]:
    """Yields the rows of each of the last 24 periods, after a line that names it."""
    for rows in last_periods(frame, console):
        console.print(Text(span(rows, topic), style="bold"))
        yield rows


def _when(topic: Topic) -> Cell:
    """Returns what names a period in a table: the day or the hour; of the window, its start and its end."""

    def when(row: Mapping[str, Any]) -> str:
        start = row["period_start"].astimezone(topic.zone)
        return {"day": f"{start:%Y-%m-%d}", "hour": f"{start:%Y-%m-%d %H:%M}"}.get(row["period"]) or times(row, topic)

    return when


def _one(row: Mapping[Any, Any], topic: Topic) -> Table:
    """Returns the figures of one period, a line each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("period", times(row, topic))
    for name, cell in VOLUME.items():
        if shown := cell(row):
            table.add_row(name, shown)
    return table


def _print(frame: pd.DataFrame, columns: Mapping[str, Cell], console: Console) -> None:
    cells = {name: [cell(row) for row in frame.to_dict("records")] for name, cell in columns.items()}
    print_table(cells, LAYOUT, console)

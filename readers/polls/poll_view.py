"""Prints the poll for people: bars with intervals, and a line with the numbers of posts and authors."""

from collections.abc import Mapping, Sequence
from math import isnan

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.race import Race
from conf.topic import Topic
from readers.spans import last_periods, span

BAR = 30
OTHERS = ("share of posts", "posts", "authors")
SAME = 1e-9
"""Shares that differ by less are the same."""


Volume = Mapping[tuple[pd.Timestamp, pd.Timestamp], tuple[int, int]]
"""The posts and authors of the whole topic, by the start and end of the period."""


def print_poll(frame: pd.DataFrame, topic: Topic, race: Race, console: Console, volume: Volume) -> None:
    """Prints one table per period, for at most the last 24 periods; `volume` need not have every period."""
    for rows in last_periods(frame, console):
        _print_period(rows, topic, race, console)
        first = rows.iloc[0]
        if whole := volume.get((first["period_start"], first["period_end"])):
            posts, authors = whole
            console.print(f"The topic as a whole had {posts:,} posts by {authors:,} authors in this period.")
        console.print()


def _print_period(rows: pd.DataFrame, topic: Topic, race: Race, console: Console) -> None:
    first = rows.iloc[0]
    console.print(Text(f"{race.title or race.id}: {topic.title or topic.topic}", style="bold"))
    console.print(span(rows, topic))
    without = _without(rows)
    scale = max(float(rows["share_authors_high"].fillna(rows["share_authors"]).max()), 0.01)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("candidate", "share of authors", "", "95 % interval", *without, *OTHERS):
        table.add_column(name, justify="left" if name in ("candidate", "share of authors") else "right", no_wrap=True)
    for row in rows.to_dict("records"):
        table.add_row(*_cells(row, scale, list(without.values())))
    console.print(table)
    console.print(_basis(first))
    if not isnan(_number(first["share_authors"])):
        console.print(_groups(rows))


def _without(rows: pd.DataFrame) -> dict[str, str]:
    """Returns the shares without some authors that are shown, by title; without groups if that makes a difference."""
    shown = {"without bots": "share_authors_no_bots"} if rows["share_authors_no_bots"].notna().any() else {}
    return shown | ({"without groups": "share_authors_no_groups"} if _changed_by_groups(rows) else {})


def _changed_by_groups(rows: pd.DataFrame) -> bool:
    return bool(((rows["share_authors_no_groups"] - rows["share_authors"]).abs() > SAME).any())


def _groups(rows: pd.DataFrame) -> str:
    """Returns a line about the share without groups."""
    if rows["share_authors_no_groups"].isna().all():
        return "Without groups that act together: not known; run coordination, then candidate_poll, over the same time."
    if not _changed_by_groups(rows):
        return "Without accounts in groups that act together, the shares are the same."
    return "Without groups: accounts that act together more than chance are left out; it says nothing of why or who."


def _cells(row: dict[str, object], scale: float, without: Sequence[str]) -> list[str | Text]:
    counts = [f"{row['posts']:,}", f"{row['authors']:,}"]
    share, low, high = (_number(row[n]) for n in ("share_authors", "share_authors_low", "share_authors_high"))
    if isnan(share):
        return [str(row["name"]), "too few", "", "", *("" for _ in without), "", *counts]
    bar = interval_bar(share, low, high, scale)
    left = [_per_cent(_number(row[name])) for name in without]
    interval = "" if isnan(low) else f"{low:.1%} to {high:.1%}"
    of_posts = _per_cent(_number(row["share_posts"]))
    return [str(row["name"]), bar, f"{share:.1%}", interval, *left, of_posts, *counts]


def interval_bar(share: float, low: float, high: float, scale: float) -> Text:
    """Returns a bar as long as the share; a share of `scale` has the full length.

    The interval is drawn over it as `├─┤`.
    """
    low, high = (share if isnan(end) else end for end in (low, high))
    at = [min(BAR - 1, max(0, round(value / scale * (BAR - 1)))) for value in (share, low, high)]
    cells = ["█" if i <= at[0] else " " for i in range(BAR)]
    if at[2] > at[1]:
        for i in range(at[1], at[2] + 1):
            cells[i] = "─" if i > at[0] else "▒"
        cells[at[1]], cells[at[2]] = "├", "┤"
    return Text("".join(cells), style="cyan")


def _basis(first: "pd.Series[object]") -> str:
    if isnan(_number(first["share_authors"])):
        return f"Only {first['authors_total']:,} authors: too few for a share."
    coverage = first["coverage"]
    live = "replayed captures" if pd.isna(coverage) else f"{_number(coverage):.1%} of the period collected live"
    return (
        f"Share of conversation, not a forecast: {first['posts_total']:,} posts by {first['authors_total']:,} authors, "
        f"one author, one vote; {live}. The interval is sampling error only. "
        f"Method {first['method']}, run {str(first['run_id'])[:8]}."
    )


def _per_cent(value: float) -> str:
    return "" if isnan(value) else f"{value:.1%}"


def _number(value: object) -> float:
    return float(value) if value is not None else float("nan")  # type: ignore[arg-type]  # a cell of a frame

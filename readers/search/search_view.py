"""Prints found posts for people: time, author, kind, and the text with its hits emphasised."""

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import regex
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.blanking import blank
from conf.folding import fold
from conf.plain import one_line
from conf.topic import Topic
from readers.search.query import Query

HIT = "bold reverse"
BEFORE_HIT = 40
"""Characters of a clipped text that are shown before its first hit."""
OTHER_COLUMNS = 52
"""The greatest width, in characters, of time, author and kind together, with the gaps between columns."""
_PIECE = regex.compile(r"([ -~]+)(?![^\x00-\x7f])|\X")
"""A run of plain letters, each of which is a cluster; else a cluster. What has a mark after it is no plain letter."""


def print_posts(frame: pd.DataFrame, query: Query, topic: Topic, console: Console) -> None:
    """Prints one line per post, with the text clipped to the width; times are in the topic's time zone."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"time ({topic.timezone})", no_wrap=True, min_width=19)
    table.add_column("author", no_wrap=True, overflow="ellipsis", min_width=16, max_width=16)
    table.add_column("kind", no_wrap=True, min_width=8)
    table.add_column("text", no_wrap=True, overflow="ellipsis")
    room = max(20, console.width - OTHER_COLUMNS)
    for row in frame.to_dict("records"):
        author = row["author_id"] if pd.isna(row["author"]) else row["author"]
        text, more = ("" if pd.isna(row[name]) else str(row[name]) for name in ("text", "text_more"))
        if more and query.marks and not hits(one_line(text), query):
            text = f"{text} [{more}]"  # the words stand in a link card, a poll or the description of an image
        names = (Text(one_line(str(author))), Text(str(row["kind"])))
        table.add_row(_local(row["event_at"], topic.zone), *names, emphasised(text, query, room))
    console.print(table)


def emphasised(text: str, query: Query, room: int) -> Text:
    """Returns the text on one line of at most `room` cells, with the query's hits emphasised.

    Where the first hit would be cut off, the line begins shortly before it.
    """
    line = one_line(text)
    spans = hits(line, query)
    if spans and spans[0][1] > room:
        cut = max(0, spans[0][0] - min(BEFORE_HIT, room // 2))
        line = "…" + line[cut:]
        spans = [(start - cut + 1, end - cut + 1) for start, end in spans]
    shown = Text(line)
    for start, end in spans:
        shown.stylize(HIT, start, end)
    shown.truncate(room, overflow="ellipsis")
    return shown


def hits(line: str, query: Query) -> list[tuple[int, int]]:
    """Returns the places of the hits in a line, as (start, end), in order.

    They are found in the folded line; their positions are then converted to positions in the original line.
    """
    if query.marks is None:
        return []
    folded, origin = list[str](), list[tuple[int, int]]()
    for piece in _PIECE.finditer(blank(line)):
        start, end = piece.span()
        if piece[1]:
            folded.append(piece[1].lower().replace("`", "'"))
            origin += [(at, at + 1) for at in range(start, end)]
        else:
            folded.append(fold(piece[0]) or " ")
            origin += [(start, end)] * len(folded[-1])
    found = query.marks.finditer("".join(folded))
    return [(origin[match.start()][0], origin[match.end() - 1][1]) for match in found if match.end() > match.start()]


def _local(at: pd.Timestamp, zone: ZoneInfo) -> str:
    return f"{at.tz_convert(zone):%Y-%m-%d %H:%M:%S}"


def slow_without_words(days: list[date]) -> str:
    """Returns one line for a person on days whose posts have no words, and so on a search that reads whole days."""
    which = f"{days[0]}" if len(days) == 1 else f"{len(days):,} days from {days[0]} to {days[-1]}"
    return (
        f"posts of {which} are stored without their words (PULSO_WORD_INDEX=off), so all posts of the window are read: "
        "narrow it with --from and --to. docs/operate.md, Search without an index, says how to store the words"
    )

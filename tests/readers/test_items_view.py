"""Tables of volume, items and authors: they fit the terminal, a line for each row, whatever the script of a text is."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from rich.cells import cell_len
from rich.console import Console

from conf.topic import Topic, parse_topic
from readers.items.items_view import print_authors, print_items, print_volume
from readers.texts.texts_view import print_texts

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila", "f")
START, END = pd.Timestamp("2016-05-01T16:00Z"), pd.Timestamp("2016-05-02T16:00Z")
LINK = f"https://example.org/{'a' * 200}"
LABELS = ("balita.example", "東京都 千代田区", "القاهرة, مصر", "नमस्ते", "日本語の長い" * 20, LINK)
AUTHOR = "somebody_with_a_long_name@a-server-with-a-long-name.example"


def shown(show: Callable[[pd.DataFrame, Topic, Console], None], rows: Sequence[dict[str, Any]], width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(pd.DataFrame(rows), TOPIC, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def item(rank: int, label: str, **changes: Any) -> dict[str, Any]:
    figures = {"posts": 1_234_567, "authors": 567_890, "originals": 300, "previous_posts": None, "burst": None}
    found = {"candidate": "duterte", "log_odds": 1.23, "share_flagged": 0.01, "kind": "place", "rank": rank}
    return {"period": "window", "period_start": START, "period_end": END, "label": label, **figures, **found, **changes}


def volume(days: int, **changes: Any) -> dict[str, Any]:
    carried = {f"with_{name}": 600 for name in ("link", "hashtag", "mention", "place")}
    counts = {"posts": 12_345, "authors": 4_321, "new_authors": 99, **carried}
    kinds = {"originals": 5_000, "retweets": 6_000, "replies": 1_000, "quotes": 345}
    shares = {"share_top_authors": 0.134, "share_flagged": None, "coverage": None}
    times = {"period_start": START + pd.Timedelta(days=days), "period_end": END + pd.Timedelta(days=days)}
    return {"period": "day", **times, **counts, **kinds, **shares, **changes}


def author(label: str, **changes: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("posts", "originals", "retweets", "replies", "quotes"), 1_234)
    others = {"mentions_received": 7, "followers": None, "bot_flags": ["new_account", "many_posts"]}
    return {"period_start": START, "period_end": END, "label": label, **counts, **others, **changes}


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_table_fits_the_terminal_with_one_line_for_each_row(width: int) -> None:
    items = shown(print_items, [item(rank, label) for rank, label in enumerate(LABELS, 1)], width)
    authors = shown(print_authors, [author(AUTHOR), author("田中さん")], width)
    days = shown(print_volume, [volume(day) for day in range(3)], width)
    for text in (items, authors, days):
        assert max(map(cell_len, text.splitlines())) <= width
    assert sum("1,234,567" in line for line in items.splitlines()) == len(LABELS)
    assert sum("1,234" in line for line in authors.splitlines()) == 2
    assert [line.split()[0] for line in days.splitlines() if "12,345" in line] == [
        *("2016-05-02", "2016-05-03", "2016-05-04"),
    ]


def test_columns_stand_under_their_headings_in_every_script() -> None:
    lines = shown(print_items, [item(rank, label) for rank, label in enumerate(LABELS, 1)], 120).splitlines()
    ends = {cell_len(line[: line.index("1,234,567") + len("1,234,567")]) for line in lines if "1,234,567" in line}
    [heading] = [cell_len(line[: line.index("posts") + len("posts")]) for line in lines if "originals" in line]
    assert ends == {heading}


def test_what_has_no_room_is_named_and_what_is_unknown_is_left_out() -> None:
    narrow = shown(print_items, [item(1, LINK)], 80)
    assert "flagged" in narrow.split("No room for ")[1]
    wide = shown(print_items, [item(1, LINK)], 200)
    assert "No room for" not in wide
    assert "1.0%" in wide
    assert "before" not in wide  # no row has any
    with_words = shown(print_items, [item(1, "halalan", previous_posts=3, burst=0.51)], 200)
    assert [name for name in ("before", "burst") if f" {name} " in with_words] == ["before", "burst"]
    assert "+0.5" in with_words


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_long_text_is_shown_whole_in_lines_that_fit(width: int) -> None:
    texts = ("Vote early and often, and tell everybody whom you know to do the same " * 3, "高市早苗さんが総理大臣" * 8)
    known = {"half_life_seconds": 108_000.0, "share_flagged": 0.1, "new_account_share": None, "sources": ["x"]}
    counts = {"period_start": START, "period_end": END, "run_id": "0", "authors": 1_234, "posts": 2_345, "texts": 12}
    shown_texts = shown(print_texts, [{**counts, **known, "text": text} for text in texts], width)
    assert max(map(cell_len, shown_texts.splitlines())) <= width
    letters = "".join(shown_texts.split())
    assert all("".join(text.split()) in letters for text in texts)
    assert ("No room for" in shown_texts) is (width < 120)


def test_one_period_is_shown_as_a_list() -> None:
    lines = [line.split() for line in shown(print_volume, [volume(0)], 80).splitlines() if line.strip()]
    assert ["posts", "12,345"] in lines
    assert ["with", "link", "4.9%"] in lines
    assert not any(line[0] == "flagged" for line in lines)

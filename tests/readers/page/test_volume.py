"""How much was posted, as columns: where they stand, what is missing between them, and the events."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from conf.topic import Topic, parse_topic
from readers.page.lines import WIDE
from readers.page.png import png
from readers.page.rendering import palette, picture
from readers.page.volume import COLUMNS, FEWEST, drawn
from stores.coverage import Gap, Record

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = """topic: t
timezone: Asia/Manila
events:
  - {at: 2026-01-01T20:00Z, text: "مناظرة <أخيرة>"}
  - {at: 2026-01-01T03:00Z, text: Debate}
  - {at: 2027-01-01, text: later}
races:
  - {id: a, candidates: [{id: x, name: X, aliases: [x]}]}
"""


@pytest.fixture
def topic() -> Topic:
    return parse_topic(TOPIC, "t.yaml")


def hours(*posts: int) -> pd.DataFrame:
    starts = [pd.Timestamp(START + HOUR * number) for number in range(len(posts))]
    figures = {"authors": 4, "new_authors": 1, "originals": 3, "retweets": 2, "run_id": "r-1"}
    rows = [{"period_start": at, "period_end": at + HOUR, "posts": n} for at, n in zip(starts, posts, strict=True)]
    return pd.DataFrame(rows).assign(**figures)


def test_columns_fill_the_picture_in_order_and_the_highest_has_the_most_posts(topic: Topic) -> None:
    made = drawn(hours(*range(1, COLUMNS + 1)), topic, "hour", {})
    assert [column.x for column in made.columns] == [pytest.approx(100 * n / COLUMNS, abs=0.01) for n in range(COLUMNS)]
    assert made.columns[-1].height == 100.0
    assert made.columns[0].height == pytest.approx(100 / COLUMNS, abs=0.1)
    assert (made.most, made.start, made.end) == ("48", "1 Jan 2026, 08:00", "3 Jan 2026, 08:00")
    assert made.columns[-1].x + made.width <= 100


def test_one_column_does_not_fill_the_picture(topic: Topic) -> None:
    made = drawn(hours(5), topic, "hour", {})
    assert made.width == pytest.approx(80 / FEWEST, abs=0.01)
    assert made.columns[0].x == pytest.approx(100 * (FEWEST - 1) / FEWEST, abs=0.01)


def test_hours_without_posts_divide_by_nothing(topic: Topic) -> None:
    assert [column.height for column in drawn(hours(0, 0), topic, "hour", {}).columns] == [0, 0]


def test_gaps_are_cut_at_the_ends_and_events_are_numbered_by_time(topic: Topic) -> None:
    gaps = [Gap(START - HOUR, START + 6 * HOUR, "away"), Gap(START + 12 * HOUR, None, "still <away>")]
    made = drawn(hours(*[1] * 24), topic, "hour", {"x": Record(gaps, START + 18 * HOUR)})
    assert made.gaps == [(0.0, 25.0, "x: away"), (50.0, 50.0, "x: still <away>")]
    assert [(x, number, text) for x, number, _, text in made.events] == [
        (12.5, 1, "Debate"),
        (pytest.approx(83.33), 2, "مناظرة <أخيرة>"),
    ]


def test_the_picture_escapes_what_strangers_wrote(topic: Topic) -> None:
    made = drawn(hours(*[1] * 24), topic, "hour", {"x": Record([Gap(START, START + HOUR, "<b>")], START + 24 * HOUR)})
    words = {"title": "<i>", "caption": "Posts by hour", "note": "n", "source": made.cite}
    svg = picture("volume", made, palette("dark"), WIDE, **words)
    assert "<b>" not in svg
    assert "<i>" not in svg
    assert "&lt;b&gt;" in svg
    assert png(svg).startswith(b"\x89PNG")

"""Which rows of a small table go into one batch: Cassandra takes 65,535 statements, and 16 MiB, in one."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from conf.settings import Settings
from conf.tables import TOP_ITEMS, TOPIC_VOLUME
from conf.topic import parse_topic
from jobs.framework import swapping
from jobs.framework.job import Output
from jobs.framework.publication import Publication
from jobs.framework.swapping import Row, Swap, swaps
from jobs.framework.window import parse_window

TOPIC = parse_topic("topic: t\nmatch: [text]", "f")
WINDOW = parse_window("2016-05-01T00:00Z", "2016-05-02T00:00Z", TOPIC.zone)
HOUR_MS = 3_600_000
START_MS = 1_462_060_800_000


def publication() -> Publication:
    place = datetime(2016, 5, 3, tzinfo=UTC)
    return Publication(cast("Settings", None), "shared_items", TOPIC, WINDOW, uuid.uuid1(), place)


def row(hour: int, **changes: Any) -> Row:
    start = START_MS + hour * HOUR_MS
    key = {"topic": "t", "kind": "word", "period": "hour", "period_start": start, "period_end": start + HOUR_MS}
    return dict.fromkeys(TOP_ITEMS.columns) | key | changes


def of_hours(rows: Iterable[Row]) -> list[Swap]:
    found = swaps(Output(TOP_ITEMS), publication(), rows)
    return [swap for swap in found if swap.partition["kind"] == "word" and swap.partition["period"] == "hour"]


def batches(rows: Iterable[Row]) -> list[int]:
    return [len(swap.rows) for swap in of_hours(rows)]


@pytest.mark.parametrize(("letters", "count"), [("a", 1_048_500), ("ą", 524_250), ("東", 349_500), ("😀", 262_125)])
def test_a_batch_has_at_most_eight_megabytes_of_text(letters: str, count: int) -> None:
    texts = [row(hour, item=letters * count) for hour in range(12)]
    assert batches(texts) == [8, 4]


def test_lists_of_texts_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "MOST_BYTES", 300)
    plain = [row(hour, item="x" * 50) for hour in range(4)]
    assert batches(plain) == [4]
    assert batches([one | {"candidate": ["東" * 10, "", "y"]} for one in plain]) == [3, 1]


def test_a_batch_has_at_most_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "MOST_ROWS", 10)
    assert batches([row(hour) for hour in range(6) for _ in range(3)]) == [9, 9]


def test_batches_of_consecutive_periods_replace_all_of_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "MOST_ROWS", 2)
    bounds = [swap.bounds for swap in of_hours([row(7), row(2), row(3), row(23)])]
    at = [START_MS + hour * HOUR_MS for hour in (0, 7, 24)]
    assert bounds == [(at[0], at[1]), (at[1], at[2])]


def test_no_rows_remove_what_is_there() -> None:
    assert [(len(swap.rows), swap.bounds) for swap in of_hours([])] == [(0, (START_MS, START_MS + 24 * HOUR_MS))]
    assert len(swaps(Output(TOPIC_VOLUME), publication(), [])) == 3

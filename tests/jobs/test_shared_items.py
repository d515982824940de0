"""Volume and items: one rule per test, and all compared with an independent computation over the raw lines."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conf.tables import ITEM_KINDS
from conf.topic import Topic, load_topic
from corpus import generate
from jobs.framework.window import Window
from jobs.measures import items
from jobs.measures.bursts import reach
from jobs.shared_items import shared_items
from tests.conftest import SHIPPED_TOPICS
from tests.support import independent_items
from tests.support.independent_accounts import Accounts
from tests.support.independent_items import World, items_of
from tests.support.post_frames import post_frame

START, END = datetime(2016, 5, 2, 5, 30, tzinfo=UTC), datetime(2016, 5, 8, 11, 15, tzinfo=UTC)
POSTS, SEED = 6_000, 11
pytestmark = pytest.mark.usefixtures("compiled")


@pytest.fixture(scope="module")
def ph2016() -> Topic:
    return load_topic("ph2016", SHIPPED_TOPICS)


@pytest.fixture(scope="module")
def lines(ph2016: Topic) -> list[bytes]:
    return b"".join(generate(ph2016, POSTS, SEED)).splitlines()


@pytest.fixture(scope="module")
def world(lines: list[bytes]) -> World:
    found = items_of(lines)
    authors = sorted({item.author for item in found})
    world = World(found, Accounts(map(json.loads, lines), START, END), set(authors[::7]))
    world.count_hours(START - timedelta(days=8), END)
    return world


@pytest.fixture(scope="module")
def posts(spark: SparkSession, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    return post_frame(spark, lines, tmp_path_factory.mktemp("items") / "posts.parquet")


def in_utc(row: Any) -> tuple[Any, ...]:
    return row.period, row.period_start.astimezone(UTC), row.period_end.astimezone(UTC)


def approximately(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytest.approx(v, abs=1e-9) if isinstance(v, float) else v for v in values)


@pytest.fixture(scope="module", params=["here", "spread"])
def found(
    request: pytest.FixtureRequest, spark: SparkSession, posts: DataFrame, world: World, ph2016: Topic
) -> tuple[list[Any], list[Any]]:
    """The rows of both tables: counted by the driver, and by Python workers in several parts."""
    flagged = spark.createDataFrame([(author,) for author in sorted(world.flagged)], "author string")
    window = Window(START, END, ph2016.zone)
    inside = posts.where(f"event_at < '{END}' AND event_at >= '{reach(window, ph2016).start}'").persist()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "spread":
            patch.setattr(items, "FEW_POSTS", 0)
            patch.setattr(items, "POSTS_A_TASK", 1_000)
        rows, top = shared_items(inside, ph2016, window, flagged)
        return rows.collect(), top.collect()


def test_the_volume_equals_one_computed_apart(found: tuple[list[Any], list[Any]], world: World, ph2016: Topic) -> None:
    expected = independent_items.volume(world, START, END, ph2016.zone)
    rows = {in_utc(row): tuple(row)[4:] for row in found[0]}
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    assert rows.keys() == expected.keys()
    assert {key: rows[key] for key, row in expected.items() if rows[key] != approximately(row)} == {}


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_the_items_equal_those_computed_apart(
    found: tuple[list[Any], list[Any]], world: World, ph2016: Topic, kind: str
) -> None:
    expected = independent_items.top(world, kind, START, END, ph2016.zone)
    rows = {
        (*in_utc(row), row.rank): (
            *(row.item, row.label, row.posts, row.authors, row.originals, row.previous_posts, row.burst),
            *(round(row.share_flagged * row.posts), row.first_at.astimezone(UTC)),
        )
        for row in found[1]
        if row.kind == kind
    }
    assert expected
    assert rows.keys() == expected.keys()
    wrong = {key: (rows[key], row) for key, row in expected.items() if rows[key] != approximately(row)}
    assert wrong == {}

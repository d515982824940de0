"""The figures of Trends beyond the page: as files, as a picture, and in frames of other sites."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import httpx
from cassandra.cluster import Session
from playwright.sync_api import Page

from conf.settings import Settings
from conf.tables import HASHTAG_TRENDS
from conf.topic import Topic
from readers.periods import read_periods
from tests.readers.page.conftest import Served


def test_the_tables_of_trends_are_exported_as_they_are_stored(
    served: Served, counted: Topic, session: Session, settings: Settings
) -> None:
    at = f"{served.address}/{counted.topic}/export"
    tags = list(csv.DictReader(io.StringIO(httpx.get(f"{at}/hashtags.csv?of=day").content.decode("utf-8-sig"))))
    where = {"topic": counted.topic, "period": "day"}
    stored = read_periods(session, settings.keyspace, HASHTAG_TRENDS, where)
    stored = stored[stored["period_start"] == stored["period_start"].max()].sort_values("rank")
    assert [row["hashtag"].lstrip("'") for row in tags] == list(stored["hashtag"])
    assert [int(row["posts"]) for row in tags] == list(stored["posts"])
    hosts = list(csv.DictReader(io.StringIO(httpx.get(f"{at}/items.csv?kind=host&of=window").text)))
    assert {row["kind"] for row in hosts} == {"host"}
    days = list(csv.DictReader(io.StringIO(httpx.get(f"{at}/volume.csv?of=day").text)))
    assert len(days) == 14
    assert httpx.get(f"{at}/texts.csv").status_code == 404  # text_families has not run


def test_the_volume_is_a_picture_and_all_of_trends_stands_in_frames(
    opened: Callable[..., Page], served: Served, counted: Topic, artefacts: Path
) -> None:
    at = f"{served.address}/{counted.topic}"
    for format_ in ("png", "svg"):
        answer = httpx.get(f"{at}/export/volume.{format_}?of=day")
        assert answer.status_code == 200
        (artefacts / f"volume.{format_}").write_bytes(answer.content)
    page = opened()
    page.goto(f"/{counted.topic}/trends?of=day&kind=host")
    for figure in ("volume", "hashtags", "items"):
        framed = page.locator(f"[data-embed][value*='embed/{figure}?']").get_attribute("value")
        assert framed
        assert "of=day" in framed
        assert httpx.get(f"{at}/embed/{figure}?of=day&kind=host").status_code == 200
    assert "run " in page.locator("section:has(#h-tags) textarea").input_value()
    assert page.locator("svg.volume .mark").count() == 2
    page.goto(f"/{counted.topic}/embed/items?kind=host&of=day")
    assert page.locator("tbody tr").count() > 0

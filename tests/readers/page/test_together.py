"""Accounts that act together, and where replies pile up: as the real jobs counted them, and without private persons."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import httpx
from cassandra.cluster import Session
from playwright.sync_api import Page

from conf.settings import Settings
from conf.topic import Topic
from readers.coordination.stored import read_groups, read_summaries
from readers.coordination.words import NOBODY, SENTENCE
from readers.page.replies import LEAST
from tests.readers.page.conftest import Served
from tests.readers.page.test_pages import PHONE
from tests.support.acted import CELL, FEWER, LINKS, PRIVATE, PUBLIC, REPLIES, TAGS


def rows_of(served: Served, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(httpx.get(served.address + address).content.decode("utf-8-sig"))))


def test_groups_are_shown_by_kind_and_open_by_keyboard(
    opened: Callable[..., Page], counted: Topic, session: Session, settings: Settings, artefacts: Path
) -> None:
    summaries = read_summaries(session, settings.keyspace, counted)
    found = read_groups(session, settings.keyspace, counted, summaries["link"])
    assert [row.accounts for row in found.groups] == [CELL]
    page = opened(java_script_enabled=False)
    page.goto(f"/{counted.topic}/network")
    part = page.locator("section:has(#h-together)")
    assert SENTENCE in part.inner_text()
    assert [f"({row.groups})" in part.locator(".choices").inner_text() for row in summaries.values()] == [True] * 5
    page.keyboard.press("Tab")
    part.locator("summary").first.focus()
    page.keyboard.press("Enter")
    shown = part.locator(".groups").inner_text()
    assert PUBLIC in shown
    assert f"{CELL - 1} more, not named" in shown
    assert f"{LINKS} links used together" in part.inner_text()
    assert not any(row.label in part.inner_text() for row in found.accounts if row.label != PUBLIC)
    assert part.locator(".groups a[target=_blank]").count() == LINKS
    assert f"method {summaries['link'].method}, run {found.summary.run_id}" in part.locator("textarea").input_value()
    page.screenshot(path=artefacts / "together.png", full_page=True)
    part.get_by_role("link", name="Replies").click()
    assert NOBODY in page.locator("section:has(#h-together)").inner_text()


def test_groups_fit_a_phone_in_any_script_and_their_graph_names_no_private_person(
    opened: Callable[..., Page], counted: Topic, artefacts: Path
) -> None:
    page = opened(viewport=PHONE, color_scheme="dark")
    page.goto(f"/{counted.topic}/network?kind=hashtags&of=day")
    part = page.locator("section:has(#h-together)")
    part.locator("summary").first.click()
    assert all(tag in part.inner_text() for tag in TAGS)
    page.screenshot(path=artefacts / "together-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    graph = part.get_by_role("link", name="The graph of these groups").get_attribute("href")
    page.goto(graph or "")
    page.locator("canvas").wait_for(timeout=60_000)
    assert PUBLIC in page.content()
    assert PRIVATE not in page.content()


def test_conversations_are_shown_and_only_public_persons_named(
    opened: Callable[..., Page], counted: Topic, artefacts: Path
) -> None:
    page = opened(viewport=PHONE)
    page.goto(f"/{counted.topic}/trends?of=day")
    part = page.locator("section:has(#h-replies)")
    rows = [row.inner_text().split("\t") for row in part.locator("tbody tr").all()]
    assert [row[1] for row in rows[:2]] == [str(REPLIES), str(FEWER)]
    assert PUBLIC in rows[0][0]
    assert rows[1][0].strip() == "an account"
    assert rows[0][4:6] == ["star", "1"]
    assert all(int(row[1]) >= LEAST for row in rows)
    assert part.locator("tbody a").first.get_attribute("href")
    assert "nothing of why or who" in part.inner_text()
    assert "method " in part.locator("textarea").input_value()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.screenshot(path=artefacts / "replies-phone.png", full_page=True)


def test_files_and_frames_have_the_same_and_name_no_private_person(served: Served, counted: Topic) -> None:
    at = f"/{counted.topic}"
    groups = rows_of(served, f"{at}/export/coordination.csv?kind=link&of=window")
    assert [(row["accounts"], row["objects"], row["named"]) for row in groups] == [(str(CELL), str(LINKS), PUBLIC)]
    replies = rows_of(served, f"{at}/export/conversations.csv?of=day")
    assert [(row["label"], row["posts"]) for row in replies[:2]] == [(PUBLIC, "14"), ("an account", "8")]
    assert (replies[1]["root"], replies[1]["author"]) == ("", "")
    frames = [httpx.get(f"{served.address}{at}/embed/{one}?of=day") for one in ("coordination", "conversations")]
    for frame in frames:
        assert frame.status_code == 200
        assert "nothing of why or who" in frame.text
        assert PUBLIC in frame.text
        assert PRIVATE not in frame.text
    assert httpx.get(f"{served.address}{at}/export/coordination.csv?kind=reply").status_code == 404
    assert httpx.get(f"{served.address}{at}/network?kind=nonsense").status_code == 400

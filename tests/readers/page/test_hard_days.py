"""Cassandra that goes away, an empty topic, names that attack, a run that is published while the page is open."""

import html
import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE
from playwright.sync_api import Page

from conf.credentials import cassandra_login
from conf.schema import Table
from conf.settings import Settings
from conf.tables import (
    CANDIDATE_POLL,
    CONVERSATIONS,
    COORDINATION_ACCOUNTS,
    COORDINATION_GROUPS,
    COORDINATION_OBJECTS,
    COORDINATION_SUMMARY,
    HASHTAG_TRENDS,
    JOB_RUNS,
)
from conf.topic import Topic, load_topic
from tests.conftest import make_topic
from tests.readers.page.conftest import Served, serve
from tests.support.commands import end
from tests.support.cut import Cut
from tests.support.stored_graph import write
from tests.support.summaries import row_of, run

START = datetime(2016, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "أحمد حسين عبد الرحمن",
    "\u202egnp.exe\u202c <b>",
    "Z\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301algo",
    "とても長い名前の候補者" * 15,
    "Wolfeschlegelsteinhausenbergerdorff" * 5,
    "</text></svg><!--banner-->{{ 7*7 }} 👩‍👩‍👧‍👦",
    "İsmail Çağlayan'ın",
]


def insert(session: Session, settings: Settings, table: Table, row: dict[str, object]) -> None:
    values = [row.get(name, UNSET_VALUE) for name in table.columns]
    session.execute(session.prepare(table.insert(settings.keyspace)), values)


def publish(session: Session, settings: Settings, topic: Topic, run: uuid.UUID, share: float, second: int = 0) -> None:
    """A poll by window and by hour, of one run, in which the first candidate has `share`."""
    at = datetime(2026, 1, 1, second=second, tzinfo=UTC)
    candidates = topic.races[0].candidates
    whole = {"period": "window", "period_start": START, "period_end": START + 12 * HOUR}
    starts = [START + HOUR * n for n in range(12)]
    hours = [{"period": "hour", "period_start": start, "period_end": start + HOUR} for start in starts]
    kinds = {"posts": 70, "originals": 70, "retweets": 0, "replies": 0, "quotes": 0, "authors": 60}
    for period in (whole, *hours):
        for number, candidate in enumerate(candidates):
            part = share if number == 0 else (1 - share) / (len(candidates) - 1)
            figures = {"share_authors": part, "share_posts": part, "share_authors_no_bots": part}
            ends = {"share_authors_low": max(0, part - 0.02), "share_authors_high": min(1, part + 0.02)}
            row: dict[str, object] = {"topic": topic.topic, "race": topic.races[0].id, **period}
            row |= {"candidate": candidate.id, "name": candidate.name, **figures, **ends, **kinds}
            row |= {"posts_total": 900, "authors_total": 700, "method": "m1", "run_id": run, "computed_at": at}
            insert(session, settings, CANDIDATE_POLL, row)
    ran: dict[str, object] = {"job": "candidate_poll", "topic": topic.topic, "started_at": at, "run_id": run}
    ran |= {"status": "succeeded", "window_start": START, "window_end": START + 12 * HOUR}
    insert(session, settings, JOB_RUNS, ran)


def small_topic(settings: Settings, *names: str) -> Topic:
    topic = make_topic(settings, "races: [{id: r, candidates: [{id: a, name: A, aliases: [a]}]}]\n")
    candidates = [{"id": f"c{n}", "name": name, "aliases": [f"word{n}"]} for n, name in enumerate(names, 1)]
    races = [{"id": "r", "title": f"{NAMES[2]} president", "candidates": candidates}]
    body: dict[str, Any] = {
        "topic": topic.topic,
        "title": f"{NAMES[0]} {NAMES[1]}",
        "timezone": "Asia/Tokyo",
        "races": races,
    }
    body["collect"] = {"keywords": NAMES, "users": ["ana"], "languages": ["ja"]}
    (settings.topics_dir / f"{topic.topic}.yaml").write_text(yaml.safe_dump(body, allow_unicode=True))
    return load_topic(topic.topic, settings.topics_dir)


def store_together(session: Session, settings: Settings, topic: Topic) -> None:
    """A group of three accounts, and a conversation, whose names, links and first post attack."""
    ran = run(session, settings, topic, COORDINATION_SUMMARY.job)
    write(session, settings, COORDINATION_SUMMARY, iter([row_of(COORDINATION_SUMMARY, topic, ran, kind="link")]))
    group = row_of(COORDINATION_GROUPS, topic, ran, kind="link", top_objects=[NAMES[0]])
    write(session, settings, COORDINATION_GROUPS, iter([group]))
    three: dict[str, Any] = {"kind": "link", "bucket": 0, "followers": 20_000}
    accounts = (row_of(COORDINATION_ACCOUNTS, topic, ran, author=f"x:{n}", label=NAMES[n], **three) for n in range(3))
    write(session, settings, COORDINATION_ACCOUNTS, accounts)
    links = ("javascript:alert(3)", NAMES[6], f"https://a.example/{'x' * 3000}", "https://b.example/<b>")
    shared = (row_of(COORDINATION_OBJECTS, topic, ran, kind="link", bucket=0, object=one, shown=one) for one in links)
    write(session, settings, COORDINATION_OBJECTS, shared)
    ran = run(session, settings, topic, CONVERSATIONS.job)
    attacks = {"label": NAMES[0], "author": "x:1", "root": "1?<b>", "candidate": NAMES[6]}
    write(session, settings, CONVERSATIONS, iter([row_of(CONVERSATIONS, topic, ran, **attacks)]))


def test_names_that_attack_are_text(
    opened: Callable[..., Page], session: Session, settings: Settings, artefacts: Path, served: Served
) -> None:
    topic = small_topic(settings, *NAMES)
    publish(session, settings, topic, uuid.uuid1(), 0.3)
    for rank, tag in enumerate(("<svg onload=alert(1)>", "ا" * 5000, "\u202etag", "a'b\"c&d"), 1):
        row: dict[str, object] = {"topic": topic.topic, "period": "hour", "rank": rank, "hashtag": tag, "posts": 9}
        row |= {"period_start": START, "period_end": START + HOUR, "authors": 9, "previous_posts": 1, "burst": 2.0}
        insert(session, settings, HASHTAG_TRENDS, row | {"run_id": uuid.uuid1(), "computed_at": START})
    store_together(session, settings, topic)
    for options in ({}, {"viewport": {"width": 390, "height": 844}}):
        page = opened(**options)
        page.on("dialog", lambda _: pytest.fail("a stranger's text ran"))
        page.goto(f"/{topic.topic}/night")
        names = page.locator(".bars .name").all_inner_texts()
        assert any(name.startswith("<script>alert(1)</script><img") for name in names)
        assert any("{{ 7*7 }}" in name for name in names)
        assert NAMES[0] in page.locator("select[name=topic] option:checked").inner_text()
        assert f"\u2068{NAMES[1]}\u2069 " in page.locator("textarea").first.input_value()
        assert not any("\u202e" in name for name in names)
        assert page.locator("main img, main script, main b").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
        page.screenshot(path=artefacts / f"hostile-{len(options)}.png", full_page=True)
        page.goto(f"/{topic.topic}/trends?of=hour")
        assert "<svg onload=alert(1)>" in page.locator("main").inner_text()
        check_together(page, topic)
        page.screenshot(path=artefacts / f"hostile-together-{len(options)}.png", full_page=True)
        for name in ("method", "collecting", "quality"):
            check_harmless(page, topic, name)
            page.screenshot(path=artefacts / f"hostile-{name}-{len(options)}.png")
    for format_ in ("svg", "png"):
        answer = httpx.get(f"{served.address}/{topic.topic}/export/lines.{format_}")
        no_font = format_ == "png" and answer.status_code == 501  # of Japanese, on a machine without its fonts
        assert answer.status_code == 200 or (no_font and "fonts-noto-cjk" in answer.text)
        (artefacts / f"hostile.{format_}").write_bytes(answer.content)


def check_harmless(page: Page, topic: Topic, name: str) -> None:
    """Fails if a name is markup on a page, turns the text around, or makes the page wider than the screen."""
    page.goto(f"/{topic.topic}/{name}")
    assert NAMES[0] in page.locator(".topic").inner_text()
    if name != "quality":
        assert {NAMES[0], NAMES[1], NAMES[7]} <= set(page.locator("main .text").all_inner_texts())
    assert page.locator("main img, main script, main b").count() == 0
    assert "\u202e" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def check_together(page: Page, topic: Topic) -> None:
    """Fails unless the groups are shown, though there is no graph, and what attacks in them is text."""
    page.goto(f"/{topic.topic}/network")
    assert "network_graph.py" in page.locator("main").inner_text()
    page.locator("summary", has_text="Accounts and what they share").click()
    shown = page.locator(".groups").inner_text()
    assert NAMES[0] in shown
    assert "javascript:alert(3)" in shown
    assert page.locator("main img, main script, main b").count() == 0
    links = page.locator(".groups a").evaluate_all("nodes => nodes.map(n => n.href)")
    assert links == ["https://b.example/%3Cb%3E"]
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def test_an_empty_topic_says_what_to_run(opened: Callable[..., Page], settings: Settings, artefacts: Path) -> None:
    topic = small_topic(settings, "Ana", "Bob")
    page = opened()
    for name in ("night", "trends", "network"):
        page.goto(f"/{topic.topic}/{name}")
        assert re.search("spark-submit jobs/.* --from D --to D$", page.locator("main code").first.inner_text())
    page.screenshot(path=artefacts / "empty.png")
    for name in ("quality", "collecting", "search", "cluster", "method"):
        answer = page.goto(f"/{topic.topic}/{name}")
        assert answer
        assert answer.status == 200
        if name in ("quality", "collecting"):
            page.screenshot(path=artefacts / f"empty-{name}.png")


def test_a_run_that_is_published_while_the_page_is_open_is_shown_whole(
    opened: Callable[..., Page], served: Served, session: Session, settings: Settings
) -> None:
    topic = small_topic(settings, "Ana", "Bob")
    first, second = uuid.uuid1(), uuid.uuid1()
    publish(session, settings, topic, first, 0.6)
    address = f"{served.address}/{topic.topic}/night?by=hour"
    page = opened()
    page.clock.install()
    page.goto(address)
    page.locator("details.figures summary").click()
    before = httpx.get(address).text
    seen = re.search(r"seen=(\w+)", before)
    assert seen
    publish(session, settings, topic, second, 0.4, second=1)
    until = time.monotonic() + 10
    while (answer := httpx.get(f"{address}&seen={seen[1]}")).status_code == 204:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert str(second) in answer.text
    assert str(first) not in answer.text
    assert "40.0%" in answer.text
    assert "60.0%" in answer.text
    page.clock.fast_forward(61_000)  # the open page asks every minute, and leaves open what was opened
    page.locator(".bars .value[data-id=c2]", has_text="60.0%").wait_for()
    assert page.locator("details.figures[open] td", has_text="60.0%").count() > 0


def test_half_a_run_is_never_shown_beside_half_of_another(served: Served, session: Session, settings: Settings) -> None:
    """A run that was ended while it published: its window is there, its hours are those of the run before."""
    topic = small_topic(settings, "Ana", "Bob")
    publish(session, settings, topic, uuid.uuid1(), 0.6)
    run = uuid.uuid1()
    for number, candidate in enumerate(topic.races[0].candidates):
        row: dict[str, object] = {"topic": topic.topic, "race": "r", "period": "window", "period_start": START}
        row |= {"period_end": START + 12 * HOUR, "candidate": candidate.id, "share_authors": 0.4 + 0.2 * number}
        row |= {"run_id": run, "computed_at": datetime(2026, 1, 2, tzinfo=UTC)}
        insert(session, settings, CANDIDATE_POLL, row)
    text = httpx.get(f"{served.address}/{topic.topic}/night", timeout=20).text
    assert "bars and lines are of two runs" in text


@pytest.fixture
def cut(settings: Settings) -> Iterator[Cut]:
    way = Cut((settings.cassandra_hosts[0], settings.cassandra_port))
    yield way
    way.close()


def through(cut: Cut, settings: Settings) -> dict[str, str]:
    """The environment of a command that reaches Cassandra through `cut`, with the login of the tests' own."""
    login = cassandra_login(settings)
    assert login
    user = {"PULSO_CASSANDRA_USER": login.user, "PULSO_CASSANDRA_PASSWORD": login.password}
    return {"PULSO_CASSANDRA_PORT": str(cut.port), **user}


def test_without_cassandra_the_figures_seen_last_are_shown_and_say_so(
    counted: Topic, cut: Cut, settings: Settings
) -> None:
    served = serve(**through(cut, settings))
    try:
        address = f"{served.address}/{counted.topic}"
        before = httpx.get(f"{address}/night", timeout=30)
        assert before.status_code == 200
        assert httpx.get(f"{address}/search?q=duterte", timeout=30).status_code == 200
        cut.cut()
        time.sleep(1.2)  # the version of the figures holds for a second
        down = httpx.get(f"{address}/night", timeout=30)
        assert down.status_code == 200
        assert re.search(
            r"These are the figures seen last, at \d+ \w+ \d{4}, \d\d:\d\d \(Asia/Manila\)\. Cassandra", down.text
        )
        assert "seen=moment" in down.text  # so that the message goes once it does not hold
        assert re.findall(r'data-id="\w+">[^<]*', down.text) == re.findall(r'data-id="\w+">[^<]*', before.text)
        frame = httpx.get(f"{address}/embed/bars", timeout=30)  # of another site, whose readers start nothing here
        assert (frame.status_code, "make up" in frame.text) == (503, False)
        assert 'http-equiv="refresh"' in frame.text
        never = httpx.get(f"{address}/trends", timeout=30)
        assert never.status_code == 503
        assert "Cassandra does not answer" in html.unescape(never.text)
        assert f'href="/{counted.topic}/cluster"' in never.text  # from there, too, one comes to the other pages
        assert "seen=moment" in never.text  # and it asks again by itself
        searched = httpx.get(f"{address}/search?q=duterte", timeout=30)  # what was deleted meanwhile is not known
        assert (searched.status_code, "<mark>" in searched.text) == (503, False)
        assert httpx.get(f"{address}/method", timeout=30).status_code == 200  # it needs no store
        health = httpx.get(f"{address}/cluster", timeout=30)
        assert health.status_code == 200  # it says what is away, so it is there when something is
        assert re.search(r'role="alert">Cassandra: [^<]*<code>make up<', health.text)
        assert ">Redis</h2>" in health.text
        began = time.monotonic()
        httpx.get(f"{address}/night", timeout=30)
        assert time.monotonic() - began < 2
        cut.mend()
        until = time.monotonic() + 60
        while httpx.get(f"{address}/trends", timeout=30).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.5)
        assert "seen last" not in httpx.get(f"{address}/night", timeout=30).text
    finally:
        end(served.process)


def test_a_page_that_starts_before_cassandra_says_what_to_do(counted: Topic, cut: Cut, settings: Settings) -> None:
    cut.cut()
    served = serve(**through(cut, settings))
    try:
        answer = httpx.get(f"{served.address}/{counted.topic}/night", timeout=30)
        assert answer.status_code == 503
        assert "make up" in answer.text
    finally:
        end(served.process)

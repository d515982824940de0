"""A topic with troubles: low coverage, gaps, a check that fails, runs that fail, collection that stands still."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cassandra.cluster import Session
from playwright.sync_api import Page

from conf.settings import Settings
from conf.tables import (
    CANDIDATE_POLL,
    COLLECTION_GAPS,
    COLLECTION_THROUGH,
    DATA_QUALITY,
    JOB_RUNS,
    POLL_BACKTEST,
)
from conf.topic import Topic
from tests.readers.page.test_hard_days import HOUR, NAMES, START, insert, publish, small_topic


def test_low_coverage_makes_the_strip_amber_and_gaps_grey(
    opened: Callable[..., Page], session: Session, settings: Settings, artefacts: Path
) -> None:
    topic = small_topic(settings, "Ana", "Bob")
    publish(session, settings, topic, uuid.uuid1(), 0.6)
    key: dict[str, object] = {"topic": topic.topic, "race": "r", "period": "window"}
    key |= {"period_start": START, "period_end": START + 12 * HOUR, "coverage": 0.81}
    for candidate in topic.races[0].candidates:
        insert(session, settings, CANDIDATE_POLL, key | {"candidate": candidate.id})
    source: dict[str, object] = {"topic": topic.topic, "source": "bluesky"}
    insert(session, settings, COLLECTION_THROUGH, source | {"through": START + 12 * HOUR, "began": START})
    gap = {"gap_start": START + 3 * HOUR, "gap_end": START + 5.3 * HOUR}
    insert(session, settings, COLLECTION_GAPS, source | gap | {"reason": "the server <closed> the connection"})
    page = opened()
    page.goto(f"/{topic.topic}/night")
    assert page.locator(".strip.amber").count() == 1
    assert "Only 81.0% of this time was collected" in page.locator(".notice").inner_text()
    assert page.locator("svg.wide .gap").count() == 1
    assert "bluesky: the server <closed> the connection" in page.locator("main").inner_text()
    page.screenshot(path=artefacts / "amber.png", full_page=True)
    store_troubles(session, settings, topic)
    for size, theme in ((page.viewport_size, "light"), ({"width": 390, "height": 844}, "dark")):
        check_troubles(opened(viewport=size, color_scheme=theme), topic, artefacts, theme)


def store_troubles(session: Session, settings: Settings, topic: Topic) -> None:
    """Fifty more gaps, a run that failed, one that is silent, a check that did not pass, and a backtest."""
    key: dict[str, object] = {"topic": topic.topic, "source": "bluesky"}
    for n in range(50):
        gap = {"gap_start": START + timedelta(days=-n - 1), "gap_end": START + timedelta(days=-n - 1, seconds=90)}
        insert(session, settings, COLLECTION_GAPS, key | gap | {"reason": "ağ", "posts_lost_estimate": 1234})
    ran: dict[str, object] = {"topic": topic.topic, "window_start": START, "window_end": START + 12 * HOUR}
    failed = {"job": "hashtag_trends", "started_at": START, "run_id": uuid.uuid1(), "status": "failed"}
    insert(session, settings, JOB_RUNS, ran | failed | {"error": "no space left on device <b>" + "/data" * 60})
    silent = {"job": "cascades", "started_at": START, "run_id": uuid.uuid1(), "status": "running"}
    insert(session, settings, JOB_RUNS, ran | silent)
    check: dict[str, object] = {"job": "hashtag_trends", "topic": topic.topic, "run_id": failed["run_id"]}
    check |= {"expectation": "posts >= authors", "success": False, "observed": "3 of 900 rows", "severity": "error"}
    insert(session, settings, DATA_QUALITY, check | {"target": "hashtag_trends", "checked_at": START})
    tested: dict[str, object] = {
        "topic": topic.topic,
        "race": "r",
        "mae": 0.0312,
        "mae_uniform": 0.2,
        "run_id": uuid.uuid1(),
    }
    for measure in ("share_authors:last_day", f"poll:{NAMES[0]}"):
        times = {"window_start": START, "window_end": START + 24 * HOUR, "computed_at": START, "run_id": uuid.uuid1()}
        insert(session, settings, POLL_BACKTEST, tested | times | {"measure": measure, "method": "m1"})


def check_troubles(page: Page, topic: Topic, artefacts: Path, theme: str) -> None:
    """Fails unless the page says in words what is wrong, and how many gaps it does not list."""
    page.clock.install()
    page.goto(f"/{topic.topic}/quality")
    page.screenshot(path=artefacts / f"troubles-quality-{theme}.png", full_page=True)
    told = page.locator("main").inner_text()
    assert "Not all checks passed in the last run of hashtag_trends." in told
    assert "no sign of life" in told
    assert "These are the last 50; 1 more came before them." in told
    assert "Share of authors, last day\t3.1\t20.0\t" in told
    assert f"Opinion poll: {NAMES[0]}\t3.1" in told
    page.goto(f"/{topic.topic}/collecting")
    page.locator("#queue .strip").wait_for()
    page.screenshot(path=artefacts / f"troubles-collecting-{theme}.png", full_page=True)
    assert "Nothing new is stored from bluesky" in page.locator("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    page.evaluate("document.querySelector('main .lead').textContent = 'old'")
    page.clock.fast_forward(61_000)  # it renews itself, and keeps what the queue has told
    page.locator("main .lead", has_text="As of").wait_for()
    assert page.locator("#queue .strip").count() == 1

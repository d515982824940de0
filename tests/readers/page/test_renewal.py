"""A page that stays open: what renews it, and what does not take its place; which address shows which window."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pandas as pd
import pytest
from cassandra.cluster import Session
from playwright.sync_api import Browser, Page, Route

from conf.settings import Settings
from conf.tables import CANDIDATE_POLL, JOB_RUNS
from conf.topic import Topic, parse_topic
from readers.page import night
from readers.page.address import View, view_of
from readers.page.lines import Span
from readers.page.seen import Pages
from readers.page.source import FRESH, NEWEST, Source
from readers.page.texts import runs_of
from stores.coverage import Gap, Record
from tests.readers.page.conftest import Served
from tests.readers.page.test_hard_days import HOUR, START, insert, publish, small_topic

END = START + 12 * HOUR
MINUTE = 61_000


def answering(status: int, body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body=body)


def test_an_answer_that_is_no_page_leaves_the_figures_and_is_told(
    browser: Browser, served: Served, session: Session, settings: Settings, artefacts: Path
) -> None:
    topic = small_topic(settings, "Ana", "Bob")
    publish(session, settings, topic, uuid.uuid1(), 0.6)
    with browser.new_context(base_url=served.address, viewport={"width": 1280, "height": 900}) as context:
        check_renewals(context.new_page(), topic, artefacts, partial(publish, session, settings, topic))


def check_renewals(page: Page, topic: Topic, artefacts: Path, publish_again: Callable[..., None]) -> None:
    """Fails unless a page keeps its figures and says so while answers are no pages, and is renewed afterwards."""
    page.clock.install()
    page.goto(f"/{topic.topic}/night")
    answers = [(502, "<html>Bad Gateway</html>"), (200, "<html>Sign in</html>"), (500, '<main id="main">failed</main>')]
    for status, body in answers:
        page.route("**/night?seen=*", answering(status, body))
        page.clock.fast_forward(MINUTE)
        page.locator("#late").wait_for()
        assert page.locator("li .value").all_inner_texts() == ["60.0%", "40.0%"], status
        page.unroute("**/night?seen=*")
        page.screenshot(path=artefacts / "not-renewed.png")
        page.clock.fast_forward(MINUTE)
        page.locator("#late").wait_for(state="detached")
    page.route("**/night?seen=*", lambda route: route.abort())
    page.clock.fast_forward(MINUTE)
    page.locator("#late").wait_for()
    page.unroute("**/night?seen=*")
    publish_again(uuid.uuid1(), 0.7, second=1)
    time.sleep(FRESH * 1.2)
    page.clock.fast_forward(MINUTE)
    page.locator("li .value", has_text="70.0%").wait_for()
    assert page.locator("#late").count() == 0


def test_a_window_has_an_address_of_its_own_to_the_last_digit() -> None:
    topic = parse_topic("topic: t\ntimezone: Asia/Tokyo\n", "t.yaml")
    whole, part = ("2016-05-01T00:00:00Z", "2016-05-01T00:00:00.500000Z")
    links = [view_of(topic, "night", {"window": f"{start}~2016-05-02T09:00:00%2B09:00".replace("%2B", "+")}).link()
             for start in (whole, part)]  # fmt: skip
    assert links == [
        "/t/night?window=2016-05-01T00%3A00%3A00Z~2016-05-02T00%3A00%3A00Z",
        "/t/night?window=2016-05-01T00%3A00%3A00.500000Z~2016-05-02T00%3A00%3A00Z",
    ]


def test_a_window_of_an_earlier_run_says_that_its_hours_are_later_ones(
    served: Served, session: Session, settings: Settings
) -> None:
    topic = small_topic(settings, "Ana", "Bob")
    publish(session, settings, topic, uuid.uuid1(), 0.6)
    pinned = f"{served.address}/{topic.topic}/night?window=2016-05-01T00:00:00Z~2016-05-01T12:00:00Z"
    told = "Bars and hours are of different runs"
    assert told not in httpx.get(pinned, timeout=30).text
    later = uuid.uuid1()
    publish(session, settings, topic, later, 0.7, second=1)
    for candidate in topic.races[0].candidates:
        row: dict[str, object] = {"topic": topic.topic, "race": "r", "period": "window", "candidate": candidate.id}
        row |= {"period_start": START, "period_end": END, "computed_at": datetime(2025, 12, 31, tzinfo=UTC)}
        insert(session, settings, CANDIDATE_POLL, row)
    assert told in httpx.get(f"{pinned}&theme=dark", timeout=30).text


def record(*gaps: Gap, through: datetime = END, began: datetime | None = START) -> dict[str, Record]:
    return {"x": Record(gaps, through, began)}


@pytest.mark.parametrize(
    ("records", "spans"),
    [
        (record(), []),
        (record(Gap(START - HOUR, START + HOUR, "away")), [(0, 1, "away")]),
        (record(Gap(START + 10 * HOUR, None, "down"), through=START + 10 * HOUR), [(10, 12, "down")]),
        (record(through=START + 9 * HOUR), [(9, 12, "not collected yet")]),
        (record(through=END - night.LATE), []),
        (record(through=END - night.LATE - timedelta(seconds=1)), [(None, 12, "not collected yet")]),
        (record(began=START + 3 * HOUR), [(0, 3, "collection had not begun")]),
        (record(through=START - HOUR), []),  # never up in this time
    ],
)
def test_grey_are_the_times_that_coverage_counts_as_missing(
    records: dict[str, Record], spans: list[tuple[float | None, float, str]]
) -> None:
    found = night.missing(records, START, END)
    hours = [((one.start - START) / HOUR, (one.end - START) / HOUR, one.text) for one in found]
    assert [(start if spans[n][0] is not None else None, end, text) for n, (start, end, text) in enumerate(hours)] == [
        (start, end, f"x: {text}") for start, end, text in spans
    ]


def test_the_future_is_not_missing() -> None:
    now = datetime.now(UTC)
    open_gap = {"x": Record([Gap(now - HOUR, None, "down")], now - HOUR, now - 9 * HOUR)}
    [span] = night.missing(open_gap, now - 6 * HOUR, now + 6 * HOUR)
    assert isinstance(span, Span)
    assert timedelta() <= span.end - now < timedelta(minutes=1)


def test_all_who_wait_for_a_page_take_what_began_after_they_asked() -> None:
    pages, made = Pages(), list[int]()

    def make() -> bytes:
        made.append(1)
        return b"page"

    pages.get("a", lambda: "1", make)
    pages.get("a", lambda: "1", make)
    assert len(made) == 1

    def meanwhile() -> str:  # another reader asks, and is answered, between this one's question and its turn
        pages.get("a", lambda: "2", make)
        return "3"

    pages.get("a", meanwhile, make)
    assert len(made) == 2
    pages.get("a", lambda: "4", make)
    assert len(made) == 3


def test_the_version_changes_with_any_run_that_ends_and_each_minute_while_one_goes_on(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, source = small_topic(settings, "Ana", "Bob"), Source(settings)
    rows = [
        {"job": "candidate_poll", "topic": topic.topic, "started_at": START + HOUR * n, "run_id": uuid.uuid1()}
        for n in range(NEWEST)
    ]

    def set_status(row: dict[str, object], status: str) -> str:
        insert(session, settings, JOB_RUNS, row | {"status": status, "window_start": START, "window_end": END})
        source._versions.clear()
        return source.version(topic)

    try:
        versions = [set_status(row, "succeeded") for row in rows]
        versions.append(set_status(rows[0], "failed"))  # of those that are looked at, the oldest
        assert len(set(versions)) == len(versions)
        going = set_status(rows[-1], "running")

        class Later(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime.now(UTC) + timedelta(minutes=1)

        monkeypatch.setattr("readers.page.source.datetime", Later)
        source._versions.clear()
        assert source.version(topic) != going
    finally:
        source.close()


def test_of_which_runs_rows_are() -> None:
    assert runs_of(pd.DataFrame({"run_id": ["abcdefghij"] * 2}), 8) == "run abcdefgh"
    assert runs_of(pd.DataFrame({"run_id": ["a", "b", "b"]})) == "2 runs, the last b"


def test_a_link_of_a_view_is_read_back_as_it_is() -> None:
    topic = parse_topic("topic: t\ntimezone: Asia/Tokyo\n", "t.yaml")
    view = View(topic, "night", window=(START, END + timedelta(milliseconds=7)))
    query = httpx.URL(view.link()).params
    assert view_of(topic, "night", dict(query)).window == view.window

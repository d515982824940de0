"""The page in a real browser, over tables that the real jobs made: what a person sees, clicks, shares and saves."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from cassandra.cluster import Session
from playwright.sync_api import Page

from conf.settings import Settings
from conf.topic import Topic
from readers.page.app import PAGES
from readers.polls.poll import changes, read_poll, without_few
from tests.conftest import make_topic
from tests.readers.page.conftest import NEWSROOM, Served
from tests.support.commands import run_command

Opens = Callable[..., Page]
PHONE = {"width": 390, "height": 844}


def bars(page: Page) -> dict[str, str]:
    """The values beside the bars, by candidate."""
    found = page.locator(".bars .value").evaluate_all("nodes => nodes.map(n => [n.dataset.id, n.textContent])")
    return dict(found)


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serves a folder on a port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def shot(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("name", "theme"), [("night", "dark"), *((name, "light") for name in PAGES)])
def test_each_page_is_accessible(opened: Opens, counted: Topic, artefacts: Path, name: str, theme: str) -> None:
    check_accessible(opened(color_scheme=theme), counted, artefacts, name, theme)


def check_accessible(page: Page, counted: Topic, artefacts: Path, name: str, theme: str) -> None:
    """Opens a page, keeps a picture of it, and fails for what axe calls serious or critical."""
    answer = page.goto(f"/{counted.topic}/{name}")
    assert answer
    assert answer.status == 200
    assert page.locator("main h1").count() == 1
    assert "Nothing to show yet" not in page.content()
    if name == "network":
        page.frame_locator("iframe.drawing").locator("canvas").wait_for(timeout=60_000)
    if name == "collecting":
        page.get_by_text("Dead letters", exact=True).first.wait_for(timeout=30_000)
    shot(page, artefacts, f"{name}-{theme}")
    check_axe(page)


def check_axe(page: Page) -> None:
    """Fails for what axe calls serious or critical."""
    violations = Axe().run(page).response["violations"]
    bad = [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in violations]
    assert [each for each in bad if each[1] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_a_phone(opened: Opens, counted: Topic, artefacts: Path, name: str) -> None:
    page = opened(viewport=PHONE)
    page.goto(f"/{counted.topic}/{name}")
    shot(page, artefacts, f"{name}-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_numbers_of_the_page_are_those_of_the_table(
    opened: Opens, counted: Topic, session: Session, settings: Settings
) -> None:
    race = counted.races[0]
    frame = read_poll(session, settings.keyspace, counted, race.id)
    days = without_few(read_poll(session, settings.keyspace, counted, race.id, "day"))
    page = opened()
    without = (("people", "share_authors_no_bots"), ("groups", "share_authors_no_groups"))
    for show, column in (("authors", "share_authors"), ("posts", "share_posts"), *without):
        page.goto(f"/{counted.topic}/night?show={show}")
        assert bars(page) == {row["candidate"]: f"{row[column]:.1%}" for row in frame.to_dict("records")}
    page.goto(f"/{counted.topic}/night")
    shown = page.locator(".bars li").evaluate_all("nodes => nodes.map(n => n.innerText)")
    moved = changes(days).set_index("candidate")["share_authors_change"]
    assert len(shown) == len(race.candidates) == len(moved)
    for row, text in zip(frame.to_dict("records"), shown, strict=True):
        assert f"{row['share_authors_low']:.1%} to {row['share_authors_high']:.1%}" in text
        assert f"{moved[row['candidate']] * 100:+.1f}".replace("-", "−") in text
    assert "25 Apr to 8 May 2016" in page.locator("section:has(#h-bars)").inner_text()
    strip = page.locator(".strip").inner_text()
    assert "Asia/Manila" in strip
    assert f"{frame['authors_total'][0]:,}" in strip
    assert f"{frame['posts_total'][0]:,}" in strip
    assert "Share of conversation, not a forecast" in page.content()


def test_a_link_holds_the_whole_state(opened: Opens, counted: Topic) -> None:
    page = opened()
    page.goto(f"/{counted.topic}/night")
    page.get_by_role("link", name="Vice-President").click()
    page.get_by_role("link", name="Posts", exact=True).click()
    page.get_by_role("link", name="By day").click()
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url(re.compile("theme=dark"))
    other = opened()
    other.goto(page.url)
    assert other.locator("html").get_attribute("data-theme") == "dark"
    assert bars(other) == bars(page)
    assert other.get_by_role("link", name="Vice-President").get_attribute("aria-current") == "true"
    page.go_back()
    assert "theme=dark" not in page.url


def test_it_works_without_javascript(opened: Opens, counted: Topic, artefacts: Path) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"/{counted.topic}/night")
    shot(page, artefacts, "night-no-script")
    page.get_by_role("link", name="Without bots").click()
    assert "show=people" in page.url
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("duterte")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".posts li").count() > 0
    page.get_by_role("link", name="Collecting").click()
    page.get_by_role("link", name="Show the queue's figures").click()
    assert "Dead letters" in page.content()


def test_a_search_finds_what_the_command_finds(opened: Opens, counted: Topic) -> None:
    page = opened()
    page.goto(f"/{counted.topic}/search?q=grace+poe")
    asked = ("grace", "poe", "--limit", "50", "--format", "csv")
    told = run_command("readers", "search", "--topic", counted.topic, *asked)
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert page.locator(".posts li").count() == len(rows) > 3
    assert page.locator(".posts li mark").count() >= len(rows)
    links = page.locator(".posts li a[target=_blank]").evaluate_all("nodes => nodes.map(n => n.href)")
    assert links == [f"https://x.com/i/status/{row['post_id']}" for row in rows]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ('q="grace', "A quotation mark is missing"),
        ("q=%40a+%40b", "a post has only one author"),
        ("q=poe&from=soon", "'soon' is not a date or ISO time"),
        ("q=zzzzzqqq", "No collected post was found"),
    ],
)
def test_a_search_that_can_not_be_says_why(opened: Opens, counted: Topic, query: str, told: str) -> None:
    page = opened()
    page.goto(f"/{counted.topic}/search?{query}")
    assert told.lower() in page.locator("main").inner_text().lower()


@pytest.mark.parametrize("figure", ["bars", "lines"])
def test_exports_are_those_of_the_command_and_the_same_picture(
    served: Served, counted: Topic, figure: str, artefacts: Path
) -> None:
    at = f"{served.address}/{counted.topic}/export/{figure}"
    table = httpx.get(f"{at}.csv").content.decode("utf-8-sig")
    limits = ["--period", "day"] if figure == "lines" else []
    told = run_command("readers", "poll", "--topic", counted.topic, "--race", "president", "--format", "csv", *limits)
    assert list(csv.reader(io.StringIO(table))) == list(csv.reader(io.StringIO(told.stdout)))
    picture, svg = httpx.get(f"{at}.png").content, httpx.get(f"{at}.svg").text
    (artefacts / f"{figure}.png").write_bytes(picture)
    (artefacts / f"{figure}.svg").write_text(svg)
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 1880
    assert "not a forecast" in svg
    assert "Rodrigo Duterte" in svg


def test_a_frame_on_another_site_shows_one_figure_and_renews_itself(
    opened: Opens, served: Served, counted: Topic, tmp_path: Path
) -> None:
    page = opened()
    frames = "".join(
        f'<iframe src="{served.address}/{counted.topic}/embed/{figure}" title="{figure}"></iframe>'
        for figure in ("bars", "lines")
    )
    (tmp_path / "index.html").write_text(f'<!DOCTYPE html><link rel="icon" href="data:,"><title>news</title>{frames}')
    with serving(tmp_path) as port:
        page.goto(f"{NEWSROOM}{port}/")
        check_frames(page)


def check_frames(page: Page) -> None:
    """Fails unless both figures are there, and the first asks for itself again after a minute."""
    inside = page.frame_locator("iframe[title=bars]")
    inside.locator(".bars li").first.wait_for()
    assert inside.locator(".bars li").count() == 5
    assert inside.locator("meta[http-equiv=refresh]").get_attribute("content") == "60"
    page.frame_locator("iframe[title=lines]").locator("svg.lines").first.wait_for(state="attached")


def test_a_page_that_has_not_changed_is_not_sent_again(served: Served, counted: Topic) -> None:
    address = f"{served.address}/{counted.topic}/night"
    first = httpx.get(address)
    again = httpx.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = httpx.get(address, headers={"accept-encoding": "identity"})
    assert (first.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert plain.text == first.text
    seen = re.search(r'hx-get="[^"]*seen=(\w+)"', first.text)
    assert seen
    assert httpx.get(f"{address}?seen={seen[1]}").status_code == 204
    assert httpx.get(f"{address}?seen=older").status_code == 200


def test_events_are_marked_and_listed(opened: Opens, counted: Topic) -> None:
    page = opened()
    page.goto(f"/{counted.topic}/night?by=day")
    assert page.locator("svg.wide .mark").count() == 2
    listed = page.locator(".events li").all_inner_texts()
    assert "Third debate <b>live</b>" in listed[0]
    assert "1 May 2016, 00:00" in listed[0]
    assert "مناظرة أخيرة" in listed[1]
    page.goto(f"/{counted.topic}/night?by=hour")  # each hour has a few posts: an empty picture would say nothing
    assert page.locator("svg.lines").count() == 0
    assert "No whole hour of this time has at least 30 authors" in page.locator("main").inner_text()


def test_the_neighbourhood_of_an_account_is_drawn(opened: Opens, counted: Topic, artefacts: Path) -> None:
    page = opened()
    page.goto(f"/{counted.topic}/network?theme=dark")
    name = page.locator(".list a").first.inner_text()
    page.locator(".list a").first.click()
    page.wait_for_url(re.compile("account="))
    assert f"Drawn are the nodes around {name}, up to 1 step away" in page.locator("main").inner_text()
    drawing = page.frame_locator("iframe.drawing")
    drawing.locator("canvas").wait_for(timeout=60_000)
    ground = "e => getComputedStyle(e).backgroundColor"
    assert drawing.locator("body").evaluate(ground) == page.locator("html").evaluate(ground) == "rgb(20, 23, 26)"
    shot(page, artefacts, "neighbourhood")


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("/nosuch/night", 404, "Topics:"),
        ("/{}/nihgt", 404, "Pages: night"),
        ("/{}/night?race=presidnt", 400, "has no race"),
        ("/{}/night?by=week", 400, "is not known"),
        ("/{}/night?window=2016-05-09", 400, "has no end"),
        ("/{}/night?window=a~b", 400, "is not a date or ISO time"),
        ("/{}/network?nodes=99999", 400, "from 1 to 5000"),
        ("/{}/export/pie.csv", 400, "Figures: bars, lines"),
        ("/{}/export/hashtags.png", 400, "has no format"),
        ("/{}/export/bars.pdf", 400, "Formats: csv, svg, png"),
        ("/..%2f..%2fetc/night", 404, ""),
        ("/{}/night?utm_source=x&fbclid=y", 200, "Who the conversation is about"),
    ],
)
def test_a_wrong_address_says_what_to_change(served: Served, counted: Topic, path: str, code: int, told: str) -> None:
    answer = httpx.get(served.address + path.format(counted.topic))
    assert answer.status_code == code
    assert told in answer.text
    assert "Traceback" not in answer.text


def test_the_first_page_leads_to_a_topic(served: Served, counted: Topic, settings: Settings) -> None:
    answer = httpx.get(f"{served.address}/?topic={counted.topic}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/{counted.topic}/night")
    about_nobody = make_topic(settings, "races: []\n").topic
    assert httpx.get(f"{served.address}/{about_nobody}").headers["location"] == f"/{about_nobody}/trends"


def test_a_pinned_window_stays(served: Served, counted: Topic) -> None:
    pinned = "2016-04-24T16:00:00Z~2016-05-08T16:00:00Z"
    answer = httpx.get(f"{served.address}/{counted.topic}/night", params={"window": pinned})
    assert answer.status_code == 200
    assert "25 Apr to 8 May 2016" in answer.text
    other: Any = httpx.get(f"{served.address}/{counted.topic}/night", params={"window": "2016-04-24~2016-05-08"})
    assert "Take window= out" in other.text

"""The report: one file with the page's figures, which asks nobody for anything."""

import re
from pathlib import Path

import pytest
from cassandra.cluster import Session
from playwright.sync_api import Browser, Page

from conf.settings import Settings
from conf.topic import Topic
from readers.coordination.words import NOBODY, SENTENCE
from readers.page.trends import KINDS
from readers.polls.poll import read_poll
from tests.conftest import make_topic
from tests.readers.page.test_pages import check_axe
from tests.support.acted import PRIVATE, PUBLIC, REPLIES
from tests.support.commands import run_command


@pytest.fixture(scope="module")
def made(counted: Topic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report and its PDF, as a user makes them."""
    folder = tmp_path_factory.mktemp("report")
    out, pdf = folder / "report.html", folder / "report.pdf"
    done = run_command("readers", "report", "--topic", counted.topic, "--out", str(out), "--pdf", str(pdf))
    assert done.returncode == 0, done.stderr
    return out


def test_it_opens_from_disk_and_asks_nobody(
    made: Path, browser: Browser, counted: Topic, session: Session, settings: Settings, artefacts: Path
) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    asked, problems = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(made.as_uri())
    page.screenshot(path=artefacts / "report.png", full_page=True)
    assert asked == [made.as_uri()]
    assert problems == []
    shown = page.locator(".bars .value").evaluate_all("nodes => nodes.map(n => [n.dataset.id, n.textContent])")
    expected = [
        [row["candidate"], f"{row['share_authors']:.1%}"]
        for race in counted.races
        for row in read_poll(session, settings.keyspace, counted, race.id).to_dict("records")
    ]
    assert shown == expected
    check_network_and_replies(page)
    check_links(page)
    page.close()


def check_network_and_replies(page: Page) -> None:
    """Fails unless the report has the groups of each kind and the replies, as the page shows them, but all at once."""
    groups = page.locator("section:has(> h2:text-is('Accounts that act together'))").inner_text()
    assert (groups.count(SENTENCE), groups.count(NOBODY)) == (2, 3)
    assert PUBLIC in groups
    assert "not named" in groups
    replies = page.locator("section:has(> h2:text-is('Where replies pile up'))").inner_text()
    assert f"{PUBLIC} open\t{REPLIES}" in replies
    assert PRIVATE not in page.content()
    shared = page.locator("section:has(> h2:text-is('What posts share')) thead").all_inner_texts()
    assert [one.split("\t")[0] for one in shared] == [told for told in KINDS.values() if told in " ".join(shared)]
    assert len(shared) > 3
    cites = page.locator(".cite").all_inner_texts()
    assert all(" run " in cite for cite in cites)
    assert len(cites) >= 2 + 4 + 2


def check_links(page: Page) -> None:
    """Fails unless each link leads to the web or to a part of the file, no id stands twice, and axe finds nothing."""
    inside = page.locator("a:not([href^='https://']):not([href^='http://'])")
    hrefs = inside.evaluate_all("nodes => nodes.map(n => n.getAttribute('href'))")
    ids = page.locator("[id]").evaluate_all("nodes => nodes.map(n => n.id)")
    assert len(set(ids)) == len(ids)
    assert hrefs
    assert {href.removeprefix("#") for href in hrefs} <= set(ids)
    check_axe(page)


def test_it_can_be_printed(made: Path) -> None:
    pdf = made.with_suffix(".pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1


@pytest.mark.parametrize(("races", "job"), [("", "candidate_poll"), ("races: []\n", "daily")])
def test_without_figures_it_says_what_to_run_and_writes_nothing(
    settings: Settings, tmp_path: Path, races: str, job: str
) -> None:
    topic, out = make_topic(settings, races), tmp_path / "report.html"
    done = run_command("readers", "report", "--topic", topic.topic, "--out", str(out))
    assert (done.returncode, out.exists()) == (1, False)
    assert f"spark-submit jobs/{job}.py" in done.stderr
    assert done.stderr.count("\n") == 1

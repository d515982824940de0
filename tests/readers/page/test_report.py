"""The report: one file with the page's figures, which asks nobody for anything."""

import re
from pathlib import Path

import pytest
from cassandra.cluster import Session
from playwright.sync_api import Browser

from conf.settings import Settings
from conf.topic import Topic
from readers.polls.poll import read_poll
from tests.conftest import make_topic
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
    assert page.locator("a:not([href^='https://']):not([href^='http://'])").count() == 0
    page.close()


def test_it_can_be_printed(made: Path) -> None:
    pdf = made.with_suffix(".pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1


def test_without_figures_it_says_what_to_run_and_writes_nothing(settings: Settings, tmp_path: Path) -> None:
    topic, out = make_topic(settings), tmp_path / "report.html"
    done = run_command("readers", "report", "--topic", topic.topic, "--out", str(out))
    assert (done.returncode, out.exists()) == (1, False)
    assert "spark-submit jobs/candidate_poll.py" in done.stderr
    assert done.stderr.count("\n") == 1

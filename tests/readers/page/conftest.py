"""A topic that the real jobs counted, the page served as users start it, and one browser for all tests."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest
from cassandra.cluster import Session
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright

from conf.settings import Settings
from conf.topic import Topic, load_topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from stores.connect import RedisClient
from tests.conftest import INTERPRETED, JAVA_OPTIONS, TEST_CONF, make_topic
from tests.support.acted import acted_together, conversed
from tests.support.commands import end, start_command, submit_with
from tests.support.loading import load

POSTS = 8_000
QUICK = {**TEST_CONF, **INTERPRETED, "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 {JAVA_OPTIONS}"}
"""What makes Spark quick with few posts, as in the tests' own session. One set is too short for a second compiler."""
JOBS = "author_activity,candidate_poll,hashtag_trends,network_graph,cascades,shared_items,conversations,coordination"
WINDOW = ("--from", "2016-04-24T16:00Z", "--to", "2016-05-08T16:00Z")
EVENTS = """events:
  - {at: 2016-05-01, text: "Third debate <b>live</b>"}
  - {at: "2016-05-05T12:00Z", text: "مناظرة أخيرة"}
"""
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
NEWSROOM = "http://localhost:"
"""Another site, which a test serves itself: to a browser, this is not the site 127.0.0.1."""


@pytest.fixture(scope="session")
def counted(settings: Settings, session: Session, client: RedisClient) -> Topic:
    """A topic with generated posts, of which the jobs that the page shows have counted the last two weeks."""
    name = make_topic(settings).topic
    file = settings.topics_dir / f"{name}.yaml"
    file.write_text(file.read_text() + EVENTS)
    topic = load_topic(name, settings.topics_dir)
    lines = (line for chunk in generate(topic, POSTS, 5) for line in chunk.splitlines())
    load(chain(lines, acted_together(), conversed()), name, PostsQueue(client, "test:page"), session, settings)
    done = submit_with(QUICK, "daily", "--topic", name, *WINDOW, "--jobs", JOBS, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return topic


@dataclass
class Served:
    """A page that runs: its address, and its process."""

    address: str
    process: "subprocess.Popen[bytes]"


def serve(*arguments: str, **environment: str) -> Served:
    """Starts the page on a free port, and waits until it has said where."""
    process = start_command("readers", "serve", "--port", "0", *arguments, **environment)
    assert process.stderr
    line = process.stderr.readline().decode()
    found = re.search(r"http://\S+/", line)
    assert found, line + process.stderr.read().decode()
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return Served(found[0].rstrip("/"), process)


@pytest.fixture(scope="session")
def served(counted: Topic) -> Iterator[Served]:
    """The page, for all tests."""
    served = serve()
    yield served
    end(served.process)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each test has a context of its own in it.

    Playwright keeps an event loop running meanwhile, so that no other test of this process could run one.
    """
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A tab, with what it complained about and what it asked other machines for."""

    page: Page
    problems: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Browser, served: Served) -> Iterator[Any]:
    """Returns what opens a tab, with options of its context; at the end no tab may have complained."""
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def opens(**options: Any) -> Page:
        size = {"viewport": {"width": 1280, "height": 900}}
        context = browser.new_context(base_url=served.address, **size | options)
        contexts.append(context)
        tab = Tab(context.new_page())
        tabs.append(tab)
        tab.page.on("console", lambda message: _note(tab, message))
        tab.page.on("pageerror", lambda error: _note_error(tab, error))
        tab.page.on("request", lambda request: _note_away(tab, request, served.address))
        return tab.page

    yield opens
    for context in contexts:
        context.close()
    assert [problem for tab in tabs for problem in tab.problems] == []


def _note(tab: Tab, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        tab.problems.append(f"{message.type}: {message.text}")


def _note_error(tab: Tab, error: Error) -> None:
    tab.problems.append(f"error: {error}")


def _note_away(tab: Tab, request: Request, ours: str) -> None:
    if not request.url.startswith((ours, NEWSROOM, "data:", "about:", "blob:")):
        tab.problems.append(f"asked {request.url}")


@pytest.fixture(scope="session")
def artefacts(settings: Settings) -> Any:
    """The folder of screenshots; it stays after the run."""
    folder = settings.home / "page"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

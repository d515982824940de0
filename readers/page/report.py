"""The report: the page's own figures in one file that needs no network; and the same as PDF, by Chromium."""

import os
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markupsafe import Markup

from conf.errors import PulsoError, StoreDown
from conf.topic import Topic
from readers.files import opened
from readers.page import method, network, night, quality, trends
from readers.page.address import View
from readers.page.rendering import STATIC, render
from readers.page.source import Source
from readers.page.texts import at, title_of
from readers.partitions import Replaced

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINTING = 120
"""Seconds that a browser may take for a PDF."""
_OURS = re.compile(r'<a [^>]*href="#[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_PLAIN = r'<span class="text" dir="auto">\1</span>'
_OPTIONAL: dict[str, tuple[str, Any]] = {"trends": ("Trends", trends), "network": ("Network", network)}


@dataclass(frozen=True)
class OnPaper(View):
    """A view whose links lead nowhere: a file has no other pages."""

    @property
    def is_paper(self) -> bool:
        """It is."""
        return True

    def link(self, page: str = "", **changes: str | None) -> str:
        """Returns a place-holder, by which such links are taken out."""
        return "#"


@dataclass
class _Parts:
    """The parts of a report as HTML, by title, and why others are not in it, in the words of their errors."""

    made: list[tuple[str, Markup]] = field(default_factory=list)
    lacking: list[tuple[str, str]] = field(default_factory=list)

    def add(self, title: str, name: str, view: OnPaper, told: dict[str, Any]) -> None:
        """Adds a part. Its ids get its number, since other parts may have the same."""
        html = render(f"{name}.html", view, {"layout": "bare.html", **told})
        html = _OURS.sub(_PLAIN, html).replace('"h-', f'"p{len(self.made) + 1}-')
        self.made.append((title, Markup(html)))  # noqa: S704 - escaped already; in texts, " is, too


def report(source: Source, topic: Topic, release: str) -> str:
    """Returns the report of a topic as HTML: the poll of each race, trends, network, quality, and the rules.

    Raises PulsoError when no poll has been published, or nothing at all of a topic without races; and StoreDown.
    """
    style = Markup((STATIC / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    digest = b64encode(sha256(style.encode()).digest()).decode()
    parts = _parts(source, OnPaper(topic, "night", next(iter(topic.races), None), more={"of": "window"}))
    told = {
        "style": style,
        "hash": f"sha256-{digest}",
        "parts": parts.made,
        "lacking": parts.lacking,
        "release": release,
        "made": at(datetime.now(UTC), topic),
    }
    return render("report.html", OnPaper(topic, "night"), told)


def _parts(source: Source, first: OnPaper) -> _Parts:
    parts = _Parts()
    for view in _races(first):
        assert view.race
        parts.add(f"Night: {title_of(view.race)}", "night", view, night.context(source, view))
    for name, (title, module) in _OPTIONAL.items():
        try:
            parts.add(title, name, first, module.context(source, first))
        except (Replaced, StoreDown):
            raise
        except PulsoError as error:  # no job of theirs has run
            parts.lacking.append((title, error.what))
    if not parts.made:
        name, jobs = first.topic.topic, "SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/daily.py"
        raise PulsoError(f"nothing of {name} has been published", f"Run {jobs} --topic {name} --from D --to D")
    parts.add("Quality and coverage", "quality", first, quality.context(source, first))
    if first.topic.races:
        parts.add("What counts for whom", "method", first, method.context(source, first) | {"text": ""})
    return parts


def _races(view: OnPaper) -> Iterator[OnPaper]:
    for race in view.topic.races:
        yield replace(view, race=race)


def write_report(html: str, out: Path) -> None:
    """Writes the report; the file gets its name when it is complete."""
    with opened(out) as file:
        file.write(html.encode())


def write_pdf(html: str, out: Path) -> None:
    """Writes the report as PDF, by a browser of this machine. Raises PulsoError where there is none, or it fails."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        raise PulsoError("no Chromium on this machine, which makes the PDF", "Install it, or print the HTML")
    with TemporaryDirectory() as folder:
        page, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, encoding="utf-8")
        command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        command += ["--disable-component-update", "--disable-sync", f"--user-data-dir={folder}/profile"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # as root it has no sandbox
        command += ["--no-pdf-header-footer", f"--print-to-pdf={made}", page.as_uri()]
        try:
            subprocess.run(command, capture_output=True, timeout=PRINTING, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise PulsoError(f"{browser} took longer than {PRINTING} s", "Print the HTML") from None
        if not made.is_file():
            raise PulsoError(f"{browser} made no PDF", "Print the HTML")
        with opened(out) as file:
            file.write(made.read_bytes())

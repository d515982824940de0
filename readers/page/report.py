"""The report: the page's own figures in one file that needs no network; and the same as PDF, by Chromium."""

import os
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markupsafe import Markup

from conf.errors import PulsoError, StoreDown
from conf.topic import Topic
from readers.files import opened
from readers.page import method, night, quality, trends
from readers.page.address import View
from readers.page.rendering import STATIC, render
from readers.page.source import Source
from readers.page.texts import at

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINTING = 120
"""Seconds that a browser may take for a PDF."""
_OURS = re.compile(r'<a [^>]*href="#"[^>]*>(.*?)</a>', re.DOTALL)


@dataclass(frozen=True)
class OnPaper(View):
    """A view whose links lead nowhere: a file has no other pages."""

    def link(self, page: str = "", **changes: str | None) -> str:
        """Returns a place-holder, by which such links are taken out."""
        return "#"


def report(source: Source, topic: Topic, release: str) -> str:
    """Returns the report of a topic as HTML: the poll of each race, trends, quality, and the rules.

    Raises PulsoError when no poll has been published, and StoreDown.
    """
    view = OnPaper(topic, "night")
    style = Markup((STATIC / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    digest = b64encode(sha256(style.encode()).digest()).decode()
    told = {
        "style": style,
        "hash": f"sha256-{digest}",
        "parts": [Markup(_OURS.sub(r"\1", part)) for part in _parts(source, view)],  # noqa: S704 - escaped already
        "release": release,
        "made": f"{at(datetime.now(UTC), topic)}",
    }
    return render("report.html", view, told)


def _parts(source: Source, view: OnPaper) -> Iterator[str]:
    for race in view.topic.races:
        yield _part("night", source, replace(view, race=race))
    for name in ("trends", "quality"):
        try:
            yield _part(name, source, replace(view, race=view.topic.races[0]))
        except StoreDown:
            raise
        except PulsoError:  # no job of theirs has run
            continue
    rules: dict[str, Any] = {}
    for race in view.topic.races:
        rules = method.context(source, replace(view, race=race)) | {"text": ""}
        yield render("method.html", replace(view, race=race), {"layout": "bare.html", **rules})


def _part(name: str, source: Source, view: OnPaper) -> str:
    module: Any = {"night": night, "trends": trends, "quality": quality}[name]
    return render(f"{name}.html", view, {"layout": "bare.html", **module.context(source, view)})


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

"""Method: by which rules posts count for each candidate, and docs/method.md, the meaning of each figure."""

import re
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from conf import ROOT
from conf.race import Candidate
from readers.page.address import View
from readers.page.source import Source
from readers.page.texts import shown, title_of

OWN: tuple[str, ...] = ()
FILE = ROOT / "docs" / "method.md"
MATCHED = {"text": "text", "cards": "link cards and polls", "alt": "descriptions of images and videos"}
"""Where words are looked for, as a topic's `match` says."""
_HEADING = re.compile(r"<h([23])>(.*?)</h\1>", re.DOTALL)


def context(_: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows; it needs no store."""
    topic = view.topic
    return {
        "text": _text(),
        "races": [(title_of(race), [_rules(candidate) for candidate in race.candidates]) for race in topic.races],
        "matched": " and ".join(MATCHED[each] for each in topic.match),
        "opened": any("*" in alias for race in topic.races for one in race.candidates for alias in one.aliases),
    }


def _rules(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": shown(candidate.name, 120),
        "aliases": [shown(alias) for alias in candidate.aliases],
        "handles": [shown(f"@{handle.lstrip('@')}") for handle in candidate.handles],
        "hashtags": [shown(f"#{tag.lstrip('#＃')}") for tag in candidate.hashtags],
    }


@cache
def _text() -> Markup:
    """Returns docs/method.md as HTML. It is the project's own text; markup in it is not let through all the same."""
    if not FILE.is_file():  # an installed package has no docs
        return Markup()
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(FILE.read_text(encoding="utf-8"))

    def with_id(found: "re.Match[str]") -> str:
        plain = re.sub(r"<[^>]+>", "", found[2]).lower()
        anchor = re.sub(r"[^\w\s-]", "", plain).strip().replace(" ", "-")
        return f'<h{found[1]} id="{anchor}">{found[2]}</h{found[1]}>'

    made = made.replace("<pre>", '<pre tabindex="0">')  # who has no mouse can scroll it
    body = re.sub(r"<h1>.*?</h1>", "", made, count=1, flags=re.DOTALL)
    return Markup(_HEADING.sub(with_id, body))  # noqa: S704 - our own file, rendered without its HTML

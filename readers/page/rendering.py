"""Renders the templates. Every value is escaped; only what `markdown` renders is not."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from readers.page import colours
from readers.page.address import View
from readers.page.texts import sentence, title_of

FOLDER = Path(__file__).parent / "templates"
STATIC = FOLDER.parent / "static"
HTMX = "htmx-4.0.1.min.js"
BANNER = b"<!--banner-->"
"""Where a rendered page can be given a message later. A stranger's text can't hold it: its < is escaped."""


def _digest(file: str) -> str:
    return sha256((STATIC / file).read_bytes()).hexdigest()[:12]


def _static(file: str) -> str:
    return f"/static/{file}?v={_digest(file)}"


def palette(theme: str) -> dict[str, Any]:
    """Returns the colours of a picture that stands alone."""
    name = "dark" if theme == "dark" else "light"
    return {
        "colours": colours.DARK if name == "dark" else colours.LIGHT,
        "ground": colours.GROUNDS[name],
        "ink": colours.INKS[name],
        "soft": colours.SOFT[name],
        "grid": colours.GRIDS[name],
        "gap": colours.GAPS[name],
    }


_COMMAND = re.compile(r"`([^`]+)`|((?:SPARK_CONF_DIR=conf )?\.venv/bin/[^`]+?)(?=\.$|[.;,] )")


def told(text: str) -> Markup:
    """Returns a message of a command as a sentence; the commands in it are marked as such."""
    line = sentence(text) + (" D is a day, such as 2016-05-09." if "--from D" in text else "")
    return Markup(_COMMAND.sub(r"<code>\1\2</code>", str(escape(line))))  # noqa: S704 - escaped before


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(sentence=told, title_of=title_of)
_ENVIRONMENT.globals.update(
    palette=palette("light"),
    files={name: _static(name) for name in ("page.css", "page.js", "icon.svg", HTMX)},
    htmx=HTMX,
)


def render(name: str, view: View | None, told: Mapping[str, Any]) -> str:
    """Returns a template with what it shows."""
    defaults: dict[str, Any] = {
        "layout": "base.html",
        "empty": None,
        "heading": "Nothing to show yet",
        "again": False,
        "pages": {},
        "topics": [],
        "version": "",
        "warnings": [],
    }
    return _ENVIRONMENT.get_template(name).render({**defaults, **told, "view": view})


def banner(when: str, why: str) -> str:
    """Returns the message that stands above a page which could not be renewed since `when`."""
    text = f"These are the figures seen last, at {when}. {sentence(why)}".strip()
    return f'<p class="notice" role="alert">{told(text)}</p>'


def picture(macro: str, *arguments: Any, **named: Any) -> str:
    """Returns a picture of `figures.svg` by itself, as a file."""
    module: Any = _ENVIRONMENT.get_template("figures.svg").module
    return str(getattr(module, macro)(*arguments, **named))

"""What an address says: topic, page, race, periods, measure, window and theme. A link holds all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from conf.errors import WrongUse
from conf.instants import parse_instant
from conf.nearest import did_you_mean
from conf.race import Race
from conf.topic import Topic

By = Literal["hour", "day"]
Show = Literal["authors", "posts", "people", "groups"]
Theme = Literal["auto", "light", "dark"]
LONGEST = 2000
"""The most characters of what stands after the `?` of an address."""
BETWEEN = "~"
"""Stands between the start and the end of a window."""


@dataclass(frozen=True)
class View:
    """What an address asks for. `more` has what only one page knows: a graph, words to search.

    `race` is None where the topic has none. `by` is None where the window's length decides, and `window` where the
    window that was computed last is asked for.
    """

    topic: Topic
    page: str
    race: Race | None = None
    by: By | None = None
    show: Show = "authors"
    window: tuple[datetime, datetime] | None = None
    theme: Theme = "auto"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_paper(self) -> bool:
        """Whether the view is a part of a file, which has no other pages and where nothing can be chosen."""
        return False

    def link(self, page: str = "", **changes: str | None) -> str:
        """Returns the address of this view with some parts changed; None takes a part out.

        On another page, what only this page knows is left out.
        """
        first = self.topic.races[0].id if self.topic.races else ""
        window = BETWEEN.join(_told(at) for at in self.window or ())
        parts: dict[str, str | None] = {
            "race": self.race.id if self.race and self.race.id != first else None,
            "by": self.by,
            "show": self.show if self.show != "authors" else None,
            "window": window or None,
            "theme": self.theme if self.theme != "auto" else None,
            **({} if page and page != self.page else self.more),
            **changes,
        }
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"/{self.topic.topic}/{page or self.page}" + (f"?{query}" if query else "")


def view_of(topic: Topic, page: str, query: Mapping[str, str], own: Sequence[str] = ()) -> View:
    """Returns what an address asks for; `own` are the names that only its page knows.

    Names that nobody knows are ignored: networks put their own into the links that people share. Raises WrongUse, with
    what to change, for a value that does not fit.
    """
    race = topic.race(query["race"]) if query.get("race") else next(iter(topic.races), None)
    return View(
        topic,
        page,
        race,
        _one_of("by", query, get_args(By)),
        _one_of("show", query, get_args(Show)) or "authors",
        _window(query.get("window", "")),
        _one_of("theme", query, get_args(Theme)) or "auto",
        {name: query[name] for name in own if query.get(name)},
    )


def number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Returns a whole number of an address, or `default`. Raises WrongUse if it is none, or not within its limits."""
    given = query.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) < 10 and least <= int(given) <= most):
        raise WrongUse(f"{name}={_short(given)} is not a number from {least} to {most}", f"Give {name}={default}")
    return int(given)


def _one_of(name: str, query: Mapping[str, str], known: Sequence[str]) -> Any:
    given = query.get(name, "")
    if not given:
        return None
    if given not in known:
        raise WrongUse(f"{name}={_short(given)} is not known", did_you_mean(given, known, f"One of {', '.join(known)}"))
    return given


def one_of(name: str, query: Mapping[str, str], known: Sequence[str]) -> str:
    """Returns a value of an address, or the first of `known` where none is given. Raises WrongUse for any other."""
    return _one_of(name, query, known) or known[0]


def _window(given: str) -> tuple[datetime, datetime] | None:
    if not given:
        return None
    start, sign, end = given.partition(BETWEEN)
    if not sign:
        raise WrongUse(f"window={_short(given)} has no end", f"Give START{BETWEEN}END, two ISO times")
    window = (parse_instant("window", start), parse_instant("window", end))
    if window[0] >= window[1]:
        raise WrongUse(f"window={_short(given)} ends before it starts", f"Give START{BETWEEN}END, the earlier first")
    return window


def _told(at: datetime) -> str:
    """Returns an instant of UTC to its last digit: two windows must not have one address."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"

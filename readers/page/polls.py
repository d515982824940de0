"""The poll as the page shows it: the window's bars, and the periods in it as lines, all of one run or told apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import isnan
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.race import Race
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from readers.page.address import By, Show, View
from readers.page.colours import place_of
from readers.page.lines import Line
from readers.page.texts import count, per_cent, points, shown, wrapped
from readers.partitions import Replaced
from readers.periods import read_periods
from readers.polls.poll import changes, read_poll, without_few

COLUMNS = {
    **{"authors": "share_authors", "posts": "share_posts"},
    **{"people": "share_authors_no_bots", "groups": "share_authors_no_groups"},
}
MEASURES = {
    **{"authors": "Share of authors", "posts": "Share of posts"},
    **{"people": "Share of authors, without bots", "groups": "Share of authors, without groups that act together"},
}
MOST_HOURS = 96
"""The most hours that are drawn, the last of the window."""
STEPS: dict[str, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
BY_HOUR = timedelta(days=4)
"""A window of up to this length is drawn by hour, a longer one by day, unless the address says otherwise."""


@dataclass(frozen=True)
class Poll:
    """The rows of one window (`window`), and of the hours or days in it (`periods`), with their change at the end.

    `change` is that of the last period since the one before, by candidate; empty where one of the two is not known.
    `mixed` holds where a run was ended while it published, so that window and periods are of two runs. `later` holds
    where the window of an earlier run was asked for, and later runs have published periods in it.
    """

    topic: Topic
    race: Race
    by: By
    show: Show
    window: pd.DataFrame
    periods: pd.DataFrame
    change: pd.DataFrame
    changed_by: By
    mixed: bool = False
    later: bool = False

    @property
    def first(self) -> Any:
        """The window's first row; what holds for the whole race stands in each."""
        return self.window.iloc[0]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The window's start and end."""
        return self.first["period_start"].to_pydatetime(), self.first["period_end"].to_pydatetime()

    @property
    def drawn_span(self) -> tuple[datetime, datetime]:
        """The time that the lines show: by hour, the end of a long window."""
        start, end = self.span
        return (max(start, end - timedelta(hours=MOST_HOURS)) if self.by == "hour" else start), end

    @cached_property
    def rows(self) -> "list[Row]":
        """The bars, the longest first."""
        return _rows(self)

    @property
    def numbers(self) -> dict[str, int]:
        """Which colour each candidate has: by place in the topic file, so that it stays when the order changes."""
        return {candidate.id: number for number, candidate in enumerate(self.race.candidates)}

    @property
    def lines(self) -> list[Line]:
        """The lines, with bands for the share of authors."""
        column, half = COLUMNS[self.show], self.step / 2
        found = []
        for candidate in self.race.candidates:
            rows = self.periods[self.periods["candidate"] == candidate.id]
            ends = (rows[f"share_authors_{end}"] for end in ("low", "high"))
            lows, highs = ends if self.show == "authors" else (rows[column] * float("nan"),) * 2
            values = zip(rows["period_start"], rows[column], lows, highs, strict=True)
            drawn = [(at.to_pydatetime() + half, *map(float, figures)) for at, *figures in values]
            if drawn:
                found.append(Line(candidate.name, self.numbers[candidate.id], drawn))
        return found

    @property
    def step(self) -> timedelta:
        """The length of a period."""
        return STEPS[self.by]

    @property
    def has_lines(self) -> bool:
        """Whether any period has a share: one with too few authors has none."""
        return bool(self.periods[COLUMNS[self.show]].notna().any())

    @property
    def is_known(self) -> bool:
        """Whether the share that is shown is known: those without bots or groups need another job."""
        return self.show in ("authors", "posts") or bool(self.window[COLUMNS[self.show]].notna().any())


@dataclass(frozen=True)
class Row:
    """A bar. Lengths are per cent of the room; None where no share is shown."""

    id: str
    name: str
    label: list[str]
    colour: int
    value: str
    interval: str
    width: float | None
    low: float | None
    high: float | None
    change: str
    clear: bool
    posts: str
    authors: str
    shares: dict[str, str]


def read(session: Session, keyspace: str, view: View, *, mixed: bool = False) -> Poll:
    """Returns the poll that a view asks for. Raises PulsoError when nothing was published.

    Raises Replaced while a run puts its rows in the place of another's, unless they may be `mixed`.
    """
    topic, race = view.topic, view.race
    if race is None:
        raise PulsoError(f"topic {topic.topic} has no race", "Add races: to its file, then run the jobs")
    window = _window(session, keyspace, view, race)
    start, end = (window.iloc[0][name].to_pydatetime() for name in ("period_start", "period_end"))
    by: By = view.by or ("hour" if end - start <= BY_HOUR else "day")

    def within(period: By, since: datetime) -> pd.DataFrame:
        try:
            found = read_poll(session, keyspace, topic, race.id, period, max(start, since), end)
        except PulsoError:  # a window may be shorter than a day, or than an hour
            return window.iloc[:0]
        return without_few(found[found["period_end"] <= end].reset_index(drop=True))

    hours = within("hour", end - timedelta(hours=MOST_HOURS))
    periods = hours if by == "hour" else within("day", start)
    one_run, pinned = _is_of_one_run(window, hours, periods), view.window is not None
    if not (one_run or pinned or mixed):
        raise Replaced(f"the poll of {topic.topic}")
    changed_by, change = _change(hours, lambda: periods if by == "day" else within("day", start), end)
    told = {"mixed": not one_run and not pinned, "later": not one_run and pinned}
    return Poll(topic, race, by, view.show, without_few(window), periods, change, changed_by, **told)


def _change(hours: pd.DataFrame, days: Callable[[], pd.DataFrame], end: datetime) -> tuple[By, pd.DataFrame]:
    """Returns the change of the last hour, or of the last day where the hours have too few authors for a share."""
    change = _newest_change(hours, end, "hour")
    return ("day", _newest_change(days(), end, "day")) if change.empty else ("hour", change)


def _newest_change(periods: pd.DataFrame, end: datetime, by: By) -> pd.DataFrame:
    """Returns the change of the last whole period before `end`; an earlier one must not pass for it."""
    found = changes(periods).dropna(subset="share_authors_change")
    is_last = not found.empty and periods["period_end"].max().to_pydatetime() > end - STEPS[by]
    return found if is_last else found.iloc[:0]


def _window(session: Session, keyspace: str, view: View, race: Race) -> pd.DataFrame:
    if view.window is None:
        return read_poll(session, keyspace, view.topic, race.id)
    start, end = view.window
    where = {"topic": view.topic.topic, "race": race.id, "period": "window"}
    found = read_periods(session, keyspace, CANDIDATE_POLL, where, start, start + timedelta(milliseconds=1))
    found = found[found["period_end"] == end].reset_index(drop=True)
    if found.empty:
        raise PulsoError(f"no poll of this window of {view.topic.topic} has been published", "Take window= out")
    return found


def size_of(poll: Poll) -> str:
    """Returns on how many authors and posts the poll rests, in words."""
    told = f"{count(poll.first['authors_total'])} authors, {count(poll.first['posts_total'])} posts"
    return told if poll.show in ("authors", "posts") else f"{told}, before those are left out"


def _is_of_one_run(window: pd.DataFrame, *others: pd.DataFrame) -> bool:
    """Whether window and periods are of one moment.

    The window that was computed last is of the newest run, and that run has published every period in it.
    """
    newest = window["computed_at"].max()
    return all(frame.empty or bool((frame["computed_at"] == newest).all()) for frame in others)


def _rows(poll: Poll) -> list[Row]:
    column = COLUMNS[poll.show]
    frame = poll.window.sort_values([column, "candidate"], ascending=[False, True])
    has_ends = poll.show == "authors"
    most = float(frame[["share_authors_high", column] if has_ends else [column]].max().max())
    scale = 100 / max(most, 0.01) if not isnan(most) else 1.0
    by_id = poll.change.set_index("candidate") if not poll.change.empty else None
    missing = "too few" if poll.is_known else "not known"
    found = []
    for row in frame.to_dict("records"):
        share = float(row[column])
        low, high = (float(row[f"share_authors_{end}"]) if has_ends else float("nan") for end in ("low", "high"))
        moved = by_id.loc[row["candidate"]] if by_id is not None and row["candidate"] in by_id.index else None
        found.append(
            Row(
                id=row["candidate"],
                name=shown(row["name"], 120),
                label=wrapped(row["name"], 24),
                colour=place_of(poll.numbers.get(row["candidate"], 0))[0],
                value=missing if isnan(share) else per_cent(share),
                interval="" if isnan(low) else f"{low:.1%} to {high:.1%}",
                width=None if isnan(share) else round(share * scale, 2),
                low=None if isnan(low) else round(low * scale, 2),
                high=None if isnan(high) else round(high * scale, 2),
                change="" if moved is None else points(moved[f"{column}_change"]),
                clear=moved is not None and bool(moved["is_clear"]) and has_ends,
                posts=count(row["posts"]),
                authors=count(row["authors"]),
                shares={name: per_cent(row[of]) for name, of in COLUMNS.items()},
            )
        )
    return found

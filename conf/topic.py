"""A topic: which posts are collected, and which races and candidates are counted."""

import difflib
import math
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator

from conf.bots import RULES, Bots
from conf.digest import digest
from conf.errors import WrongUse
from conf.folding import VERSION as FOLDING
from conf.folding import alias_pattern, fold
from conf.graph import Graphs
from conf.part import Part
from conf.yaml_part import parse_yaml

METHOD = "mentions/1 votes/1 interval/normal-95"
"""The version of the definitions of mentions, votes and intervals.

It is part of the `method` of every result by race.
"""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]


class Box(Part):
    """A rectangle, in degrees; if it crosses the date line, `west` is greater than `east`."""

    west: float = Field(ge=-180, le=180)
    south: float = Field(ge=-90, le=90)
    east: float = Field(ge=-180, le=180)
    north: float = Field(ge=-90, le=90)

    @model_validator(mode="after")
    def _south_is_below_north(self) -> "Box":
        if self.south >= self.north:
            raise ValueError("south must be below north")
        return self


class Collect(Part):
    """Which posts the sources collect. With `archive`, each accepted message is also kept unchanged."""

    keywords: tuple[Phrase, ...] = ()
    users: tuple[Phrase, ...] = ()
    geo: tuple[Box, ...] = ()
    languages: tuple[Phrase, ...] = ()
    archive: bool = False


def _has_letters(alias: str) -> str:
    if not any(c.isalnum() for c in fold(alias)):
        raise ValueError("has no letter or digit; use a word that people write")
    return alias


class Candidate(Part):
    """A candidate who is counted, and the names by which posts mention the candidate."""

    id: Id
    name: Phrase
    aliases: tuple[Annotated[Phrase, AfterValidator(_has_letters)], ...] = ()
    handles: tuple[Phrase, ...] = ()
    hashtags: tuple[Annotated[Phrase, AfterValidator(_has_letters)], ...] = ()

    @model_validator(mode="after")
    def _can_be_found(self) -> "Candidate":
        if not (self.aliases or self.handles or self.hashtags):
            raise ValueError("give at least one of aliases, handles or hashtags")
        return self

    @property
    def folded_aliases(self) -> list[str]:
        """The aliases as they appear in folded text, sorted."""
        return sorted({fold(alias) for alias in self.aliases})

    @property
    def pattern(self) -> str:
        """One pattern that finds the aliases in folded text; empty if there are none."""
        return alias_pattern(self.folded_aliases)

    @property
    def folded_hashtags(self) -> list[str]:
        """The hashtags as posts store them, sorted."""
        return sorted({fold(tag.lstrip("#")) for tag in self.hashtags})

    @property
    def lower_handles(self) -> list[str]:
        """The handles as posts store them, sorted."""
        return sorted({handle.lstrip("@").lower() for handle in self.handles})


Shares = dict[str, Annotated[float, Field(ge=0, le=1)]]
"""Shares, 0..1, by candidate id."""


class Poll(Part):
    """An opinion poll before the vote.

    `date` is the last day of its interviews; `shares` do not include the undecided.
    """

    name: Phrase
    date: date
    shares: Shares = Field(min_length=1)


class Race(Part):
    """The candidates whose shares are compared. `outcome` is the official vote share of each, 0..1; it is optional.

    The backtest compares `polls` with the conversation. Each must have a share for every candidate in `outcome`.
    """

    id: Id
    title: str = ""
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    outcome: Shares = Field(default_factory=dict)
    polls: tuple[Poll, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique_and_known(self) -> "Race":
        ids = [candidate.id for candidate in self.candidates]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"candidate id {twice[0]!r} is used twice; make it unique")
        _check_shares("outcome", self.outcome, ids)
        return self

    @model_validator(mode="after")
    def _polls_fit(self) -> "Race":
        names = [poll.name for poll in self.polls]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"poll name {twice[0]!r} is used twice; make it unique")
        for poll in self.polls:
            _check_shares(f"poll {poll.name!r}", poll.shares, [candidate.id for candidate in self.candidates])
            if missing := sorted(set(self.outcome) - set(poll.shares)):
                raise ValueError(f"poll {poll.name!r} has no share for {missing[0]!r}, who is in outcome; add it")
            if not sum(poll.shares.values()):
                raise ValueError(f"poll {poll.name!r} has 0 for everyone; remove it")
        return self

    @property
    def method(self) -> str:
        """A digest of what the race's shares depend on: its rules, the folding and the counting method."""
        rules = [[c.id, c.pattern, c.folded_hashtags, c.lower_handles] for c in self.candidates]
        return digest(METHOD, FOLDING, self.id, sorted(rules))


def _check_shares(what: str, shares: Shares, ids: list[str]) -> None:
    """Raises ValueError for a share of somebody who is not in the race, or if the shares sum to more than 1."""
    if unknown := sorted(set(shares) - set(ids)):
        raise ValueError(f"{what} names {unknown[0]!r}, who is not a candidate of the race")
    if sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"{what} sums to more than 1; give shares such as 0.39, not per cent")


class Topic(Part):
    """One topic file."""

    topic: Id
    title: str = ""
    timezone: str = "UTC"
    buckets: int = Field(8, ge=1, le=1024)
    retention_days: int | None = Field(None, ge=1, le=7_000)
    collect: Collect = Collect()
    races: tuple[Race, ...] = ()
    bots: Bots = Bots()
    graph: Graphs = Graphs()

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        if value not in available_timezones():
            close = difflib.get_close_matches(value, available_timezones(), n=1)
            raise ValueError(
                f"no such time zone{f'; did you mean {close[0]}?' if close else ', give one such as Asia/Manila'}"
            )
        return value

    @model_validator(mode="after")
    def _races_are_unique(self) -> "Topic":
        ids = [race.id for race in self.races]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"race id {twice[0]!r} is used twice; make it unique")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the topic's days."""
        return ZoneInfo(self.timezone)

    def day_of(self, event_at: datetime) -> date:
        """Returns the day of an instant in the topic's time zone."""
        return event_at.astimezone(self.zone).date()

    def seconds_left(self, event_at: datetime, now: float) -> int | None:
        """Returns for how long a post may still be kept, in seconds, 0 or less if no longer; None for ever.

        `now` is the time, in seconds since 1970.
        """
        if self.retention_days is None:
            return None
        return math.ceil(event_at.timestamp() + self.retention_days * 86_400 - now)

    def race(self, race_id: str) -> Race:
        """Returns the race with the id `race_id`. Raises WrongUse, which lists the topic's races, if there is none."""
        for race in self.races:
            if race.id == race_id:
                return race
        raise WrongUse(
            f"topic {self.topic} has no race {race_id!r}", f"It has: {', '.join(r.id for r in self.races) or 'none'}"
        )


def load_topic(name: str, topics_dir: Path) -> Topic:
    """Loads `topics_dir/name.yaml`, validates it and returns the topic.

    Raises WrongUse if there is no such file, or if it is not valid; then the error names the file, the line, the key
    and the fix.
    """
    path = topics_dir / f"{name}.yaml"
    if not path.is_file():
        known = sorted(p.stem for p in topics_dir.glob("*.yaml"))
        close = difflib.get_close_matches(name, known, n=1)
        fix = f"Did you mean {close[0]}?" if close else f"Topics there: {', '.join(known) or 'none'}"
        raise WrongUse(f"no topic {name!r} in {topics_dir}", fix)
    topic = parse_topic(path.read_text(encoding="utf-8", errors="replace"), str(path))
    if topic.topic != name:
        raise WrongUse(f"{path}: topic: is {topic.topic!r}, but the file's name is {name!r}", "Make them the same")
    return topic


def parse_topic(text: str, file: str) -> Topic:
    """Validates a topic file's text and returns the topic; error messages call the file `file`.

    Raises WrongUse, which names the file, the line, the key and the fix, if the text is not valid.
    """
    return parse_yaml(Topic, text, file, _PARTS, "topic")


_PARTS: tuple[type[Part], ...] = (Topic, Collect, Race, Candidate, Poll, Box, Bots, Graphs, *RULES.values())

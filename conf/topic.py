"""A topic: which posts are collected, and which races and candidates are counted."""

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from conf.bots import RULES, Bots
from conf.coordination import Coordination
from conf.errors import WrongUse
from conf.graph import Graphs
from conf.nearest import did_you_mean
from conf.part import Part
from conf.race import Candidate, Id, Matched, Phrase, Poll, Race
from conf.yaml_part import parse_yaml, yaml_text
from conf.zone import Zone

MOST_BUCKETS_A_DAY = 1024


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


class Event(Part):
    """Something that happened, which a chart over time marks: an instant (or a day, its midnight in the topic's time
    zone), and a few words.
    """

    at: datetime
    text: Phrase

    def instant(self, zone: ZoneInfo) -> datetime:
        """Returns when it was, in UTC; a time without an offset is one of the topic's time zone."""
        at = self.at if self.at.tzinfo else self.at.replace(tzinfo=zone)
        return at.astimezone(UTC)


class Topic(Part):
    """One topic file."""

    topic: Id
    title: str = ""
    timezone: Zone = "UTC"
    buckets: int = Field(8, ge=1, le=MOST_BUCKETS_A_DAY)
    retention_days: int | None = Field(None, ge=1, le=7_000)
    collect: Collect = Collect()
    match: tuple[Matched, ...] = Field(("text",), min_length=1)
    races: tuple[Race, ...] = ()
    bots: Bots = Bots()
    graph: Graphs = Graphs()
    coordination: Coordination = Coordination()
    events: tuple[Event, ...] = Field((), max_length=100)

    @field_validator("match", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("match")
    @classmethod
    def _in_one_order(cls, value: tuple[Matched, ...]) -> tuple[Matched, ...]:
        return tuple(each for each in get_args(Matched) if each in value)

    @field_validator("races")
    @classmethod
    def _races_know_the_match(cls, races: tuple[Race, ...], info: ValidationInfo) -> tuple[Race, ...]:
        return tuple(race.matched_in(info.data.get("match", race.match)) for race in races)

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


class NoTopic(WrongUse):
    """There is no file of a topic."""


def load_topic(name: str, topics_dir: Path) -> Topic:
    """Loads `topics_dir/name.yaml`, validates it and returns the topic.

    Raises NoTopic if there is no such file, and WrongUse if it is not valid; then the error names the file, the line,
    the key and the fix.
    """
    path = topics_dir / f"{name}.yaml"
    if not path.is_file():
        known = sorted(p.stem for p in topics_dir.glob("*.yaml"))
        fix = did_you_mean(name, known, f"Topics there: {', '.join(known) or 'none'}")
        raise NoTopic(f"no topic {name!r} in {topics_dir}", fix)
    topic = parse_topic(yaml_text(path), str(path))
    if topic.topic != name:
        raise WrongUse(f"{path}: topic: is {topic.topic!r}, but the file's name is {name!r}", "Make them the same")
    return topic


def parse_topic(text: str, file: str) -> Topic:
    """Validates a topic file's text and returns the topic; error messages call the file `file`.

    Raises WrongUse, which names the file, the line, the key and the fix, if the text is not valid.
    """
    return parse_yaml(Topic, text, file, _PARTS, "topic")


_PARTS: tuple[type[Part], ...] = (
    *(Topic, Collect, Race, Candidate, Poll, Box, Bots, Graphs, Coordination, Event),
    *RULES.values(),
)

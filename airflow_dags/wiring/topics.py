"""The topics of the DAGs: the names of the topic files, and the time zones of their days."""

import re
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import yaml

from conf import ROOT
from conf.errors import WrongUse
from conf.nearest import did_you_mean
from conf.schedule import Schedule, load_schedule
from conf.settings import Settings, load_settings
from conf.yaml_part import yaml_text

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A topic file is read for one line; PyYAML's own loader would take 20 times as long."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a topic is called (conf/race.py, Id): always a good name for a DAG, too."""

DEEPEST = 100
"""Parts in parts that a topic file may have; a topic has five."""


class TopicFile(NamedTuple):
    """A topic with DAGs, and the time zone of its days."""

    name: str
    timezone: str


class Topics(NamedTuple):
    """The topics, by name; and for each file that can't be one, a line that says why."""

    files: list[TopicFile]
    problems: list[str]


@cache
def asked() -> tuple[Settings, Schedule]:
    """Returns the settings, also of the project's `.env`, and those of the schedules.

    Raises WrongUse for a mistake: then Airflow shows that line for each DAG file.
    """
    with chdir(ROOT):
        settings = load_settings()
    return settings, load_schedule(settings.schedule)


def read_topics(folder: Path) -> Topics:
    """Returns the topics of a folder. A file that can't be one takes no other topic's DAGs away."""
    found = Topics([], [])
    for file in sorted(file for file in folder.glob("*.y*ml") if not file.name.startswith(".")):  # an editor's own
        try:
            found.files.append(TopicFile(file.stem, _timezone_of(file)))
        except WrongUse as error:
            found.problems.append(str(error))
        except (ValueError, yaml.YAMLError, OSError) as error:
            what = " ".join(str(error).split())
            found.problems.append(f"{file}: {what}")
    if not folder.is_dir():
        found.problems.append(f"{folder}: no such folder. Set PULSO_TOPICS_DIR")
    return found


def unknown_votes(settings: Settings, schedule: Schedule) -> list[str]:
    """Returns a line for each topic in `votes` that has no file: its polls would never be compared with the outcome."""
    names = [file.stem for file in settings.topics_dir.glob("*.yaml")]
    fix = {
        name: did_you_mean(name, names, f"Topics there: {', '.join(sorted(names)) or 'none'}")
        for name in schedule.votes
    }
    return [
        f"{settings.schedule}: votes: no topic {name!r}. {fix[name]}" for name in schedule.votes if name not in names
    ]


def _timezone_of(file: Path) -> str:
    """Returns a topic's time zone. Its other lines are checked by the commands that the tasks run."""
    if file.suffix != ".yaml":
        raise ValueError(f"is not read. Call it {file.stem}.yaml")
    if not NAME.fullmatch(file.stem):
        raise ValueError("the name is none of a topic. Use a to z, 0 to 9, _ and -, and begin with a letter or digit")
    lines = dict(_top_lines(yaml_text(file)))
    if not lines:
        raise ValueError("is not a topic. It must contain keys such as topic:")
    if "<<" in lines:
        raise ValueError("<<: is not followed here. Write its keys as lines of their own")
    zone = lines.get("timezone", "UTC")
    try:
        return ZoneInfo(zone or "").key
    except (ValueError, OSError, KeyError):
        told = f" {zone[:60]!r}" if zone else ""
        raise ValueError(f"timezone: no such time zone{told}. Give one such as Asia/Manila, or UTC") from None


def _top_lines(text: str) -> Iterator[tuple[str, str | None]]:
    """Yields a YAML mapping's own keys, and their values where these are texts; nothing if it is no mapping.

    It is read event by event. To build all of it could take any time and memory, or crash the process, and with it the
    DAGs of all topics: brackets in brackets are enough, or lists that name each other.
    """
    depth, key = 0, None
    texts = dict[str | None, str | None]()
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.NodeEvent):
            if not depth and not isinstance(event, yaml.MappingStartEvent):
                return
            value = texts.get(event.anchor) if isinstance(event, yaml.AliasEvent) else getattr(event, "value", None)
            texts[event.anchor] = value
            if depth == 1 and key is not None:
                yield key, value
            key = (value or "") if depth == 1 and key is None else (None if depth == 1 else key)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply. Remove brackets")

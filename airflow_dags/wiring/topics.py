"""The topics of the DAGs: the names of the topic files, and the time zones of their days."""

import re
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import yaml

from conf import ROOT
from conf.errors import WrongUse
from conf.schedule import Schedule, load_schedule
from conf.settings import Settings, load_settings
from conf.yaml_part import yaml_text

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A topic file is read for one line; PyYAML's own loader would take 20 times as long."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a topic is called (conf/race.py, Id): always a good name for a DAG, too."""


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
    for file in sorted(folder.glob("*.yaml")):
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


def _timezone_of(file: Path) -> str:
    """Returns a topic's time zone. Its other lines are checked by the commands that the tasks run."""
    if not NAME.fullmatch(file.stem):
        raise ValueError("the name is none of a topic. Use a to z, 0 to 9, _ and -, and begin with a letter or digit")
    content = yaml.load(yaml_text(file), Loader=Loader)  # noqa: S506 - it is a safe loader
    if not isinstance(content, dict):
        raise ValueError("is not a topic. It must contain keys such as topic:")
    zone = content.get("timezone", "UTC")
    try:
        return ZoneInfo(zone).key
    except (ValueError, OSError, TypeError, KeyError):
        raise ValueError(f"no such time zone {zone!r}. Give one such as Asia/Manila, or UTC") from None

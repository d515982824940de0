"""Remembers how many posts a topic has in a day, so that the next job's Java starts with options for as many.

There is a file for each topic of a keyspace: the same topic can have few posts in one and many in another.

`deploy/start/spark-start.sh` reads the file before Java runs. It is only a hint: without it, a job is slower or faster
by some seconds.
"""

import math
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.window import Window

FOLDER = Path("spark") / "posts-a-day"
_DAY = timedelta(days=1)


def remember(settings: Settings, topic: Topic, window: Window, posts: int) -> None:
    """Writes the number of posts a day, rounded up, into the topic's file. An error is ignored."""
    number = math.ceil(posts * (_DAY / (window.end - window.start)))
    file = settings.home / FOLDER / f"{settings.keyspace}.{topic.topic}"
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{number}\n", encoding="utf-8")
        part.replace(file)

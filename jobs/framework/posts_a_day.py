"""Remembers how many posts a topic has in a day, so that the next job's Java starts with options for as many.

`deploy/start/spark-start.sh` reads the file before Java runs. It is only a hint: without it, a job is slower or faster
by some seconds.
"""

import math
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from conf.topic import Topic
from jobs.framework.window import Window

FOLDER = Path("spark") / "posts-a-day"
_DAY = timedelta(days=1)


def remember(home: Path, topic: Topic, window: Window, posts: int) -> None:
    """Writes the number of posts a day, rounded up, into the topic's file. An error is ignored."""
    number = math.ceil(posts * (_DAY / (window.end - window.start)))
    file = home / FOLDER / topic.topic
    part = file.with_name(f".{topic.topic}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{number}\n", encoding="utf-8")
        part.replace(file)

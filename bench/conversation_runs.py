"""`python -m bench.conversation_runs POSTS REPLIES ROUNDS`: times `conversations` beside `candidate_poll` in Spark.

Both read the same posts, cached as jobs of a set have them: POSTS generated posts, first without and then with a
conversation of REPLIES further posts, each by an account of its own. Nine in ten of these answer the first post, the
others the reply before them. Only the transforms are timed: reading and publishing are the same for every job. The
first round is cold, and is not printed. It prints, as JSON, the seconds of each, and what the largest conversation is.
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from pyspark.sql import DataFrame

from bench.cached_posts import cached, session
from conf import ROOT
from conf.topic import Topic, load_topic
from corpus import CAMPAIGN
from jobs.candidate_poll import JOB as POLL
from jobs.candidate_poll import candidate_poll
from jobs.conversations import JOB as CONVERSATIONS
from jobs.conversations import conversations
from jobs.framework.inputs import posts_of
from jobs.framework.window import Window
from jobs.graphs.conversation_posts import are_few
from jobs.measures.votes import FEW_POSTS

ROOT_ID, FIRST_AT = "root", datetime(2016, 4, 1, tzinfo=UTC)
TO_THE_REPLY_BEFORE = 10
"""One in so many replies answers the one before it."""


def main(posts: int, replies: int, rounds: int) -> None:
    """Measures, and prints the seconds of each run by name."""
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    spark = session("conversations")
    columns = list(dict.fromkeys([*posts_of(POLL).columns_of(topic), *posts_of(CONVERSATIONS).columns_of(topic)]))
    with TemporaryDirectory(prefix="pulso-bench-") as folder:
        frames = {
            "without": cached(spark, Path(folder), topic, columns, posts, ()),
            "with": cached(spark, Path(folder), topic, columns, posts, _replies(replies)),
        }
        seconds: dict[str, list[float]] = {}
        largest: dict[str, int] = {}
        for turn in range(rounds + 1):
            for kind, frame in frames.items():
                for name, run in _runs(frame, topic, here=posts + replies <= FEW_POSTS).items():
                    began = time.monotonic()
                    rows = run().collect()
                    if turn:
                        seconds.setdefault(f"{name}, {kind}", []).append(round(time.monotonic() - began, 2))
                    largest[f"{name}, {kind}"] = max(row["posts"] for row in rows)
    print(orjson.dumps({"seconds": seconds, "largest": largest}, option=orjson.OPT_INDENT_2).decode())


def _runs(frame: DataFrame, topic: Topic, *, here: bool) -> dict[str, Callable[[], DataFrame]]:
    window = Window(*CAMPAIGN, topic.zone)
    return {
        "candidate_poll": partial(candidate_poll, frame, topic, window, parts=0 if here else None),
        "conversations": lambda: conversations(frame, topic, window, few=are_few(frame, None)),
    }


def _replies(replies: int) -> Iterator[dict[str, Any]]:
    own = {"source": "x", "kind": "reply", "folded": "what do you say", "root": ROOT_ID}
    for number in range(replies):
        before = number and number % TO_THE_REPLY_BEFORE == 0
        at = FIRST_AT + timedelta(milliseconds=number)
        named = {"post_id": f"reply{number}", "author_id": f"reply{number}", "event_at": at}
        yield {**own, **named, "reply_to": f"reply{number - 1}" if before else ROOT_ID}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""`python -m bench.coordination_runs POSTS SHARERS ROUNDS`: times `coordination` beside `candidate_poll` in Spark.

Both read the same POSTS posts, cached as jobs of a set have them. 3 * SHARERS of them are by SHARERS accounts that have
three links each: without, one that nobody else has; with, one that all of them share within an hour. Only the
transforms are timed: reading and publishing are the same for every job. The first round is cold, and is not printed.
"""

import resource
import sys
import time
from collections.abc import Iterator
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
from jobs.coordination import JOB, compute_coordination
from jobs.framework.inputs import posts_of
from jobs.framework.window import Window
from jobs.graphs.family_posts import are_few
from jobs.measures.votes import FEW_POSTS

BEGIN = datetime(2016, 4, 1, tzinfo=UTC)
OTHERS = 1000
"""Links of which each sharer has two."""


def main(posts: int, sharers: int, rounds: int) -> None:
    """Measures, and prints the seconds of each run by name."""
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    spark = session("coordination")
    columns = list(dict.fromkeys([*posts_of(POLL).columns_of(topic), *posts_of(JOB).columns_of(topic)]))
    seconds, cut = dict[str, list[float]](), 0
    with TemporaryDirectory(prefix="pulso-bench-") as folder:
        frames = {
            name: cached(spark, Path(folder), topic, columns, posts - 3 * sharers, _links(sharers, viral=viral))
            for name, viral in (("without", False), ("with", True))
        }
        for turn in range(rounds + 1):
            for kind, frame in frames.items():
                for name, run in _runs(frame, topic, posts).items():
                    began = time.monotonic()
                    found = run()
                    if turn:
                        seconds.setdefault(f"{name}, {kind}", []).append(round(time.monotonic() - began, 2))
                    cut = max(cut, found)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = {"seconds": seconds, "objects_cut": cut, "peak_mb": peak // 1024}
    print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())


def _links(sharers: int, *, viral: bool) -> Iterator[dict[str, object]]:
    """Yields three posts of each sharer, each with a link."""
    for number in range(sharers):
        own = "https://a.example/viral" if viral else f"https://a.example/own{number}"
        first = number * 3_600_000 // sharers
        yield _post(number, 0, own, BEGIN + timedelta(milliseconds=first))
        for place in (1, 2):
            other = f"https://a.example/{(number * 7919 * place) % OTHERS}"
            yield _post(number, place, other, BEGIN + timedelta(seconds=number * 40 * place % 2_000_000))


def _post(account: int, place: int, link: str, at: datetime) -> dict[str, object]:
    own = {"source": "x", "post_id": f"{account}{place}", "author_id": f"s{account}", "author": f"s{account}"}
    return {**own, "event_at": at, "kind": "original", "text": "see", "folded": "see", "urls": [link]}


def _runs(frame: DataFrame, topic: Topic, posts: int) -> dict[str, "partial[int]"]:
    window = Window(*CAMPAIGN, topic.zone)
    return {
        "candidate_poll": partial(_poll, frame, topic, window, few=posts <= FEW_POSTS),
        "coordination": partial(_coordination, frame, topic, window, posts),
    }


def _poll(frame: DataFrame, topic: Topic, window: Window, *, few: bool) -> int:
    candidate_poll(frame, topic, window, parts=0 if few else None).collect()
    return 0


def _coordination(frame: DataFrame, topic: Topic, window: Window, posts: int) -> int:
    """Returns how many objects were cut."""
    found: dict[str, Any] = dict(compute_coordination(frame, topic, window, few=are_few(frame, posts)))
    return max((row.objects_cut for row in found["coordination_summary"].collect()), default=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

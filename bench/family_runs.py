"""`python -m bench.family_runs POSTS COPIES ROUNDS`: times `text_families` beside `candidate_poll` in a Spark session.

Both read the same posts, cached as jobs of a set have them: POSTS generated posts, first without and
then with a text that COPIES further accounts posted. Only the transforms are timed: reading and publishing are the same
for every job. The first round is cold, and is not printed. It prints, as JSON, the seconds of each, and the number of
rows.
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
from conf.folding import fold
from conf.tables import LONGER_PERIODS
from conf.topic import Topic, load_topic
from corpus import CAMPAIGN
from jobs.candidate_poll import JOB as POLL
from jobs.candidate_poll import candidate_poll
from jobs.framework.inputs import posts_of
from jobs.framework.window import Window
from jobs.graphs.family_posts import are_few, text_families
from jobs.measures.periods import spans_of
from jobs.measures.votes import FEW_POSTS
from jobs.text_families import JOB as FAMILIES

TEXT = "Duterte and Roxas: the same words that very many accounts post today in the same order, and again tomorrow {}"


def main(posts: int, copies: int, rounds: int) -> None:
    """Measures, and prints the seconds of each run by name."""
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    spark = session("families")
    columns = list(dict.fromkeys([*posts_of(POLL).columns_of(topic), *posts_of(FAMILIES).columns_of(topic)]))
    with TemporaryDirectory(prefix="pulso-bench-") as folder:
        frames = {
            "without": cached(spark, Path(folder), topic, columns, posts, ()),
            "with": cached(spark, Path(folder), topic, columns, posts, _copied(copies)),
        }
        seconds: dict[str, list[float]] = {}
        rows: dict[str, int] = {}
        for turn in range(rounds + 1):
            for kind, frame in frames.items():
                for name, run in _runs(frame, topic, posts + copies).items():
                    began = time.monotonic()
                    rows[f"{name}, {kind}"] = len(run().collect())
                    if turn:
                        seconds.setdefault(f"{name}, {kind}", []).append(round(time.monotonic() - began, 2))
    print(orjson.dumps({"seconds": seconds, "rows": rows}, option=orjson.OPT_INDENT_2).decode())


def _runs(frame: DataFrame, topic: Topic, posts: int) -> dict[str, "Callable[[], DataFrame]"]:
    window = Window(*CAMPAIGN, topic.zone)
    spans = spans_of(window, LONGER_PERIODS)
    return {
        "candidate_poll": partial(candidate_poll, frame, topic, window, parts=0 if posts <= FEW_POSTS else None),
        "text_families": lambda: text_families(frame, topic, spans, few=are_few(frame, posts)),
    }


def _copied(copies: int) -> Iterator[dict[str, Any]]:
    for number in range(copies):
        text = TEXT.format("😀" * (number % 5))
        at = datetime(2016, 4, 1, tzinfo=UTC) + timedelta(seconds=number)
        post = {"source": "x", "post_id": f"copy{number}", "author_id": f"copy{number}", "event_at": at, "text": text}
        yield post | {"kind": "original", "folded": fold(text)}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

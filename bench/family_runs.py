"""`python -m bench.family_runs POSTS COPIES ROUNDS`: times `text_families` beside `candidate_poll` in a Spark session.

Both read the same posts, cached as jobs of a set have them: POSTS generated posts, first without and
then with a text that COPIES further accounts posted. Only the transforms are timed: reading and publishing are the same
for every job. The first round is cold, and is not printed. It prints, as JSON, the seconds of each, and the number of
rows.
"""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from conf import ROOT
from conf.folding import fold
from conf.tables import LONGER_PERIODS
from conf.topic import Topic, load_topic
from corpus import CAMPAIGN, generate
from ingest.formats import Unit, parse, split
from jobs.candidate_poll import JOB as POLL
from jobs.candidate_poll import candidate_poll
from jobs.framework.inputs import posts_of
from jobs.framework.window import Window
from jobs.graphs.family_posts import text_families
from jobs.measures.periods import spans_of
from jobs.measures.votes import FEW_POSTS
from jobs.text_families import JOB as FAMILIES

TEXT = "Duterte and Roxas: the same words that very many accounts post today in the same order, and again tomorrow {}"
SEED = 2016
SETTINGS: dict[str, bool | float | int | str | None] = {
    "spark.driver.memory": "2g",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": 64,
    "spark.sql.constraintPropagation.enabled": False,
    "spark.sql.execution.arrow.maxRecordsPerBatch": 50_000,
    "spark.sql.execution.arrow.pyspark.enabled": True,
    "spark.ui.enabled": False,
}
_LISTS = pa.list_(pa.string())
_TYPES = {
    **dict.fromkeys(("event_at", "author_created_at"), pa.timestamp("us", "UTC")),
    **dict.fromkeys(("hashtags", "mentions", "urls", "accounts"), _LISTS),
    **{"author_is_bot": pa.bool_(), "author_followers": pa.int64()},
}


def main(posts: int, copies: int, rounds: int) -> None:
    """Measures, and prints the seconds of each run by name."""
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master("local[2]").appName("pulso bench families").config(map=SETTINGS).getOrCreate()
    columns = list(dict.fromkeys([*posts_of(POLL).columns_of(topic), *posts_of(FAMILIES).columns_of(topic)]))
    with TemporaryDirectory(prefix="pulso-bench-") as folder:
        frames = {
            "without": cached(spark, Path(folder) / "without", topic, columns, posts),
            "with": cached(spark, Path(folder) / "with", topic, columns, posts, map(_copy, range(copies))),
        }
        seconds: dict[str, list[float]] = {}
        rows: dict[str, int] = {}
        for turn in range(rounds + 1):
            for kind, frame in frames.items():
                for name, run in _runs(frame, topic, few=posts + copies <= FEW_POSTS).items():
                    began = time.monotonic()
                    rows[f"{name}, {kind}"] = len(run().collect())
                    if turn:
                        seconds.setdefault(f"{name}, {kind}", []).append(round(time.monotonic() - began, 2))
    print(orjson.dumps({"seconds": seconds, "rows": rows}, option=orjson.OPT_INDENT_2).decode())


def _runs(frame: DataFrame, topic: Topic, *, few: bool) -> dict[str, "partial[DataFrame]"]:
    window = Window(*CAMPAIGN, topic.zone)
    return {
        "candidate_poll": partial(candidate_poll, frame, topic, window, parts=0 if few else None),
        "text_families": partial(text_families, frame, topic, spans_of(window, LONGER_PERIODS), few=few),
    }


def _copy(number: int) -> dict[str, object]:
    """Returns a post with the text that many accounts post."""
    text = TEXT.format("😀" * (number % 5))
    at = datetime(2016, 4, 1, tzinfo=UTC) + timedelta(seconds=number)
    copied = {"source": "x", "post_id": f"copy{number}", "author_id": f"copy{number}", "event_at": at, "text": text}
    return copied | {"kind": "original", "folded": fold(text)}


def cached(
    spark: SparkSession,
    folder: Path,
    topic: Topic,
    columns: Sequence[str],
    posts: int,
    more: Iterable[Mapping[str, object]] = (),
) -> DataFrame:
    """Returns generated posts and `more` as a frame, read once and kept in memory in a job's partitions."""
    values: dict[str, list[object]] = {name: [] for name in columns}
    folder.mkdir()
    for chunk in generate(topic, posts, SEED):
        for unit in (unit for line in chunk.splitlines() for unit in split(line)):
            if isinstance(unit, Unit):
                post = parse(unit.format, unit.payload)
                for name in columns:
                    values[name].append(getattr(post, name))
    for further in more:
        for name in columns:
            values[name].append(further.get(name))
    table = pa.table({name: pa.array(values[name], _TYPES.get(name)) for name in columns})
    pq.write_table(table, folder / "posts.parquet")
    frame = spark.read.parquet(str(folder)).repartition(8).cache()
    frame.count()
    return frame


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

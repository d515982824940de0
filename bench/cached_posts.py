"""Generated posts and others beside them, cached in a Spark session without Cassandra, as jobs of a set have them."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from conf.topic import Topic
from corpus import generate
from ingest.formats import Unit, parse, split

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
_TYPES = {
    **dict.fromkeys(("event_at", "author_created_at"), pa.timestamp("us", "UTC")),
    **dict.fromkeys(("hashtags", "mentions", "urls", "accounts"), pa.list_(pa.string())),
    **{"author_is_bot": pa.bool_(), "author_followers": pa.int64()},
}
AT_ONCE = 100_000
"""Posts of a part of the file: their values are in memory."""


def session(name: str) -> SparkSession:
    """Returns a Spark session for a benchmark, with the settings of jobs that matter to it."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.builder.master("local[2]").appName(f"pulso bench {name}").config(map=SETTINGS).getOrCreate()


def cached(
    spark: SparkSession, folder: Path, topic: Topic, columns: Sequence[str], posts: int, more: Iterable[dict[str, Any]]
) -> DataFrame:
    """Returns posts as a frame, read once and kept in memory in the partitions that a job would have.

    `more` are further posts, by column; what they do not have is null. The generated posts are written into `folder`
    by the first call, and read again by the next ones.
    """
    generated, further = folder / "generated.parquet", folder / f"more-{uuid4()}.parquet"
    if not generated.exists():
        _write(generated, columns, _generated(topic, columns, posts))
    _write(further, columns, more)
    frame = spark.read.parquet(str(generated), str(further)).repartition(8).cache()
    frame.count()
    return frame


def _write(path: Path, columns: Sequence[str], posts: Iterable[dict[str, Any]]) -> None:
    schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in columns])
    with pq.ParquetWriter(path, schema) as file:
        part = list[dict[str, Any]]()
        for post in posts:
            part.append(post)
            if len(part) == AT_ONCE:
                file.write_table(_table(part, schema))
                part.clear()
        file.write_table(_table(part, schema))


def _generated(topic: Topic, columns: Sequence[str], posts: int) -> Iterator[dict[str, Any]]:
    for chunk in generate(topic, posts, SEED):
        for unit in (unit for line in chunk.splitlines() for unit in split(line)):
            if isinstance(unit, Unit):
                post = parse(unit.format, unit.payload)
                yield {name: getattr(post, name) for name in columns}


def _table(posts: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.table(
        {name: pa.array([post.get(name) for post in posts], schema.field(name).type) for name in schema.names}
    )

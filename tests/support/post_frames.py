"""Turns stream lines into a frame of posts, as jobs read them, without a store."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from conf.tables import POSTS
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post

ARROW = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "frozen<list<text>>": pa.list_(pa.string()),
}
DERIVED = ("topic", "day", "bucket")


def post_frame(spark: SparkSession, lines: Iterable[bytes], file: Path) -> DataFrame:
    """Parses lines as a worker does; returns them as a frame. `file` is a Parquet file to write and read."""
    units = [unit for line in lines for unit in split(line)]
    posts = [parse(unit.format, unit.payload) for unit in units if isinstance(unit, Unit)]
    assert len(posts) == len(units)
    return frame_of(spark, posts, file)


def frame_of(spark: SparkSession, posts: Sequence[Post], file: Path) -> DataFrame:
    """Returns posts as a frame, as they are stored. `file` is a Parquet file to write and read."""
    schema = pa.schema([(n, ARROW[column.cql]) for n, column in POSTS.columns.items() if n not in DERIVED])
    columns = {name: [getattr(post, name) for post in posts] for name in schema.names}
    pq.write_table(pa.Table.from_pydict(columns, schema=schema), file)
    return spark.read.parquet(str(file))

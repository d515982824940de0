"""Generated posts of ph2016: as a frame with the columns that jobs read, and for the independent computations."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from conf import ROOT
from conf.topic import Topic, load_topic
from corpus import generate
from ingest.formats import Unit, parse, split
from tests.support.independent_poll import Seen

SCHEMA = (
    "source string, author_id string, author string, kind string, event_at timestamp, folded string, "
    "hashtags array<string>, mentions array<string>, retweet_of_author string, reply_to_author string, "
    "quote_of_author string, accounts array<string>, post_id string, retweet_of string, quote_of string"
)
COLUMNS = [column.split()[0] for column in SCHEMA.split(", ")]


@dataclass(frozen=True)
class Corpus:
    """The topic, each post as a row, and each post for the independent computations, in the order of time."""

    topic: Topic
    rows: list[tuple[Any, ...]]
    seen: list[Seen]


@cache
def corpus(posts: int = 20_000, seed: int = 11) -> Corpus:
    """Returns the corpus; it is made once per run."""
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    lines = b"".join(generate(topic, posts, seed)).splitlines()
    return Corpus(topic, list(_rows(lines)), [Seen(line) for line in lines])


def frame(spark: SparkSession, rows: Iterable[tuple[Any, ...]]) -> DataFrame:
    """Returns rows of SCHEMA as a frame."""
    return spark.createDataFrame(list(rows), SCHEMA)


def _rows(lines: list[bytes]) -> Iterable[tuple[Any, ...]]:
    """Yields rows as they are stored: empty values are null."""
    for line in lines:
        for unit in split(line):
            assert isinstance(unit, Unit), unit
            post = parse(unit.format, unit.payload)
            yield tuple(getattr(post, name) or None for name in COLUMNS)

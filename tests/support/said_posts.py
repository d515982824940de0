"""Posts with texts as frames, for the job text_families, and its rows beside those computed independently."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from conf.blanking import blank
from conf.folding import fold
from conf.topic import parse_topic
from jobs.framework.window import parse_window
from jobs.graphs.family_posts import text_families
from jobs.measures.family_rows import in_order
from jobs.measures.periods import spans_of
from tests.support.independent_families import Said

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila\n", "f")
NOON = datetime(2016, 5, 1, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
SCHEMA = (
    "source string, post_id string, author_id string, event_at timestamp, kind string, folded string, text string, "
    "urls array<string>, author_created_at timestamp"
)


def post(number: int, text: str = TEXT, account: str = "", at: datetime | None = None, **changes: Any) -> Said:
    """Returns a post made `number` minutes after NOON by an account of its own, on X."""
    base = {
        "source": "x",
        "post_id": str(number),
        "account": account or f"a{number}",
        "at": at or NOON + number * MINUTE,
    }
    return Said(**{**base, "folded": fold(blank(text)), "text": text, **changes})


def frame(spark: SparkSession, said: Iterable[Said], kind: str = "original") -> DataFrame:
    """Returns posts as they are stored, all of one kind."""
    rows = [
        (p.source, p.post_id, p.account, p.at, kind, p.folded, p.text, list(p.links) or None, p.created) for p in said
    ]
    return spark.createDataFrame(rows, SCHEMA)


def rows_of(posts: DataFrame, start: str, end: str, *, few: bool = True, **more: Any) -> list[Any]:
    """Returns the rows of text_families for posts in a window of TOPIC."""
    spans = spans_of(parse_window(start, end, TOPIC.zone), ("day", "window"))
    return sorted(text_families(posts, TOPIC, spans, few=few, **more).collect(), key=str)


def table(said: Iterable[Said]) -> pa.Table:
    """Returns posts as Spark's driver has them, in the order of time."""
    micros = [(p, int(p.at.timestamp() * 1_000_000)) for p in said]
    columns = {
        "author": [p.account for p, _ in micros],
        "at_us": [at for _, at in micros],
        **{name: [getattr(p, name) for p, _ in micros] for name in ("source", "post_id", "folded", "text")},
    }
    return in_order(pa.table(columns))


def check_same(found: Iterable[Any], expected: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    """Compares rows with those of the independent computation."""
    rows = {}
    for row in found:
        values = row.asDict()
        key = (values["period"], *(values[name].replace(tzinfo=UTC) for name in ("period_start", "period_end")))
        rows[(*key, values["rank"])] = values
    assert rows.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            known = rows[key][name]
            known = known.replace(tzinfo=UTC) if isinstance(known, datetime) else known
            assert known == (pytest.approx(value) if isinstance(value, float) else value), (key, name)

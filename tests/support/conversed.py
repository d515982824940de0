"""Posts of conversations, for the job conversations: built by hand, as an Arrow table, and as rows to compare."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from conf.instants import micros
from conf.topic import parse_topic
from ingest.formats.post import Post
from jobs.framework.window import parse_window
from jobs.measures.conversation_rows import counted
from jobs.measures.periods import spans_of

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila\n", "f")
NOON = datetime(2016, 5, 1, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = ("2016-04-29T16:00Z", "2016-05-01T16:00Z")


def post(post_id: str, at: float = 0, to: str | None = None, root: str | None = None, **changes: Any) -> Post:
    """Returns a post made `at` minutes after NOON by an account of its own, on X; with `to` or `root`, a reply."""
    base = {"source": "x", "author_id": f"a{post_id}", "text": "t", "event_at": NOON + at * MINUTE}
    return Post(**{**base, "post_id": post_id, "reply_to": to, "root": root, **changes})


def table(
    posts: Iterable[Post],
    flagged: Iterable[str] = (),
    candidates: Sequence[str] = (),
    mentioned: Callable[[Post], Iterable[str]] = lambda _: (),
) -> pa.Table:
    """Returns posts as Spark's driver has them, in the order of time."""
    in_order = sorted(posts, key=lambda one: (one.event_at, one.source, one.post_id))
    first = {f"{one.source}:{one.author_id}": micros(one.event_at) for one in reversed(in_order)}
    kept = [one for one in in_order if one.kind != "retweet"]
    author = [f"{one.source}:{one.author_id}" for one in kept]
    columns = {
        **{name: pa.array([getattr(one, name) for one in kept], pa.string()) for name in ("source", "post_id")},
        "answers": pa.array([one.reply_to for one in kept], pa.string()),
        "told": pa.array([one.root for one in kept], pa.string()),
        "author": pa.array(author, pa.string()),
        "at_us": pa.array([micros(one.event_at) for one in kept], pa.int64()),
        "first_us": pa.array([first[one] for one in author], pa.int64()),
        "marked": pa.array([one in {*flagged} for one in author], pa.bool_()),
        "mask_0": pa.array([sum(1 << candidates.index(c) for c in mentioned(one)) for one in kept], pa.int64()),
    }
    return pa.table(columns)


def counted_rows(
    posts: Iterable[Post],
    start: str = WINDOW[0],
    end: str = WINDOW[1],
    flagged: set[str] | None = None,
    candidates: Sequence[str] = (),
    mentioned: Callable[[Post], Iterable[str]] = lambda _: (),
) -> list[dict[str, Any]]:
    """Returns the rows of the conversations of posts in a window of TOPIC."""
    spans = spans_of(parse_window(start, end, TOPIC.zone), ("day", "window"))
    rows = counted(table(posts, flagged or (), candidates, mentioned), spans, candidates, flags=flagged is not None)
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def check_same(found: Iterable[dict[str, Any]], expected: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    """Compares rows with those of the independent computation, in the columns that `found` has."""
    rows = {}
    for row in found:
        values = {name: v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for name, v in row.items()}
        rows[tuple(values[name] for name in ("period", "period_start", "period_end", "rank"))] = values
    assert sorted(rows, key=str) == sorted(expected, key=str)
    for key, row in expected.items():
        for name in row.keys() & rows[key].keys():
            value = row[name]
            assert rows[key][name] == (pytest.approx(value) if isinstance(value, float) else value), (key, name)

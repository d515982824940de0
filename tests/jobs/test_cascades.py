"""Cascades: one rule per test, and all of it compared with an independent computation over raw lines."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conf.topic import parse_topic
from corpus import generate
from jobs.cascades import TOP, compute_cascades
from jobs.framework.window import parse_window
from tests.support.corpus import COLUMNS, corpus, frame

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila\n", "f")
START, END = "2016-04-30T16:00Z", "2016-05-01T16:00Z"
NOON = datetime(2016, 5, 1, 3, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def post(post_id: str, at: int, kind: str = "original", of: str | None = None, **changes: Any) -> tuple[Any, ...]:
    """Returns a post made `at` minutes after NOON; a retweet or a quote is of the post `of`."""
    base = {"source": "x", "author_id": f"a{post_id}", "kind": kind, "event_at": NOON + at * MINUTE, "post_id": post_id}
    named = {"retweet": {"retweet_of": of}, "quote": {"quote_of": of}}.get(kind, {})
    return tuple({**dict.fromkeys(COLUMNS), **base, **named, **changes}.values())


def found(spark: SparkSession, *posts: tuple[Any, ...], start: str = START, end: str = END) -> dict[Any, Any]:
    window = parse_window(start, end, TOPIC.zone)
    inside = [row for row in posts if window.start <= row[COLUMNS.index("event_at")] < window.end]
    rows = compute_cascades(frame(spark, inside), TOPIC, window).collect()
    return {(row.period, row.post_id): row for row in rows}


SPREAD = [
    post("1", 0, author="ana"),
    *(post(f"r{n}", n, "retweet", "1", retweet_of_author="ana") for n in (1, 2, 3, 10, 20)),
    post("again", 30, "retweet", "1", author_id="ar1"),
    *(post("q1", 4, "quote", "1"), post("q2", 5, "quote", "1"), post("q3", 6, "quote", "q1")),
    post("rq", 7, "retweet", "q3"),
    post("gone1", 8, "retweet", "99", retweet_of_author="bob"),
    post("renamed", 9, "retweet", "98", retweet_of_author="old", author="new", author_id="o"),
    post("older", 0, author="old", author_id="o"),
    post("gone2", 9, "retweet", "97", retweet_of_author="ben", accounts=["77 ben"]),
    *(post("s1", 0, "retweet", "1", source="mastodon"), post("reply", 9, "reply", "1")),
]


def test_a_cascade_is_counted_and_timed(spark: SparkSession) -> None:
    rows = found(spark, *SPREAD)
    assert {period for period, _ in rows} == {"day", "window"}
    for period in ("day", "window"):
        row = rows[period, "99"]
        assert (row.author, row.label, row.posted_at, row.retweets, row.depth) == ("x:@bob", "bob", None, 1, 1)
        assert (rows[period, "98"].author, rows[period, "98"].label) == ("x:o", "new")
        assert (rows[period, "97"].author, rows[period, "97"].label) == ("x:77", "ben")
        assert (row.duration_seconds, row.half_life_seconds) == (0, 0)
        assert rows[period, "q3"].depth == 1
    of_ana = list(compute_cascades(frame(spark, SPREAD), TOPIC, parse_window(START, END, TOPIC.zone)).collect())
    row = next(r for r in of_ana if (r.period, r.source, r.post_id) == ("window", "x", "1"))
    assert (row.rank, row.author, row.retweets, row.retweeters, row.quotes) == (1, "x:a1", 6, 5, 2)
    assert row.label == "ana"
    assert (row.duration_seconds, row.half_life_seconds) == (30 * 60, 3 * 60)
    assert row.depth == 3


def test_a_window_that_starts_late_counts_what_it_holds(spark: SparkSession) -> None:
    rows = found(spark, *SPREAD, start="2016-05-01T03:40Z", end="2016-05-01T04:00Z")
    assert set(rows) == {("window", "1")}
    row = rows["window", "1"]
    assert (row.retweets, row.retweeters, row.quotes, row.depth) == (2, 2, 0, 1)


def test_a_later_retweet_that_names_nobody_hides_no_name(spark: SparkSession) -> None:
    named = post("r1", 1, "retweet", "96", retweet_of_author="kim")
    row = found(spark, named, post("r2", 2, "retweet", "96"))["window", "96"]
    assert (row.author, row.label, row.retweets) == ("x:@kim", "kim", 2)


def test_no_retweets_give_no_rows(spark: SparkSession) -> None:
    assert found(spark, post("1", 0)) == {}


def test_the_cascades_of_a_corpus_equal_those_computed_apart(spark: SparkSession) -> None:
    made = corpus()
    lines = [json.loads(line) for line in b"".join(generate(made.topic, 20_000, 11)).splitlines()]
    start, end = datetime(2016, 4, 1, tzinfo=UTC), datetime(2016, 5, 8, tzinfo=UTC)
    window = parse_window(start.isoformat(), end.isoformat(), made.topic.zone)
    inside = [row for row in made.rows if start <= row[COLUMNS.index("event_at")] < end]
    rows = [r for r in compute_cascades(frame(spark, inside), made.topic, window).collect() if r.period == "window"]
    at = {line["data"]["id"]: datetime.fromisoformat(line["data"]["created_at"]) for line in lines}
    times, who, children = defaultdict[str, list[datetime]](list), defaultdict[str, set[str]](set), defaultdict(list)
    for line in lines:
        data = line["data"]
        if not start <= at[data["id"]] < end:
            continue
        references = {r["type"]: r["id"] for r in data.get("referenced_tweets", [])}
        if root := references.get("retweeted"):
            times[root].append(at[data["id"]])
            who[root].add(data["author_id"])
        if parent := root or references.get("quoted"):
            children[parent].append((data["id"], root is None))

    def depth(post_id: str) -> int:
        return max((1 + depth(child) for child, _ in children[post_id]), default=0)

    ranked = sorted(times, key=lambda root: (-len(times[root]), root))[:TOP]
    assert [row.post_id for row in sorted(rows, key=lambda row: row.rank)] == ranked
    assert len(ranked) == TOP
    for row in rows:
        moments = sorted(times[row.post_id])
        posted = at.get(row.post_id, moments[0])
        begins = posted if start <= posted else moments[0]
        assert (row.retweets, row.retweeters) == (len(moments), len(who[row.post_id]))
        assert row.quotes == sum(quote for _, quote in children[row.post_id])
        assert row.depth == depth(row.post_id)
        assert row.duration_seconds == pytest.approx((moments[-1] - begins).total_seconds())
        assert row.half_life_seconds == pytest.approx((moments[(len(moments) + 1) // 2 - 1] - begins).total_seconds())

"""The job conversations in Spark, on its driver and in workers: the same as computed apart, and who began each one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conf import ROOT
from conf.topic import Topic, load_topic
from corpus import generate
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from jobs.conversations import JOB, conversations
from jobs.framework.window import parse_window
from tests.support.captured import CAPTURES, parsed
from tests.support.conversed import NOON, TOPIC, WINDOW, check_same, post
from tests.support.independent_conversations import conversation_rows as independent
from tests.support.independent_poll import Seen
from tests.support.post_frames import frame_of

POSTS, SEED = 10_000, 11
START, END = datetime(2016, 4, 30, 16, tzinfo=UTC), datetime(2016, 5, 7, 16, tzinfo=UTC)


def found(
    frame: DataFrame, topic: Topic = TOPIC, window: tuple[str, str] = WINDOW, **more: Any
) -> list[dict[str, Any]]:
    rows = conversations(frame, topic, parse_window(*window, topic.zone), **more).collect()
    return [row.asDict() for row in rows]


@pytest.mark.parametrize("few", [True, False])
def test_generated_posts_give_what_is_computed_apart(spark: SparkSession, tmp_path: Path, few: bool) -> None:
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    lines = b"".join(generate(topic, POSTS, SEED, pile_ons=2)).splitlines()
    posts = [parse(unit.format, unit.payload) for line in lines for unit in split(line) if isinstance(unit, Unit)]
    named = {one.post_id: _named(topic, line) for one, line in zip(posts, lines, strict=True) if one.kind == "reply"}
    span = [one for one in posts if START - timedelta(days=7) <= one.event_at < END]
    flagged = {f"x:{one.author_id}" for one in span[::9]}
    expected = independent(
        *(span, START, END, topic.timezone),
        candidates=[candidate.id for race in topic.races for candidate in race.candidates],
        mentioned=lambda one: named[one.post_id],
        flagged=flagged,
    )
    accounts = spark.createDataFrame([(name,) for name in flagged], "author string")
    frame = frame_of(spark, span, tmp_path / "posts.parquet")
    rows = found(frame, topic, (START.isoformat(), END.isoformat()), flagged=accounts, few=few)
    check_same(rows, expected)
    handles = {one.post_id: (f"x:{one.author_id}", one.author) for one in span}
    assert [row["root"] for row in rows if row["root"] in handles and _begun(row) != handles[row["root"]]] == []
    assert sum(row["candidate"] is not None for row in rows) > 50
    assert sum(row["replies_per_retweet"] is not None for row in rows) > 50


def _named(topic: Topic, line: bytes) -> list[str]:
    seen = Seen(line)
    every = [candidate for race in topic.races for candidate in race.candidates]
    return [one.id for one in every if seen.mentions(one.model_dump())]


def _begun(row: dict[str, Any]) -> tuple[str, str]:
    return row["author"], row["label"]


@pytest.mark.parametrize("few", [True, False])
def test_real_posts_give_what_is_computed_apart(spark: SparkSession, tmp_path: Path, captures: Path, few: bool) -> None:
    every = (one for name in CAPTURES for one in parsed((captures / name).read_bytes().splitlines()))
    posts = list({(one.source, one.post_id): one for one in every}.values())
    start, end = (pick(one.event_at for one in posts).replace(microsecond=0) for pick in (min, max))
    window = start - timedelta(days=1), end + timedelta(days=2)
    rows = found(frame_of(spark, posts, tmp_path / "posts.parquet"), TOPIC, tuple(map(str, window)), few=few)  # type: ignore[arg-type]
    assert len(rows) > 100
    check_same(rows, independent(posts, *window, TOPIC.timezone))
    assert all(row["label"] for row in rows if row["author"])


@pytest.mark.parametrize("few", [True, False])
def test_who_began_it_is_known_from_the_post_or_from_those_who_name_it(
    spark: SparkSession, tmp_path: Path, few: bool
) -> None:
    def reply(number: str, name: str | None, **more: Any) -> Post:
        return post(f"{number}.1", 1, number, reply_to_author=name, **more)

    posts = [
        *(post("1", author_id="7", author="ana"), reply("1", "ana")),
        *(reply("2", "bo"), post("2.2", 2, "2.1", "2")),
        reply("3", "cy", accounts=["9 cy"]),
        *(post("4.2", 1, "4.1", "4"), post("t", 3, retweet_of="4", retweet_of_author="di")),
        post("5.2", 1, "5.1", "5"),
        *(reply("6", "eve"), post("e1", 1, author_id="11", author="eve"), post("e2", 3, author_id="11", author="eva")),
        *(reply("7", "nobody"), post("7.2", 2, "7", reply_to_author="fay"), post("7.3", 2, "7", reply_to_author=None)),
        *(reply("8", "gil"), post("8.2", 2, "8", reply_to_author=None), post("t8", 3, retweet_of="8")),
        *(post("t7", 9999, retweet_of="7", retweet_of_author="later"), post("7.4", 3, "7.1", "7", reply_to_author="x")),
    ]
    rows = found(frame_of(spark, posts, tmp_path / "posts.parquet"), few=few)
    assert {row["root"]: (row["author"], row["label"], row["replies_per_retweet"]) for row in rows} == {
        "1": ("x:7", "ana", None),
        "2": ("x:@bo", "bo", None),
        "3": ("x:9", "cy", None),
        "4": ("x:@di", "di", 1.0),
        "5": (None, None, None),
        "6": ("x:11", "eva", None),
        "7": ("x:@fay", "fay", None),
        "8": ("x:@gil", "gil", 2.0),
    }


@pytest.mark.parametrize("few", [True, False])
def test_only_retweets_of_the_period_and_of_the_first_post_count(
    spark: SparkSession, tmp_path: Path, few: bool
) -> None:
    posts = [post("1", -1440), *(post(f"r{n}", n, "1") for n in range(6))]
    retweets = [post(f"t{n}", at, retweet_of=of) for n, (at, of) in enumerate([(1, "1"), (-1439, "1"), (2, "r1")])]
    rows = found(frame_of(spark, [*posts, *retweets], tmp_path / "posts.parquet"), few=few)
    assert {(row["period"], row["replies_per_retweet"]) for row in rows} == {("day", 6.0), ("window", 3.0)}


@pytest.mark.parametrize("few", [True, False])
def test_no_replies_give_no_rows(spark: SparkSession, tmp_path: Path, few: bool) -> None:
    assert found(frame_of(spark, [post("1")], tmp_path / "one.parquet"), few=few) == []


@pytest.mark.parametrize("few", [True, False])
def test_circles_and_clocks_that_are_ahead_end_no_run(spark: SparkSession, tmp_path: Path, few: bool) -> None:
    posts = [post("1", 1, "2"), post("2", 2, "1"), post("3", -9, "2", "3"), post("4", 3, "4"), post("5", 4, "4", "4")]
    rows = found(frame_of(spark, posts, tmp_path / "posts.parquet"), few=few)
    check_same(rows, independent(posts, *_bounds(), TOPIC.timezone))
    assert {(row["root"], row["posts"]) for row in rows} == {("1", 2), ("4", 1)}


def _bounds() -> tuple[datetime, datetime]:
    return NOON.replace(month=4, day=29, hour=16), NOON.replace(hour=16)


def test_the_job_reads_a_week_before_its_window() -> None:
    window = parse_window("2016-05-01T16:00Z", "2016-05-02T16:00Z", TOPIC.zone)
    posts = next(given for given in JOB.inputs if given.table.name == "posts")
    span = posts.reach(window, TOPIC)  # type: ignore[attr-defined]
    assert (window.start - span.start, span.end) == (timedelta(days=7), window.end)

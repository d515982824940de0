"""Text families compared with an independent computation in plain Python: of planted posts, and of captures."""

import random
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from math import comb
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conf.topic import load_topic
from corpus import generate
from ingest.formats import Unit, parse, split
from ingest.formats.post import InvalidMessage
from jobs.graphs.family_posts import in_families
from tests.conftest import SHIPPED_TOPICS
from tests.support.independent_families import Said, family_rows, leaders
from tests.support.planted_families import START, planted
from tests.support.said_posts import check_same, frame, rows_of, table

Leaders = Mapping[tuple[str, str], Said]


def test_both_engines_cut_large_bands_in_the_same_way(spark: SparkSession) -> None:
    said = frame(spark, (post for _, post in planted(12, 50, 3, most=40)))
    span = START.isoformat(), (START + timedelta(days=10)).isoformat()
    here, apart = (rows_of(said, *span, few=few, largest=4) for few in (True, False))
    assert max(row.large_bands for row in here) > 4
    assert here == apart


@pytest.mark.parametrize("few", [True, False])
def test_planted_families_equal_those_computed_apart(spark: SparkSession, few: bool) -> None:
    draw = random.Random(5)
    made = [post for _, post in planted(25, 400, 3, most=30)]
    opened = [START - timedelta(days=draw.randrange(200)) if draw.random() < 0.5 else None for _ in made]
    made = [replace(post, created=at) for post, at in zip(made, opened, strict=True)]
    start, end = START, START + timedelta(days=10)
    flagged = {post.account for post in made if draw.random() < 0.2}
    keys = spark.createDataFrame(
        [(f"{source}:{account}",) for account in flagged for source in ("x", "mastodon")], "author string"
    )
    found = rows_of(frame(spark, made), start.isoformat(), end.isoformat(), few=few, flagged=keys)
    apart = [replace(post, account=f"{post.source}:{post.account}") for post in made]
    flags = {f"{source}:{account}" for account in flagged for source in ("x", "mastodon")}
    expected = family_rows(apart, start, end, "Asia/Manila", flags)
    assert len(expected) > 50
    check_same(found, expected)


def said_in(lines: Iterable[bytes]) -> list[Said]:
    found = {}
    for unit in (unit for line in lines for unit in split(line)):
        if not isinstance(unit, Unit):
            continue
        try:
            made = parse(unit.format, unit.payload)
        except InvalidMessage:  # a capture has messages that are no posts
            continue
        if getattr(made, "kind", "retweet") != "retweet":
            said = Said(
                *(made.source, made.post_id, f"{made.source}:{made.author_id}", made.event_at, made.folded),
                *(made.text, made.author_created_at, tuple(made.urls or ())),
            )
            found[said.source, said.post_id] = said
    return list(found.values())


def check_families(spark: SparkSession, said: list[Said], *, few: bool, led: Leaders | None = None) -> None:
    """Computes the families of posts in both ways, by the days in which they lie."""
    first, last = (of(one.at for one in said).replace(hour=0, minute=0, second=0, microsecond=0) for of in (min, max))
    end = last + timedelta(days=1)
    accounts = [replace(one, account=one.account.partition(":")[2]) for one in said]
    expected = family_rows(said, first, end, "Asia/Manila", led=led)
    assert expected
    check_same(rows_of(frame(spark, accounts), first.isoformat(), end.isoformat(), few=few), expected)


@pytest.mark.parametrize("few", [True, False])
def test_the_families_of_captures_equal_those_computed_apart(spark: SparkSession, captures: Path, few: bool) -> None:
    check_families(spark, said_in(lines_of(captures)), few=few)


def lines_of(captures: Path) -> Iterator[bytes]:
    for file in sorted(captures.rglob("*.jsonl")):
        yield from file.read_bytes().splitlines()


def test_the_families_of_generated_posts_equal_those_computed_apart(spark: SparkSession) -> None:
    check_families(spark, generated(6_000), few=True)


def test_the_pairs_of_generated_posts_are_those_computed_apart(spark: SparkSession, item_posts: int) -> None:
    """Of many posts, bands may miss a pair that is barely alike: pairs are compared first, then families as found."""
    said = generated(item_posts)
    exact, found = leaders(said), found_by_bands(said)
    both = {key: (exact[key], leader) for key, leader in found.items()}
    assert pairs_in(both.values()) >= 0.999 * pairs_in(found.values()), "wrong pairs"
    assert pairs_in(both.values()) >= 0.98 * pairs_in(exact.values()), "missed pairs"
    check_families(spark, said, few=True, led=found)


def generated(posts: int) -> list[Said]:
    return said_in(b"".join(generate(load_topic("ph2016", SHIPPED_TOPICS), posts, 11)).splitlines())


def found_by_bands(said: list[Said]) -> Leaders:
    """Returns the earliest post of the family of each post that is in one, as the job finds families."""
    posts = {(one.source, one.post_id): one for one in said}
    columns = in_families(table(said)).select(["source", "post_id", "family"]).to_pydict()
    led: dict[int, Said] = {}
    return {
        (source, post_id): led.setdefault(family, posts[source, post_id])
        for source, post_id, family in zip(*columns.values(), strict=True)
    }


def pairs_in(families: Iterable[Hashable]) -> int:
    """Returns the number of pairs of posts in one family, from the family of each."""
    return sum(comb(posts, 2) for posts in Counter(families).values())

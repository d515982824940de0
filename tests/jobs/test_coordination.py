"""The job coordination: what is an action, what is left out, and the same by the driver and by Spark's workers."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conf.tables import COORDINATION_KINDS
from conf.topic import Topic, parse_topic
from jobs.coordination import JOB, compute_coordination
from jobs.framework.window import parse_window
from jobs.measures.actions import COLUMNS, sharing
from tests.support.coordinated_posts import Posted, frame

RACES = "races: [{id: r, candidates: [{id: a, name: A, hashtags: [halalan]}]}]\n"
TOPIC = parse_topic(f"topic: t\ntimezone: Asia/Manila\n{RACES}", "f")
WINDOW = ("2016-04-29T16:00Z", "2016-05-01T16:00Z")
OBJECTS, HOUR = 10, 3600
TEXT = "please {0}share this {0}one with {0}all your {0}friends before {0}you vote"


def shared(kind: str, number: int) -> dict[str, Any]:
    """What a post has to share object `number` of a kind."""
    what: dict[str, dict[str, Any]] = {
        "link": {"urls": (f"https://www.a.example/{number}?utm_source=x",)},
        "retweet": {"kind": "retweet", "of": f"9{number}"},
        "reply": {"kind": "reply", "of": f"8{number}"},
        "hashtags": {"hashtags": ("انتخابات", "halalan", "選挙", f"t{number}")},
        "text": {"text": TEXT.format("abcdefghijkl"[number] * 3)},
    }
    return what[kind]


def cell(kind: str, **more: Any) -> Iterator[Posted]:
    """Four accounts that share at once, and eight who share the same at times of their own."""
    rng = random.Random(kind)
    for number in range(OBJECTS):
        begun = number * 2000
        for member in range(4):
            yield Posted(f"m{member}", begun + 3 * member, **shared(kind, number), **more)
        for other in range(8):
            yield Posted(f"o{other}", begun + rng.randrange(100, 5 * HOUR), **shared(kind, number))


def odd() -> Iterator[Posted]:
    """What must change nothing: look-alikes of another network, and accounts that answer or pass on only themselves."""
    for number in range(OBJECTS):
        for kind in ("retweet", "reply"):
            yield Posted("m9", number * 2000 + 1, source="mastodon", **shared(kind, number))
            yield Posted("self", number, kind=kind, of=f"7{number}", of_author="handle_self")
        for again in range(20):
            yield Posted("loud", number * 2000 + again, kind="reply", of=f"6{number}{again}")  # whom, nobody knows


def rows(spark: SparkSession, posts: Iterable[Posted], *, few: bool, topic: Topic = TOPIC, **more: Any) -> Any:
    found = compute_coordination(frame(spark, posts), topic, parse_window(*WINDOW, topic.zone), few=few, **more)
    return {name.removeprefix("coordination_"): some.collect() for name, some in found.items()}


def of_window(found: list[Any], kind: str) -> list[Any]:
    return [row for row in found if (row.kind, row.period) == (kind, "window")]


def test_the_job_reads_what_it_needs() -> None:
    assert {"author_is_bot", "retweet_of", "reply_to", "urls", "hashtags", "folded"} <= set(COLUMNS)
    assert [output.table.name for output in JOB.outputs][-2:] == ["coordination_summary", "coordination_groups"]


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[bool, Any]:
    """The rows of a cell of each kind, as the driver and as Spark's workers find them."""
    posts = [*odd(), *(post for kind in COORDINATION_KINDS for post in cell(kind))]
    flagged = spark.createDataFrame([("x:m0",)], "author string")
    return {few: rows(spark, posts, few=few, flagged=flagged) for few in (True, False)}


@pytest.mark.parametrize("kind", COORDINATION_KINDS)
def test_a_cell_is_found_by_each_kind_of_object(found: dict[bool, Any], kind: str) -> None:
    tables = found[True]
    (summary,), (group,) = of_window(tables["summary"], kind), of_window(tables["groups"], kind)
    assert (summary.window_seconds, summary.accounts, summary.objects) == (60, 12, OBJECTS)
    assert (summary.groups, summary.objects_cut, summary.declared) == (1, 0, 0)
    assert (group.group, group.accounts, group.pairs, group.objects, group.posts) == (1, 4, 6, OBJECTS, 40)
    assert (group.degree, group.share_flagged) == (10, 0.25)
    accounts = of_window(tables["accounts"], kind)
    assert sorted(row.author for row in accounts) == [f"x:m{n}" for n in range(4)]
    assert {row.label for row in accounts} == {f"handle_m{n}" for n in range(4)}
    pair = next(row for row in of_window(tables["pairs"], kind) if (row.src, row.dst) == ("x:m0", "x:m3"))
    assert (pair.group, pair.objects, pair.mean_delta_seconds) == (1, OBJECTS, 9.0)
    assert pair.expected < 2
    assert len(of_window(tables["objects"], kind)) == OBJECTS


def test_objects_are_shown_as_people_read_them(found: dict[bool, Any]) -> None:
    top = {kind: of_window(found[True]["groups"], kind)[0].top_objects[0] for kind in COORDINATION_KINDS}
    assert top["text"] == TEXT.format("aaa")
    assert (top["link"], top["retweet"]) == ("https://a.example/0", "x:90")
    assert (top["reply"], top["hashtags"]) == ("x:80", "#انتخابات #選挙 #t0")


@pytest.mark.parametrize("table", ["summary", "pairs", "groups", "objects", "accounts"])
def test_both_ways_return_the_same(found: dict[bool, Any], table: str) -> None:
    assert sorted(map(str, found[True][table])) == sorted(map(str, found[False][table]))


@pytest.mark.parametrize("kind", ["retweet", "reply"])
def test_who_is_not_known_is_not_oneself(spark: SparkSession, kind: str) -> None:
    posts = frame(spark, [Posted("a", 1, **shared(kind, 1))]).withColumns(
        {name: F.lit(None).cast("string") for name in ("author", "retweet_of_author", "reply_to_author")}
    )
    assert sharing(posts, TOPIC).count() == 1


def test_what_is_left_out(spark: SparkSession) -> None:
    own = [post._replace(of_author=f"handle_{post.account}") for post in cell("retweet")]
    home = [post._replace(urls=("https://x.com/a/status/1", "https://bsky.app/profile/a")) for post in cell("link")]
    tags = [post._replace(hashtags=("halalan", "two", post.hashtags[3])) for post in cell("hashtags")]
    passed_on = [post._replace(kind="retweet", of="1") for post in cell("link")]
    found = rows(spark, [*own, *home, *tags, *passed_on, *cell("reply", is_bot=True)], few=True)
    summaries = {row.kind: row for row in found["summary"] if row.period == "window"}
    assert {kind for kind, row in summaries.items() if row.actions} == {"reply"}
    assert (summaries["reply"].declared, summaries["reply"].accounts, summaries["reply"].groups) == (4, 8, 0)


def test_accounts_of_two_networks_may_act_together(spark: SparkSession) -> None:
    posts = [post._replace(source="mastodon") if post.account == "m1" else post for post in cell("link")]
    found = rows(spark, posts, few=True)
    assert {row.author for row in of_window(found["accounts"], "link")} == {"x:m0", "mastodon:m1", "x:m2", "x:m3"}


def test_the_topics_time_is_used(spark: SparkSession) -> None:
    topic = parse_topic("topic: t\ntimezone: Asia/Manila\ncoordination: {window_seconds: 2}\n", "f")
    (summary,) = of_window(rows(spark, cell("link"), few=True, topic=topic)["summary"], "link")
    assert (summary.window_seconds, summary.pairs, summary.groups) == (2, 0, 0)


def test_very_long_hashtags_are_shortened_and_stay_apart(spark: SparkSession) -> None:
    posts = [post._replace(hashtags=("a" * 70_000, "b", post.hashtags[3])) for post in cell("hashtags")]
    objects = of_window(rows(spark, posts, few=True)["objects"], "hashtags")
    assert len({row.object for row in objects}) == OBJECTS
    assert max(len(row.object) for row in objects) < 1100


def test_followers_are_the_last_known(spark: SparkSession) -> None:
    posts = [post._replace(followers=int(post.seconds)) for post in cell("link")]
    (account, *_) = sorted(of_window(rows(spark, posts, few=True)["accounts"], "link"), key=lambda row: str(row.author))
    assert (account.author, account.followers) == ("x:m0", (OBJECTS - 1) * 2000)


def test_no_posts_give_no_rows(spark: SparkSession) -> None:
    assert not any(rows(spark, [], few=True).values())


def test_posts_without_actions_give_zeros(spark: SparkSession) -> None:
    found = rows(spark, [Posted("a", 1)], few=False)
    assert {row.kind for row in found.pop("summary") if not row.actions} == set(COORDINATION_KINDS)
    assert not any(found.values())

"""Volume and items: one rule per test, and all compared with an independent computation.

That of generated posts is made over their raw lines, that of the captures over what the parsers have read.
"""

import json
import math
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conf.folding import fold
from conf.tables import ITEM_KINDS, TOP_ITEMS, TOPIC_VOLUME
from conf.topic import Topic, load_topic, parse_topic
from corpus import generate
from ingest.formats.post import Post
from jobs.framework.window import Window
from jobs.measures import items
from jobs.measures.bursts import reach
from jobs.measures.links import link_of
from jobs.shared_items import shared_items
from tests.conftest import SHIPPED_TOPICS
from tests.support import independent_items
from tests.support.captured import CAPTURES, parsed
from tests.support.independent_accounts import Accounts
from tests.support.independent_items import ToldByPosts, World, item_of_post, items_of, races_of_ph2016
from tests.support.post_frames import frame_of, post_frame

TOPIC = parse_topic("topic: t", "f")
NOON = datetime(2016, 5, 1, 12, 30, tzinfo=UTC)
ANA, BOB = "{id: ana, name: Ana, aliases: [ana]}", "{id: bob, name: Bob, aliases: [bob]}"
NUMBERS = count(1)
START, END = datetime(2016, 5, 2, 5, 30, tzinfo=UTC), datetime(2016, 5, 8, 11, 15, tzinfo=UTC)
SEED = 11
pytestmark = pytest.mark.usefixtures("compiled")


@pytest.fixture(scope="module")
def ph2016() -> Topic:
    return load_topic("ph2016", SHIPPED_TOPICS)


@pytest.fixture(scope="module")
def lines(ph2016: Topic, item_posts: int) -> list[bytes]:
    return [with_media(line) for line in b"".join(generate(ph2016, item_posts, SEED)).splitlines()]


def with_media(line: bytes) -> bytes:
    """Returns a line some of whose posts have one or two of a few images, videos and GIFs."""
    said = json.loads(line)
    for each in (said["data"], *said.get("includes", {}).get("tweets", ())):
        number = int(each["id"]) % 101
        keys = [f"{start}_{number // of}" for start, of in ((3, 7), (7, 20), (16, 30)) if number % (of // 3) == 0]
        if keys:
            each["attachments"] = {"media_keys": keys}
    return json.dumps(said).encode()


@pytest.fixture(scope="module")
def world(lines: list[bytes]) -> World:
    found = items_of(lines)
    authors = sorted({item.author for item in found})
    world = World(found, Accounts(map(json.loads, lines), START, END), set(authors[::7]), races_of_ph2016())
    world.count_hours(START - timedelta(days=8), END)
    return world


@pytest.fixture(scope="module")
def posts(spark: SparkSession, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    return post_frame(spark, lines, tmp_path_factory.mktemp("items") / "posts.parquet")


def in_utc(row: Any) -> tuple[Any, ...]:
    return row.period, row.period_start.astimezone(UTC), row.period_end.astimezone(UTC)


def approximately(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytest.approx(v, abs=1e-9) if isinstance(v, float) else v for v in values)


@pytest.fixture(scope="module", params=["here", "spread", "joined"])
def found(
    request: pytest.FixtureRequest, spark: SparkSession, posts: DataFrame, world: World, ph2016: Topic
) -> tuple[list[Any], list[Any]]:
    """The rows of both tables: counted by the driver; by Python workers in several parts, without joins and with."""
    flagged = spark.createDataFrame([(author,) for author in sorted(world.flagged)], "author string")
    window = Window(START, END, ph2016.zone)
    inside = posts.where(f"event_at < '{END}' AND event_at >= '{reach(window, ph2016).start}'").persist()
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "here":
            patch.setattr(items, "FEW_POSTS", 0)
            patch.setattr(items, "POSTS_A_TASK", 1_000)
        if request.param == "joined":
            patch.setattr(items, "MANY_POSTS", 0)
        rows, top = shared_items(inside, ph2016, window, flagged)
        return rows.collect(), top.collect()


def test_the_volume_equals_one_computed_apart(found: tuple[list[Any], list[Any]], world: World, ph2016: Topic) -> None:
    expected = independent_items.volume(world, START, END, ph2016.zone)
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    check_volume(found[0], expected)


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_the_items_equal_those_computed_apart(
    found: tuple[list[Any], list[Any]], world: World, ph2016: Topic, kind: str
) -> None:
    expected = independent_items.top(world, kind, START, END, ph2016.zone)
    assert expected
    check_items([row for row in found[1] if row.kind == kind], expected)


def check_volume(rows: list[Any], expected: dict[Any, tuple[Any, ...]]) -> None:
    found = {in_utc(row): tuple(row)[4:] for row in rows}
    assert found.keys() == expected.keys()
    assert {key: (found[key], row) for key, row in expected.items() if found[key] != approximately(row)} == {}


def check_items(rows: list[Any], expected: dict[Any, tuple[Any, ...]]) -> None:
    found = {
        (*in_utc(row), row.rank): (
            *(row.item, row.label, row.posts, row.authors, row.originals, row.previous_posts, row.burst),
            *(round(row.share_flagged * row.posts), row.first_at.astimezone(UTC)),
            *(row.candidate, row.log_odds),
        )
        for row in rows
    }
    assert found.keys() == expected.keys()
    assert {key: (found[key], row) for key, row in expected.items() if found[key] != approximately(row)} == {}


def test_every_capture_is_in_the_list(captures: Path) -> None:
    with_posts = {
        str(file.relative_to(captures)) for file in captures.glob("*/*.jsonl") if parsed(file.read_bytes().splitlines())
    }
    assert with_posts == set(CAPTURES)


@pytest.mark.parametrize("name", CAPTURES)
def test_what_real_posts_share_equals_what_is_computed_apart(
    captures: Path, spark: SparkSession, tmp_path: Path, name: str
) -> None:
    posts = parsed((captures / name).read_bytes().splitlines())
    times = [post.event_at for post in posts]
    start = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(times).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    window = Window(start, end, TOPIC.zone)
    flagged = {f"{posts[0].source}:{posts[0].author_id}"}
    world = World(list(map(item_of_post, posts)), ToldByPosts(posts), flagged)
    rows, top = shared_items(
        frame_of(spark, posts, tmp_path / "posts.parquet"),
        *(TOPIC, window, spark.createDataFrame([(author,) for author in flagged], "author string")),
    )
    check_volume(rows.collect(), independent_items.volume(world, start, end, TOPIC.zone))
    found = top.collect()
    for kind in ITEM_KINDS:
        expected = independent_items.top(world, kind, start, end, TOPIC.zone)
        check_items([row for row in found if row.kind == kind], expected)
    for address in {url for post in posts for url in post.urls}:
        link, apart = link_of(address), independent_items.key_of(address)
        assert (link and (link.key, link.site)) == apart


def post(author_id: str, at: datetime = NOON, **changes: Any) -> Post:
    number = next(NUMBERS)
    given = {"source": "x", "post_id": str(number), "event_at": at, "author_id": author_id, "author": author_id}
    return Post(**{**given, **changes})


Shown = dict[tuple[str, str], Any]


def of_hour(spark: SparkSession, posts: list[Post], folder: Path, flagged: set[str] | None = None) -> tuple[Any, Shown]:
    """Returns the volume of NOON's hour (None without posts), and its items by kind and item."""
    window = Window(NOON.replace(minute=0), NOON.replace(minute=0) + timedelta(hours=1), TOPIC.zone)
    marked = None if flagged is None else spark.createDataFrame([(one,) for one in flagged], "author string")
    rows, top = shared_items(frame_of(spark, posts, folder / "posts.parquet"), TOPIC, window, marked)
    volume = rows.where("period = 'hour'").collect()
    return (volume[0] if volume else None), {(r.kind, r.item): r for r in top.where("period = 'hour'").collect()}


def test_the_first_hundred_of_each_kind_are_kept(spark: SparkSession, tmp_path: Path) -> None:
    sites = [f"https://site{number:03}.example" for number in range(120)]
    words = " ".join(f"wort{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(120))
    posts = [post(str(number), urls=sites, folded=words) for number in range(5)]
    _, items = of_hour(spark, [*posts, post("9", urls=sites[110:])], tmp_path)
    for kind in ("host", "link", "word"):
        assert sorted(row.rank for (k, _), row in items.items() if k == kind) == list(range(1, 101))
    ranked = sorted((row.rank, item) for (kind, item), row in items.items() if kind == "host")
    assert [item for _, item in ranked] == [f"site{n:03}.example" for n in (*range(110, 120), *range(90))]


def test_the_most_active_are_one_per_cent_of_authors_rounded_up(spark: SparkSession, tmp_path: Path) -> None:
    loud = [post("loud") for _ in range(50)]
    second = [post("second") for _ in range(10)]
    quiet = [post(f"a{number}") for number in range(98)]
    of_100, _ = of_hour(spark, [*loud, *second, *quiet], tmp_path)
    assert (of_100.authors, of_100.share_top_authors) == (100, 50 / 158)
    of_101, _ = of_hour(spark, [*loud, *second, *quiet, post("b")], tmp_path)
    assert (of_101.authors, of_101.share_top_authors) == (101, 60 / 159)


def test_a_word_has_three_letters_or_two_and_five_authors(spark: SparkSession, tmp_path: Path) -> None:
    text = fold("ab abc du30 日本語 です 한국 b1c2d3")
    posts = [post(str(number), folded=text) for number in range(5)]
    _, items = of_hour(spark, [*posts, *(post(str(n), folded="seldom") for n in range(4))], tmp_path)
    assert {item for kind, item in items if kind == "word"} == {"abc", "日本", "本語", "です", "한국", "b1c2d3"}


def test_words_are_ranked_by_burst_and_not_by_count(spark: SparkSession, tmp_path: Path) -> None:
    usual = [post(f"{n}", NOON - timedelta(hours=hour), folded="the") for hour in range(1, 25) for n in range(40)]
    now = [post(f"{number}", folded="the news" if number < 8 else "the") for number in range(40)]
    flood = [post("flooder", folded="flood") for _ in range(500)]
    _, items = of_hour(spark, [*usual, *now, *flood, *(post(f"{n}", folded="flood") for n in range(4))], tmp_path)
    ranked = sorted((row.rank, item) for (kind, item), row in items.items() if kind == "word")
    assert [item for _, item in ranked] == ["news", "flood", "the"]
    assert items["word", "news"].burst > items["word", "flood"].burst > 0 > items["word", "the"].burst
    assert (items["word", "flood"].posts, items["word", "the"].previous_posts) == (504, 40)


def test_links_are_compared_and_the_own_network_is_counted_apart(spark: SparkSession, tmp_path: Path) -> None:
    mastodon: dict[str, Any] = {"source": "mastodon", "author": "ana@mas.to", "mentions": ["bob@example.social"]}
    posts = [
        post("1", urls=["https://www.example.com/a?utm_source=x", "http://[::1", "https://m.example.com/a/"]),
        post("2", urls=["https://example.com/a"], retweet_of="7", retweet_of_author="carla"),
        post("3", urls=["https://twitter.com/ana/status/1", "https://example.com/b"]),
        post("4", urls=["https://t.co/a", "https://x.com/b"]),
        post("5", urls=["https://mas.to/@ana/1", "https://example.social/@bob", "https://x.com/b"], **mastodon),
        post("6", urls=["https://bsky.app/profile/a"], source="bluesky"),
        post("7", urls=["mailto:ana@example.com"]),
    ]
    volume, items = of_hour(spark, posts, tmp_path)
    links = {
        item: (row.label, row.posts, row.authors, row.originals) for (k, item), row in items.items() if k == "link"
    }
    assert links == {
        "https://example.com/a": ("https://example.com/a", 2, 2, 1),
        "https://example.com/b": ("https://example.com/b", 1, 1, 1),
        "https://x.com/b": ("https://x.com/b", 1, 1, 1),
    }
    hosts = {item: row.posts for (kind, item), row in items.items() if kind == "host"}
    assert hosts == {"example.com": 3, "x.com": 1}
    assert (volume.posts, volume.with_link, volume.with_own_link) == (7, 4, 4)


def test_accounts_are_known_by_their_ids_and_retweets_mention_nobody(spark: SparkSession, tmp_path: Path) -> None:
    posts = [
        post("12", author="ana"),
        post("12", NOON + timedelta(minutes=1), author="ana2"),
        post("1", mentions=["ana", "ana2", "bob"]),
        post("2", mentions=["ana2"], retweet_of="7", retweet_of_author="ana"),
        post("3", retweet_of="8", retweet_of_author="ana2"),
    ]
    volume, items = of_hour(spark, posts, tmp_path)
    accounts = {key: (row.label, row.posts) for key, row in items.items() if key[0] in ("mentioned", "retweeted")}
    assert accounts == {
        ("mentioned", "x:12"): ("ana2", 1),
        ("mentioned", "x:@bob"): ("bob", 1),
        ("retweeted", "x:12"): ("ana2", 2),
    }
    assert (volume.with_mention, volume.retweets) == (1, 2)


def test_new_authors_are_those_whose_first_post_of_the_window_it_is(spark: SparkSession, tmp_path: Path) -> None:
    start = NOON.replace(minute=0)
    window = Window(start, start + timedelta(hours=3), TOPIC.zone)
    hours = [("1", 0), ("1", 0), ("2", 0), ("1", 1), ("3", 1), ("2", 2), ("3", -1)]
    posts = [post(author, NOON + timedelta(hours=hour)) for author, hour in hours]
    rows, _ = shared_items(frame_of(spark, posts, tmp_path / "posts.parquet"), TOPIC, window)
    found = {(row.period, row.period_start.astimezone(UTC).hour): row.new_authors for row in rows.collect()}
    assert found == {("hour", start.hour + hour): new for hour, new in enumerate((2, 1, 0))} | {
        ("window", start.hour): 3
    }


def test_flags_are_unknown_until_authors_were_looked_at(spark: SparkSession, tmp_path: Path) -> None:
    posts = [post("1", client="app"), post("1", client="app"), post("2", client="app"), post("3")]
    volume, items = of_hour(spark, posts, tmp_path)
    assert (volume.share_flagged, items["client", "app"].share_flagged) == (None, None)
    volume, items = of_hour(spark, posts, tmp_path, flagged={"x:1"})
    assert (volume.share_flagged, items["client", "app"].share_flagged) == (0.5, 2 / 3)


def test_of_no_posts_nothing_is_said(spark: SparkSession, tmp_path: Path) -> None:
    assert of_hour(spark, [], tmp_path) == (None, {})
    assert of_hour(spark, [post("1", NOON - timedelta(hours=3), folded="before")], tmp_path) == (None, {})


def test_a_window_of_over_a_week_is_compared_with_nothing(spark: SparkSession, tmp_path: Path) -> None:
    window = Window(NOON - timedelta(days=9), NOON + timedelta(days=1), TOPIC.zone)
    posts = [post(str(number), folded="word", client="app") for number in range(5)]
    _, top = shared_items(frame_of(spark, posts, tmp_path / "posts.parquet"), TOPIC, window)
    found = {(r.kind, r.period): (r.previous_posts, r.burst) for r in top.where("period = 'window'").collect()}
    assert found == {("client", "window"): (None, None), ("word", "window"): (None, None)}


def test_an_item_is_typical_of_the_candidate_whose_posts_carry_it_more(spark: SparkSession, tmp_path: Path) -> None:
    topic = parse_topic(f"topic: t\nraces: [{{id: r, candidates: [{ANA}, {BOB}]}}]", "f")
    window = Window(NOON, NOON + timedelta(hours=1), topic.zone)
    posts = [
        *(post(str(n), folded="ana", urls=["https://a.example", "https://both.example"]) for n in range(20)),
        *(post(str(n), folded="bob", urls=["https://b.example", "https://both.example"]) for n in range(10)),
        *(post("9", folded="bob", urls=["https://flood.example"]) for _ in range(200)),
    ]
    _, top = shared_items(frame_of(spark, posts, tmp_path / "posts.parquet"), topic, window)
    rows = {r.item: (r.candidate, r.log_odds) for r in top.where("kind = 'host' AND period = 'window'").collect()}
    prior = 500 * 20 / 260
    ratio = math.log((20 + prior) / (40 + 500 - 20 - prior)) - math.log(prior / (220 + 500 - prior))
    assert rows["a.example"] == ("ana", pytest.approx(ratio))
    assert rows["flood.example"] == (None, None)
    assert rows["b.example"][0] == "bob"
    _, without = shared_items(frame_of(spark, posts, tmp_path / "again.parquet"), TOPIC, window)
    assert {row.candidate for row in without.collect()} == {None}


def test_columns_are_the_tables_without_the_runs(spark: SparkSession, tmp_path: Path) -> None:
    window = Window(NOON, NOON + timedelta(hours=1), TOPIC.zone)
    rows, top = shared_items(frame_of(spark, [], tmp_path / "posts.parquet"), TOPIC, window)
    assert set(rows.columns) == set(TOPIC_VOLUME.columns) - {"run_id", "computed_at", "coverage"}
    assert set(top.columns) == set(TOP_ITEMS.columns) - {"run_id", "computed_at"}

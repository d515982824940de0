"""The measures and the bot rules, and a flood of bots.

Each rule is tested on the smallest rows that show it. All measures of generated posts are compared with an independent
computation.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from conf.tables import AUTHOR_ACTIVITY
from conf.topic import Topic, load_topic, parse_topic
from corpus import CAMPAIGN, generate
from corpus.draws import stream
from corpus.plan import plan_of
from corpus.profiles import handles_of
from jobs.author_activity import JOB, author_activity
from jobs.candidate_poll import candidate_poll
from jobs.framework.inputs import posts_of as input_of
from jobs.framework.window import Window
from jobs.measures.authors import flagged
from tests.conftest import SHIPPED_TOPICS
from tests.support.flooding import flood, flooders
from tests.support.independent_activity import activity, items_of
from tests.support.post_frames import post_frame

TOPIC = parse_topic(
    """topic: t
timezone: Asia/Kolkata
bots:
  posting_rate: {min_posts: 6, posts_an_hour: 0.25}
  round_the_clock: {min_posts: 18}
  near_duplicates: {min_posts: 4, campaign_authors: 3}
  retweet_share: {min_posts: 4}
  new_account: {min_posts: 4, days: 30}
  follow_ratio: {min_posts: 4}
  client: {min_posts: 4, labels: [Evil Straße Bot]}
""",
    "f",
)
SCHEMA = (
    "source string, post_id string, author string, author_id string, accounts array<string>, kind string, "
    "event_at timestamp, folded string, mentions array<string>, "
    "client string, author_followers bigint, author_following bigint, author_created_at timestamp, "
    "author_is_bot boolean"
)
START = datetime(2016, 5, 1, 18, 30, tzinfo=UTC)  # midnight in Kolkata
WINDOW = Window(START, START + timedelta(days=10), TOPIC.zone)
APART = (
    "we need more teachers in every school",
    "traffic on the bridge was terrible this morning",
    "watched the debate with my whole family",
    "who will repair the roads before june",
)

VARIANTS = (
    "vote for ana the only choice for jobs",
    "vote for ana, the only choice for jobs!! 🔥",
    "(10) vote for ana: the only #ana2016 choice for 100 jobs",
    "vote for ana #now the only choice for jobs 👊",
)
COPIED = (
    "ana gave us work and bread",
    "bob took our land and water",
    "cy never answers to anyone here",
    "dan is late for every single session",
)


def posts_of(author: str | None, *hours: float, texts: tuple[str, ...] = (), **changes: Any) -> list[dict[str, Any]]:
    """Returns one post for each of the hours after the window's start, with these texts in turn."""
    rows = []
    for number, hour in enumerate(hours):
        row = dict.fromkeys(name.split()[0] for name in SCHEMA.split(", "))
        row |= {"source": "x", "author": author, "author_id": f"id {author}", "kind": "original", "event_at": START}
        row["event_at"] = START + timedelta(hours=hour)
        row["folded"] = texts[number % len(texts)] if texts else f"short {number}"
        rows.append(row | changes)
    return rows


DAYS_APART = (1.0, 25.0, 49.0, 73.0)
OPENED: dict[str, Any] = {"author_created_at": START - timedelta(days=20)}
FOLLOWS: dict[str, Any] = {"author_following": 5000, "author_followers": 10}
SPREAD = tuple(4.0 * slot for slot in range(18))
SMALL = [
    *posts_of("fast", *(0.6 + 0.1 * n for n in range(6))),
    *posts_of("steady", *(1.0 + 24 * n for n in range(6))),
    *posts_of("awake", *SPREAD),
    *posts_of("asleep", *(24.0 * (n // 6) + n % 6 for n in range(18))),
    *posts_of("repeats", *DAYS_APART, texts=VARIANTS),
    *posts_of("varied", *DAYS_APART, texts=APART),
    *(row for name in ("one", "two", "three") for row in posts_of(f"copy {name}", *DAYS_APART, texts=COPIED)),
    *posts_of("amplifier", *DAYS_APART, kind="retweet", texts=APART[:1]),
    *posts_of("young", *DAYS_APART, **OPENED),
    *posts_of("old", *DAYS_APART, author_created_at=START - timedelta(days=31)),
    *posts_of("from the future", *DAYS_APART, author_created_at=START + timedelta(days=300)),
    *posts_of("follows", *DAYS_APART, **FOLLOWS),
    *posts_of("followed", *DAYS_APART, author_following=5000, author_followers=260),
    *posts_of("app", *DAYS_APART, client="EVIL straße bot"),
    *posts_of("declared", 1.0, author_is_bot=True),
    *posts_of("all weak", *DAYS_APART, kind="retweet", **OPENED, **FOLLOWS),
    *posts_of("two signs", *(0.6 + 0.1 * n for n in range(6)), **OPENED),
    *posts_of("few", *DAYS_APART[:3], kind="retweet", client="evil straße bot", texts=APART[:1], **OPENED, **FOLLOWS),
    *posts_of(None, 1.0, author_id="77"),
    *posts_of(None, 1.0, author_id=None),
    *posts_of("odd", 1.0, kind="reply", folded=None, mentions=[], author_followers=-5, author_following=2**62),
    *posts_of("named", 1.0, mentions=["named", "fast"], author_followers=4),
    *posts_of("namer", 1.0, mentions=["named", "named", "nobody wrote"]),
    *posts_of("namer", 30.0, mentions=["named"], kind="quote"),
    *posts_of("namer", 31.0, mentions=["named"], kind="retweet"),
    *posts_of("named", 2.0, author_followers=9),
    *posts_of("named", 30.0, author_followers=None),
]  # fmt: skip


@pytest.fixture(scope="module")
def small(spark: SparkSession) -> DataFrame:
    frame = author_activity(spark.createDataFrame(SMALL, SCHEMA), TOPIC, WINDOW).persist()
    frame.count()
    return frame


@pytest.fixture(scope="module")
def rows(small: DataFrame) -> list[Row]:
    return small.selectExpr("*", "unix_seconds(period_start) AS since").collect()


def of(rows: list[Row], author: str, period: str = "window") -> Row:
    found = [row for row in rows if (row.label, row.period) == (author, period)]
    return min(found, key=lambda row: row.since)


@pytest.mark.parametrize(
    ("author", "period", "flags"),
    [
        ("fast", "hour", ["posting_rate"]),
        ("fast", "day", ["posting_rate"]),
        ("fast", "window", ["posting_rate"]),
        ("steady", "window", []),
        ("awake", "window", ["posting_rate", "round_the_clock"]),
        ("awake", "day", ["posting_rate"]),
        ("asleep", "window", ["posting_rate"]),
        ("repeats", "window", ["near_duplicates"]),
        ("varied", "window", []),
        ("copy two", "window", ["near_duplicates"]),
        ("amplifier", "window", ["retweet_share"]),
        ("young", "window", ["new_account"]),
        ("old", "window", []),
        ("from the future", "window", []),
        ("follows", "window", ["follow_ratio"]),
        ("followed", "window", []),
        ("app", "window", ["client"]),
        ("declared", "hour", ["declared"]),
        ("few", "window", []),
        ("odd", "window", []),
    ],
)
def test_a_rule_fires_where_its_threshold_is_met(rows: list[Row], author: str, period: str, flags: list[str]) -> None:
    assert of(rows, author, period).bot_flags == flags


def test_the_score_sums_weights_so_that_weak_signs_flag_nobody(rows: list[Row], small: DataFrame) -> None:
    weak = of(rows, "all weak")
    assert weak.bot_flags == ["follow_ratio", "new_account", "retweet_share"]
    assert weak.bot_score == 0.45
    assert of(rows, "two signs").bot_score == 0.55
    assert of(rows, "app").bot_score == 0.4
    found = {row.author for row in flagged(small, TOPIC).collect()}
    assert found == {"x:id awake", "x:id declared", "x:id two signs"}


def test_mentions_received_are_posts_of_others_that_are_no_retweets(rows: list[Row]) -> None:
    assert of(rows, "named").mentions_received == 2
    assert of(rows, "named", "day").mentions_received == 1
    assert of(rows, "fast").mentions_received == 1
    assert not [row for row in rows if row.label == "nobody wrote"]


def test_followers_are_the_last_that_were_delivered(rows: list[Row]) -> None:
    assert (of(rows, "named").followers, of(rows, "fast").followers, of(rows, "odd").followers) == (9, None, -5)


def test_an_author_without_a_handle_is_called_by_the_id_and_one_without_an_id_is_left_out(rows: list[Row]) -> None:
    assert (of(rows, "77").posts, of(rows, "77").author) == (1, "x:77")
    assert not [row for row in rows if row.author is None]


def test_an_account_keeps_its_key_when_its_handle_changes_and_is_called_by_the_latest(spark: SparkSession) -> None:
    posts = [
        *posts_of("old", 1.0, author_id="5"),
        *posts_of("new", 2.0, author_id="5"),
        *posts_of("namer", 1.0, author_id="6", mentions=["old", "old"]),
        *posts_of("namer", 3.0, author_id="6", mentions=["new"]),
        *posts_of("namer", 4.0, author_id="6", mentions=["third"], accounts=["5 third"]),
        *posts_of("heir", 5.0, author_id="7"),
        *posts_of("heir", 0.5, author_id="8"),
        *posts_of("namer", 6.0, author_id="6", mentions=["heir"]),
    ]
    found = author_activity(spark.createDataFrame(posts, SCHEMA), TOPIC, WINDOW).where("period = 'window'").collect()
    told = {row.author: (row.label, row.posts, row.mentions_received) for row in found}
    assert told["x:5"] == ("third", 2, 3)
    assert told["x:6"] == ("namer", 4, 0)
    assert (told["x:7"], told["x:8"]) == (("heir", 1, 1), ("heir", 1, 0))


def test_on_bluesky_names_are_those_of_the_table_and_else_the_did(spark: SparkSession) -> None:
    posts = [
        *posts_of("did:plc:a", 1.0, author_id="did:plc:a", source="bluesky", mentions=["did:plc:b"]),
        *posts_of("did:plc:b", 2.0, author_id="did:plc:b", source="bluesky"),
    ]
    names = spark.createDataFrame(
        [("bluesky", "did:plc:a", "ana.example")], "source string, author_id string, handle string"
    )
    found = author_activity(spark.createDataFrame(posts, SCHEMA), TOPIC, WINDOW, names).where("period = 'window'")
    told = {row.author: (row.label, row.mentions_received) for row in found.collect()}
    assert told == {"bluesky:did:plc:a": ("ana.example", 0), "bluesky:did:plc:b": ("did:plc:b", 1)}


def test_columns_are_the_tables_without_the_runs(small: DataFrame) -> None:
    assert set(small.columns) == set(AUTHOR_ACTIVITY.columns) - {"bucket", "run_id", "computed_at"}
    assert set(input_of(JOB).columns) == {name.split()[0] for name in SCHEMA.split(", ")}


POSTS, SEED = 20_000, 11
pytestmark = pytest.mark.usefixtures("compiled")


@pytest.fixture(scope="module")
def ph2016() -> Topic:
    return load_topic("ph2016", SHIPPED_TOPICS)


@pytest.fixture(scope="module")
def corpus(ph2016: Topic) -> list[bytes]:
    return b"".join(generate(ph2016, POSTS, SEED)).splitlines()


def test_every_measure_equals_one_computed_apart(
    spark: SparkSession, ph2016: Topic, corpus: list[bytes], tmp_path: Path
) -> None:
    start, end = datetime(2016, 2, 10, 5, 30, tzinfo=UTC), datetime(2016, 5, 7, 11, 15, tzinfo=UTC)
    expected = activity(items_of(corpus), start, end, ph2016.zone)
    posts = post_frame(spark, corpus, tmp_path / "posts.parquet").where(f"event_at >= '{start}' AND event_at < '{end}'")
    found = author_activity(posts, ph2016, Window(start, end, ph2016.zone)).collect()
    assert len(found) == len(expected) > POSTS
    by_key = {
        (row.period, row.period_start.astimezone(UTC), row.period_end.astimezone(UTC), row.author): row for row in found
    }
    assert by_key.keys() == expected.keys()
    wrong = {
        key: (values, by_key[key])
        for key, values in expected.items()
        if any(by_key[key][name] != value for name, value in values.items())
    }
    assert not wrong
    assert {flag for row in found for flag in row.bot_flags} >= {"near_duplicates", "round_the_clock"}


FLOODED = 1
"""The candidate of the first race whom the bots praise."""


@pytest.fixture(scope="module")
def flooded(
    spark: SparkSession, ph2016: Topic, corpus: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> DataFrame:
    """The corpus, and 25,000 posts by 20 bots."""
    lines = [*corpus, *flood(ph2016.races[0].candidates[FLOODED], 25_000, 20)]
    return post_frame(spark, lines, tmp_path_factory.mktemp("flooded") / "posts.parquet")


@pytest.fixture(scope="module")
def activity_of_flooded(flooded: DataFrame, ph2016: Topic) -> DataFrame:
    window = Window(*CAMPAIGN, ph2016.zone)
    return author_activity(flooded, ph2016, window).where("period = 'window'").persist()


def test_a_flood_moves_the_share_of_posts_and_hardly_that_of_authors(
    spark: SparkSession,
    ph2016: Topic,
    corpus: list[bytes],
    flooded: DataFrame,
    activity_of_flooded: DataFrame,
    tmp_path: Path,
) -> None:
    clean = post_frame(spark, corpus, tmp_path / "posts.parquet")
    before = window_shares(clean, ph2016, None)
    after = window_shares(flooded, ph2016, flagged(activity_of_flooded, ph2016))
    assert after.share_posts - before.share_posts > 0.10
    assert abs(after.share_authors - before.share_authors) < 0.01
    assert abs(after.share_authors_no_bots - before.share_authors) < 0.01


def window_shares(posts: DataFrame, topic: Topic, bots: DataFrame | None) -> Row:
    """Returns the flooded candidate's shares over the campaign."""
    race = topic.races[0]
    polled = candidate_poll(posts, topic.model_copy(update={"races": (race,)}), Window(*CAMPAIGN, topic.zone), bots)
    [row] = polled.where((F.col("period") == "window") & (F.col("candidate") == race.candidates[FLOODED].id)).collect()
    return row


def test_all_flooders_are_flagged_and_at_most_one_in_a_hundred_people(
    ph2016: Topic, activity_of_flooded: DataFrame
) -> None:
    frame = activity_of_flooded
    cast = plan_of(ph2016, POSTS, SEED).cast
    handles = [handle.lower() for handle in handles_of(ph2016, cast, stream(SEED, "handles"))]
    called = {row.author: row.label for row in frame.collect()}
    known, people = handles[cast.first_bot : cast.first_person], set(handles[cast.first_person :])
    hit = {called[row.author] for row in flagged(frame, ph2016).collect()}
    marked = {row.label for row in frame.where("size(bot_flags) > 0").collect()}
    assert set(flooders(20)) <= hit
    assert set(known) <= hit
    assert len(people) == 4000
    assert max(len(people & hit), len(people & marked)) <= 40

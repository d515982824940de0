"""What is above each reply, and the figures of conversations, computed by NumPy: one rule per test."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.formats.post import Post
from jobs.measures import conversation_rows
from jobs.measures.reply_trees import trees
from tests.support.captured import CAPTURES, parsed
from tests.support.conversed import MINUTE, NOON, check_same, counted_rows, post, table
from tests.support.independent_conversations import conversation_rows as independent

WINDOW = ("2016-04-29T16:00Z", "2016-05-01T16:00Z")
MANY = 100_000
BOUNDS = (NOON.replace(day=29, month=4, hour=16), NOON.replace(hour=16))


def begun(*posts: Post) -> dict[str, tuple[str, int]]:
    """The first post of each post's conversation, and the steps up to it."""
    rows = table(posts)
    found = trees(rows)
    names = [found.names[number].as_py().partition(" ")[2] for number in found.root.tolist()]
    return dict(zip(rows["post_id"].to_pylist(), zip(names, found.depth.tolist(), strict=True), strict=True))


def row(*posts: Post, **more: Any) -> dict[str, Any]:
    """The largest conversation of the window."""
    return next(each for each in counted_rows(posts, **more) if each["period"] == "window" and each["rank"] == 1)


def test_limits() -> None:
    assert conversation_rows.TOP == {"day": 100, "window": 100}
    assert (conversation_rows.STAR_SHARE, conversation_rows.POSTS_A_LEVEL) == ((3, 4), (3, 2))


def test_a_reply_is_followed_to_the_first_post() -> None:
    found = begun(post("1"), post("2", 1, "1", "1"), post("3", 2, "2", "1"), post("4", 3, "3"), post("5"))
    assert found == {"1": ("1", 0), "2": ("1", 1), "3": ("1", 2), "4": ("1", 3), "5": ("5", 0)}


def test_the_network_tells_the_first_post_where_what_is_between_was_not_collected() -> None:
    found = begun(post("1"), post("3", 2, "2", "1"), post("4", 3, "3", "1"), post("6", 4, "5", "9"), post("7", 4, "9"))
    assert found == {"1": ("1", 0), "3": ("1", 2), "4": ("1", 3), "6": ("9", 2), "7": ("9", 1)}


def test_without_it_the_answered_post_begins_the_conversation() -> None:
    assert begun(post("3", 2, "2"), post("4", 3, "3"), post("5", 3, "2")) == {
        "3": ("2", 1),
        "4": ("2", 2),
        "5": ("2", 1),
    }


def test_a_reply_that_names_only_the_conversation_is_one_step_below_its_first_post() -> None:
    assert begun(post("2", 1, root="1"), post("3", 1, "3", "1"))["2"] == ("1", 1)
    assert begun(post("3", 1, "3", "1"))["3"] == ("1", 1)


def test_what_answers_itself_answers_nothing() -> None:
    assert begun(post("1", 0, "1"), post("2", 0, "2", "2")) == {"1": ("1", 0), "2": ("2", 0)}


@pytest.mark.parametrize("length", [2, 3, 4, 8, 9, 64])
def test_a_circle_begins_with_its_earliest_post(length: int) -> None:
    circle = [post(f"c{n}", (n * 5 + 3) % length, f"c{(n + 1) % length}") for n in range(length)]
    earliest = min(circle, key=lambda one: (one.event_at, one.post_id)).post_id
    found = begun(*circle, post("below", 900, "c1"), post("2", 1, "1"), post("1"))
    assert {root for name, (root, _) in found.items() if name not in "12"} == {earliest}
    assert sorted(depth for name, (_, depth) in found.items() if name.startswith("c")) == list(range(length))
    assert found["below"][1] == found["c1"][1] + 1
    assert found["2"] == ("1", 1)


def test_clocks_are_not_compared() -> None:
    assert begun(post("1", 60), post("2", 0, "1")) == {"1": ("1", 0), "2": ("1", 1)}
    assert row(post("1", 60), post("2", 0, "1"))["first_at"] == NOON


def test_the_same_id_on_two_networks_is_two_posts() -> None:
    found = counted_rows([post("1"), post("2", 1, "1"), post("3", 1, "1", source="mastodon")])
    assert {(each["source"], each["posts"]) for each in found} == {("x", 1), ("mastodon", 1)}


@pytest.mark.parametrize("odd", ["a b", " ", "\x00", "at://日本/مرحبا", "\u202e1", "x" * 512])
def test_odd_ids_are_ids(odd: str) -> None:
    assert row(post(odd), post("2", 1, odd), post("3", 2, "2"))["root"] == odd
    assert row(post(f"{odd}!", 1, odd))["root"] == odd


@pytest.mark.parametrize(
    ("answers", "first", "depth"),
    [
        (lambda n: max(n - 1, 0), 0, MANY - 1),  # a chain
        (lambda n: (n - 1) % MANY, 0, MANY - 1),  # a circle
        (lambda n: n ^ 1, 0, 1),  # pairs that answer each other
        (lambda n: n, 0, 0),  # posts that answer themselves
        (lambda n: n + MANY, MANY, 1),  # answers to what was not collected
    ],
)
def test_very_many_steps_and_circles_are_followed(answers: Callable[[int], int], first: int, depth: int) -> None:
    numbers = list(range(MANY))
    random.Random(3).shuffle(numbers)
    numbers.remove(0)
    numbers = [0, *numbers]  # the earliest
    names = [str(answers(n)) for n in numbers]
    columns = {"post_id": map(str, numbers), "answers": names, "told": [None] * MANY}
    rows = {name: pa.chunked_array([pa.array(list(column), pa.string())]) for name, column in columns.items()}
    found = trees(pa.table({"source": pa.chunked_array([pa.repeat("x", MANY)]), **rows}))
    assert found.names[int(found.root[0])].as_py() == f"x {first}"
    assert found.depth.max() == depth


def test_a_long_chain_is_counted() -> None:
    found = row(post("0"), *(post(str(n), n / 100, str(n - 1)) for n in range(1, 1001)))
    assert (found["root"], found["posts"], found["depth"], found["widest"], found["shape"]) == (
        *("0", 1000, 1000, 1, "chain"),
    )


def test_a_conversation_is_counted() -> None:
    posts = [
        post("1", author_id="ana"),
        *(post(f"r{n}", n, "1", author_id=f"r{n}") for n in (1, 2, 3, 10)),
        *(post("again", 4, "r1", author_id="ana"), post("r5", 50, "again", author_id="r1")),
        post("before", -5, author_id="r2"),
    ]
    found = row(*posts, flagged={"x:r1"})
    assert (found["source"], found["root"], found["posts"], found["authors"]) == ("x", "1", 6, 5)
    assert (found["depth"], found["widest"], found["shape"]) == (3, 4, "tree")
    assert (found["first_at"], found["last_at"]) == (NOON + MINUTE, NOON + 50 * MINUTE)
    assert found["half_life_seconds"] == 2 * 60
    assert found["share_flagged"] == pytest.approx(2 / 6)
    assert found["share_strangers"] == pytest.approx(3 / 4)
    assert row(*posts)["share_flagged"] is None


def test_shapes() -> None:
    root = post("1")
    star = [post(f"s{n}", n, "1") for n in range(6)]
    assert row(root, *star, post("d1", 9, "s1"), post("d2", 9, "s2"))["shape"] == "star"
    assert row(root, *star, *(post(f"d{n}", 9, "s1") for n in range(3)))["shape"] == "tree"
    assert row(root, post("a", 1, "1"), post("b", 2, "a"), post("c", 2, "a"))["shape"] == "chain"
    assert row(root, post("a", 1, "1"))["shape"] == "star"


def test_only_the_first_posts_author_replies_and_nobody_is_a_stranger() -> None:
    assert row(post("1", author_id="ana"), post("2", 1, "1", author_id="ana"))["share_strangers"] is None


def test_the_candidate_is_whom_half_of_the_replies_mention() -> None:
    posts = [post("1"), *(post(f"r{n}", n, "1") for n in range(4))]

    def found(**of: str) -> Any:
        named = {f"r{n}": names for n, names in enumerate(of.values())}
        return row(*posts, candidates=("a", "b"), mentioned=lambda one: named.get(one.post_id, ""))["candidate"]

    assert found(r0="b", r1="b") == "b"
    assert found(r0="b") is None
    assert found(r0="b", r1="ba", r2="a") == "a"


def test_a_day_counts_its_own_replies_of_a_conversation_that_began_before() -> None:
    old = [post("1", -3 * 1440), post("2", -1440, "1"), post("3", -1439, "2")]
    found = {(each["period"], each["period_start"].day): each for each in counted_rows([*old, post("4", 5, "3")])}
    assert {key: (each["root"], each["posts"], each["depth"]) for key, each in found.items()} == {
        ("day", 29): ("1", 2, 2),
        ("day", 30): ("1", 1, 3),
        ("window", 29): ("1", 3, 3),
    }


def test_the_first_conversations_are_kept_and_equal_ones_are_in_order() -> None:
    posts = [post(f"{n:03d}.{m}", n % 3, f"{n:03d}") for n in range(103) for m in range(1 + (n == 50))]
    found = [each for each in counted_rows(posts) if each["period"] == "window"]
    assert [each["rank"] for each in found] == list(range(1, 101))
    assert [each["root"] for each in found[:3]] == ["050", "000", "003"]
    random.Random(5).shuffle(posts)
    assert [each for each in counted_rows(posts) if each["period"] == "window"] == found


def test_no_posts_give_no_rows() -> None:
    assert counted_rows([]) == counted_rows([post("1")]) == counted_rows([post("2", -99_999, "1")]) == []


@pytest.mark.parametrize("seed", range(20))
def test_drawn_posts_give_what_is_computed_apart(seed: int) -> None:
    draw = random.Random(seed)
    posts = []
    for n in range(draw.choice((30, 300))):
        ids = [str(draw.randrange(n + 3)) for _ in range(2)]
        kind = draw.choice(({}, {"reply_to": ids[0]}, {"reply_to": ids[0], "root": ids[1]}, {"root": ids[1]}))
        odd = draw.random() < 0.1
        kind = {"retweet_of": ids[0]} if odd else kind
        at = draw.choice((n, draw.randrange(-3000, 700)))
        source = draw.choice(("x", "x", "bluesky"))
        posts.append(post(str(n), at, source=source, author_id=str(draw.randrange(40)), **kind))
    flagged = {f"x:{n}" for n in range(0, 40, 3)}
    names = {(one.source, one.post_id): draw.sample("abc", draw.randrange(3)) for one in posts}
    more: Any = {"candidates": "abc", "mentioned": lambda one: names[one.source, one.post_id], "flagged": flagged}
    check_same(counted_rows(posts, **more), independent(posts, *BOUNDS, "Asia/Manila", **more))


@pytest.mark.parametrize("capture", CAPTURES)
def test_real_posts_give_what_is_computed_apart(capture: str, captures: Path) -> None:
    posts = parsed((captures / capture).read_bytes().splitlines())
    replies = [one for one in posts if one.kind == "reply"]
    start = min(one.event_at for one in posts).replace(hour=16, minute=0, second=0, microsecond=0) - timedelta(days=1)
    end = max(one.event_at for one in posts) + timedelta(hours=1)
    found = counted_rows(posts, start.isoformat(), end.isoformat())
    assert sum(each["posts"] for each in found if each["period"] == "window") == len(replies) or len(found) > 100
    check_same(found, independent(posts, start, end.replace(microsecond=end.microsecond // 1000 * 1000), "Asia/Manila"))
    if capture.startswith("x_v2/"):
        assert all(one.root for one in replies)

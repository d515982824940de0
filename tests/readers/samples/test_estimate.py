"""The estimate of precision: its interval holds the truth as often as it says, on posts whose meaning is known."""

from dataclasses import dataclass
from datetime import date

import pytest

from conf import ROOT
from conf.topic import Topic, load_topic
from corpus import generate, meant
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from readers.samples.draw import Draw
from readers.samples.interval import Answers, Estimate, stratified
from readers.samples.matcher import Matcher

POSTS, SEED = 20_000, 3
N, DRAWS = 300, 500


@dataclass(frozen=True)
class Counted:
    """A post that counts: the first rule that matches it, its day and id, and whether it means the candidate."""

    rule: str
    day: date
    post_id: str
    right: bool


@pytest.fixture(scope="module")
def topic() -> Topic:
    return load_topic("ph2016", ROOT / "conf" / "topics")


def parsed(topic: Topic, posts: int, seed: int, lookalikes: float) -> list[Post]:
    lines = b"".join(generate(topic, posts, seed, lookalikes=lookalikes)).splitlines()
    units = [unit for line in lines for unit in split(line)]
    return [parse(unit.format, unit.payload) for unit in units if isinstance(unit, Unit)]


def counted(topic: Topic, candidate_id: str, lookalikes: float) -> list[Counted]:
    """The posts of the demo's topic that count for a candidate for president."""
    [candidate] = [one for one in topic.race("president").candidates if one.id == candidate_id]
    truth = dict(meant(topic, POSTS, SEED, lookalikes=lookalikes))
    matcher, name = Matcher(candidate, topic.match), f"president/{candidate.id}"
    return [
        Counted(rules[0], topic.day_of(post.event_at), post.post_id, name in truth[post.post_id])
        for post in parsed(topic, POSTS, SEED, lookalikes)
        if (rules := matcher.rules_of(post))
    ]


def drawn(posts: list[Counted], seed: int, n: int = N) -> list[Counted]:
    draw: Draw[date, int] = Draw(seed, n)
    for number, post in enumerate(posts):
        if number and posts[number - 1].day != post.day:
            draw.end_day()
        draw.add(post.rule, post.day, post.post_id, number)
    return [posts[one.key] for one in draw.drawn()]


def estimate(posts: list[Counted], totals: dict[str, int], seed: int) -> Estimate:
    sample = drawn(posts, seed)
    assert len(sample) == N
    answers = []
    for rule, total in totals.items():
        read = [post.right for post in sample if post.rule == rule]
        answers.append(Answers(sum(read), len(read), total))
    return stratified(answers)


@pytest.mark.parametrize(
    ("candidate", "lookalikes", "most"),
    [("duterte", 0.12, 0.97), ("poe", 0.12, 0.97), ("duterte", 0.0, 0.985)],
)
def test_the_interval_holds_the_true_precision_as_often_as_it_says(
    topic: Topic, candidate: str, lookalikes: float, most: float
) -> None:
    """In 93 to 97 of 100 draws. Without look-alikes, only a hashtag of two candidates is ever wrong: there in more.

    It may be that the days do this: the sample is stratified by them, and the interval does not use it.
    """
    posts = counted(topic, candidate, lookalikes)
    truth = sum(post.right for post in posts) / len(posts)
    totals = {rule: sum(post.rule == rule for post in posts) for rule in {post.rule for post in posts}}
    estimates = [estimate(posts, totals, seed) for seed in range(DRAWS)]
    held = sum(one.low <= truth <= one.high for one in estimates) / DRAWS
    mean = sum(one.value for one in estimates) / DRAWS
    print(f"{candidate}: {len(posts):,} posts, {truth:.4f} right, estimated {mean:.4f} on average, held in {held:.1%}")
    assert 0.93 <= held <= most
    assert mean == pytest.approx(truth, abs=0.003)

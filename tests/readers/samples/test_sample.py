"""`readers sample` on stored posts: what it draws, that it counts as the poll does, and the way back from a sheet."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from cassandra.cluster import Session

from conf.partitions import bucket_of
from conf.settings import Settings
from conf.topic import Topic
from corpus import CAMPAIGN, generate, meant
from ingest.formats import Unit, parse, split
from ingest.queue.posts_queue import PostsQueue
from readers.cli import main
from readers.samples.draw import Draw, allotted
from readers.samples.precision import precision_of
from readers.samples.sheet import COLUMNS, read_sheet
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.independent_poll import Seen
from tests.support.line import Line
from tests.support.loading import load

POSTS, SEED, LOOKALIKES, N = 6_000, 5, 0.15, 300
RACE, CANDIDATE = "president", "duterte"


@dataclass(frozen=True)
class Stored:
    """A topic with stored posts; by post id whether it counts for the candidate, and whether it means the candidate."""

    topic: Topic
    counts: dict[str, bool]
    means: dict[str, bool]
    race_posts: int


@pytest.fixture(scope="module")
def stored(settings: Settings, session: Session, client: RedisClient) -> Stored:
    topic = make_topic(settings)
    lines = b"".join(generate(topic, POSTS, SEED, lookalikes=LOOKALIKES)).splitlines()
    queue = PostsQueue(client, "test:sample")
    queue.ensure_group()
    assert load(lines, topic.topic, queue, session, settings) == POSTS
    truth = dict(meant(topic, POSTS, SEED, lookalikes=LOOKALIKES))
    seen = [Seen(line) for line in lines]
    ids = [parse(unit.format, unit.payload).post_id for line in lines for unit in split(line) if isinstance(unit, Unit)]
    candidates = {one.id: one.model_dump() for one in topic.race(RACE).candidates}
    counts = {i: post.mentions(candidates[CANDIDATE]) for i, post in zip(ids, seen, strict=True)}
    race_posts = sum(post.mentions(one) for post in seen for one in candidates.values())
    return Stored(topic, counts, {i: f"{RACE}/{CANDIDATE}" in truth[i] for i in ids}, race_posts)


def draw(stored: Stored, out: Path, *options: str, n: int = N, seed: int = 1) -> pd.DataFrame:
    words = ["--topic", stored.topic.topic, "--candidate", CANDIDATE, "--n", str(n), "--seed", str(seed)]
    assert main(["sample", *words, "--out", str(out), *options]) == 0
    return pd.read_csv(out, dtype=str, keep_default_na=False)


def ids_of(frame: pd.DataFrame) -> list[str]:
    return [link.rsplit("/", 1)[1] for link in frame["post"]]


def test_the_sample_is_of_what_the_poll_counts(stored: Stored, tmp_path: Path) -> None:
    frame = draw(stored, tmp_path / "one.csv")
    assert list(frame.columns) == list(COLUMNS)
    ids = ids_of(frame)
    assert len(set(ids)) == len(frame) == N
    assert all(stored.counts[post_id] for post_id in ids)
    assert set(frame["posts"]) == {str(sum(stored.counts.values()))}
    assert set(frame["race_posts"]) == {str(stored.race_posts)}
    by_rule = {rule: int(posts) for rule, posts in zip(frame["rule"], frame["rule_posts"], strict=True)}
    assert sum(by_rule.values()) == sum(stored.counts.values())
    assert frame["rule"].value_counts().to_dict() == allotted(by_rule, N)
    assert all(rule == matched.split(", ")[0] for rule, matched in zip(frame["rule"], frame["matched"], strict=True))
    assert set(frame["right"]) == {""}


def test_the_same_seed_draws_the_same_and_another_draws_others(stored: Stored, tmp_path: Path) -> None:
    draws = {name: draw(stored, tmp_path / f"{name}.csv", seed=seed) for name, seed in (("a", 7), ("b", 7), ("c", 8))}
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert set(ids_of(draws["a"])) != set(ids_of(draws["c"]))


def test_a_window_is_kept(stored: Stored, tmp_path: Path) -> None:
    end = CAMPAIGN[1] - timedelta(days=3, hours=5)
    start = end - timedelta(days=10)
    frame = draw(stored, tmp_path / "w.csv", "--from", start.isoformat(), "--to", end.isoformat(), n=5_000)
    at = pd.to_datetime(frame["event_at"])
    assert at.min() >= start
    assert at.max() < end
    assert len(frame) == int(frame["posts"][0]) < sum(stored.counts.values())


def test_all_posts_read_give_the_true_precision(stored: Stored, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    frame = draw(stored, file, n=5_000)
    assert set(ids_of(frame)) == {post_id for post_id, counts in stored.counts.items() if counts}
    _answer(frame, stored, file)
    truth = sum(stored.means[i] for i, counts in stored.counts.items() if counts) / sum(stored.counts.values())
    overall = precision_of(read_sheet(file)).overall
    assert overall is not None
    assert overall == pytest.approx((truth, truth, truth))
    assert 0.7 < truth < 0.95


def test_an_answered_sample_estimates_it(stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How often the interval holds it is shown in test_estimate.py; here two draws of a hundred may miss."""
    truth = sum(stored.means[i] for i, counts in stored.counts.items() if counts) / sum(stored.counts.values())
    held = 0
    for seed in range(5):
        file = tmp_path / f"{seed}.csv"
        _answer(draw(stored, file, seed=seed), stored, file)
        found = precision_of(read_sheet(file))
        assert found.overall is not None
        assert found.share is not None
        held += found.overall.low <= truth <= found.overall.high
        assert found.share.value < found.as_counted
    assert held >= 4
    capsys.readouterr()
    assert main(["precision", str(tmp_path / "0.csv")]) == 0
    assert "each rule weighted by its posts" in " ".join(capsys.readouterr().out.split())


def _answer(frame: pd.DataFrame, stored: Stored, file: Path) -> None:
    frame["right"] = ["yes" if stored.means[post_id] else "no" for post_id in ids_of(frame)]
    frame.to_csv(file, index=False, sep=";", encoding="utf-8-sig")


def test_wrong_use_is_one_line(stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topic, out = stored.topic.topic, str(tmp_path / "x.csv")
    wrong = {
        "has no candidate 'nobody'": ["--candidate", "nobody"],
        "has no race 'nothing'": ["--candidate", CANDIDATE, "--race", "nothing"],
        "is too few": ["--candidate", CANDIDATE, "--n", "5"],
        "is not before --to": ["--candidate", CANDIDATE, "--from", "2016-05-02", "--to", "2016-05-01"],
    }
    for told, options in wrong.items():
        assert main(["sample", "--topic", topic, "--out", out, *options]) == 2
        said = capsys.readouterr()
        assert told in said.err
        assert said.err.count("\n") == 1
    assert main(["sample", "--topic", topic, "--out", out, "-c", CANDIDATE, "--from", "2020-01-01"]) == 1
    assert "no stored post" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_cards_are_rules_of_their_own(
    queue: PostsQueue, session: Session, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.jobs.test_match import LINES, RACES  # noqa: PLC0415

    topic = make_topic(settings, f"match: [text, cards, alt]\n{RACES}")
    Line(queue, session, settings, topic.topic).work(*LINES)
    out = tmp_path / "s.csv"
    assert main(["sample", "--topic", topic.topic, "--candidate", "rivera", "--out", str(out)]) == 0
    frame = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert set(frame["rule"]) == {"alias rivera", "card rivera", "alt rivera"}
    assert "Rivéra wins\nthe count" in set(frame["text_more"])


def test_memory_is_bounded_by_the_sample_and_the_days() -> None:
    draw: Draw[int, int] = Draw(1, 100)
    most, days, rules = 0, 200, ("a", "b", "c")
    for day in range(days):
        for number in range(300):
            post = day * 1000 + number
            draw.add(rules[bucket_of(str(post), 3)], day, str(post), post)
        draw.end_day()
        most = max(most, draw.size)
    assert most <= 4 * len(rules) * (100 + 2 * days)
    kept = len(draw.drawn())
    assert kept == 100
    by_day = pd.Series([one.key // 1000 for one in draw.drawn()]).value_counts()
    assert by_day.max() <= len(rules)  # each rule takes a day's one post, or none

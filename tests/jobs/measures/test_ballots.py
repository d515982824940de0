"""Votes in NumPy: every way to group the authors gives the same shares, and every period is the topic's own."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from jobs.framework.window import Window
from jobs.measures.ballots import (
    KEY,
    Ballots,
    Counts,
    Spans,
    count,
    interval_half_width,
    merged,
    share_authors,
    share_authors_no_bots,
    share_authors_no_groups,
    share_posts,
)
from jobs.measures.periods import spans_of

KINDS = ("originals", "retweets")
DAY = Spans("day", np.array([0, 100, 300]), np.array([100, 200, 400]))


def drawn(authors: int, candidates: int = 3) -> Ballots:
    """Returns posts at times 0 to 500, some of them in no period, in the order that `count` needs."""
    draws = np.random.default_rng(7)
    voter = np.sort(draws.integers(0, authors, authors * 5))
    at_us = draws.integers(0, 500, len(voter))
    order = np.lexsort((at_us, voter))
    mentioned = draws.random((len(voter), candidates)) < 0.4
    flagged, grouped = draws.random((2, authors)) < 0.2
    return Ballots(voter[order], at_us[order], draws.integers(0, 2, len(voter)), mentioned, flagged, grouped)


def of_authors(posts: Ballots, chosen: np.ndarray) -> Ballots:
    kept = chosen[posts.voter]
    columns = (posts.voter[kept], posts.at_us[kept], posts.kind[kept], posts.mentioned[kept])
    return Ballots(*columns, posts.flagged, posts.grouped)


def of_one(at_us: int, kind: int, mentioned: list[bool], *, listed: bool = False) -> Ballots:
    every = np.array([listed])
    return Ballots(np.array([0]), np.array([at_us]), np.array([kind]), np.array([mentioned]), every, every)


def joined(parts: list[Counts]) -> Counts:
    return merged({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@pytest.mark.parametrize("groups", [1, 2, 7, 40])
def test_it_does_not_matter_how_authors_are_spread_over_tasks(groups: int) -> None:
    posts = drawn(40)
    whole = count(posts, DAY, KINDS)
    group = np.arange(40) % groups
    parts = joined([count(of_authors(posts, group == g), DAY, KINDS) for g in range(groups)])
    assert set(parts) == set(whole)
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=0, atol=1e-12, err_msg=name)


def test_the_shares_are_those_of_plain_python() -> None:
    posts = drawn(30)
    counts = count(posts, DAY, KINDS)
    for place in range(3):
        ballots: dict[int, np.ndarray] = {}
        for voter, at, mentioned in zip(posts.voter, posts.at_us, posts.mentioned, strict=True):
            if DAY.starts[place] <= at < DAY.ends[place] and mentioned.any():
                ballots[voter] = ballots.get(voter, np.zeros(3)) + mentioned
        votes = np.array([b / b.sum() for b in ballots.values()])
        unflagged, ungrouped = (~listed[list(ballots)] for listed in (posts.flagged, posts.grouped))
        rows = counts["place"] == place
        half = 1.959963984540054 * np.sqrt(votes.var(axis=0, ddof=1) / len(votes))
        mentions = np.sum(list(ballots.values()), axis=0)
        np.testing.assert_allclose(share_authors(counts)[rows], votes.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(interval_half_width(counts)[rows], half, atol=1e-12)
        np.testing.assert_allclose(share_authors_no_bots(counts)[rows], votes[unflagged].mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(share_authors_no_groups(counts)[rows], votes[ungrouped].mean(axis=0), atol=1e-12)
        every = np.add.reduce([counts[kind] for kind in KINDS])
        np.testing.assert_allclose(share_posts(counts, every)[rows], mentions / mentions.sum(), atol=1e-12)


def test_posts_outside_every_period_do_not_count() -> None:
    counts = count(of_one(250, 0, [True]), DAY, KINDS)
    assert {name: len(values) for name, values in counts.items()} == dict.fromkeys(counts, 0)
    assert len(share_posts(merged(counts), counts["originals"])) == 0


def test_where_everyone_is_left_out_the_share_without_them_is_unknown() -> None:
    counts = count(of_one(5, 0, [True, False], listed=True), DAY, KINDS)
    assert np.isnan(share_authors_no_bots(counts)).all()
    assert np.isnan(share_authors_no_groups(counts)).all()


def test_each_candidate_has_a_row_in_each_period_with_posts() -> None:
    counts = count(of_one(5, 1, [False, True]), DAY, KINDS, race=3, number=2)
    assert [counts[name].tolist() for name in KEY] == [[3, 3], [2, 2], [0, 0], [0, 1]]
    assert counts["retweets"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/London", datetime(2016, 3, 27, tzinfo=UTC), 23),
        ("Europe/London", datetime(2016, 10, 29, 23, tzinfo=UTC), 25),
        ("Asia/Kolkata", datetime(2016, 5, 1, 18, 30, tzinfo=UTC), 24),
        ("Australia/Lord_Howe", datetime(2016, 10, 1, 13, 30, tzinfo=UTC), 23.5),
    ],
)
def test_a_day_is_as_long_as_in_the_topics_time_zone(zone: str, start: datetime, hours: float) -> None:
    window = Window(start - timedelta(days=1, hours=3), start + timedelta(days=2), ZoneInfo(zone))
    days = next(spans for spans in spans_of(window) if spans.period == "day")
    at = int(start.timestamp() * 1e6)
    place = int(days.place(np.array([at]))[0])
    assert (int(days.starts[place]), int(days.ends[place])) == (at, at + int(hours * 3_600_000_000))
    assert days.place(np.array([at - 1]))[0] == place - 1


def test_a_kind_of_which_the_window_holds_no_whole_period_is_left_out() -> None:
    start = datetime(2016, 5, 1, 3, 10, tzinfo=UTC)
    window = Window(start, start + timedelta(minutes=20), ZoneInfo("UTC"))
    assert [spans.period for spans in spans_of(window)] == ["window"]

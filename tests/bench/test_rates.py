"""The benchmark of rates: its rows say what they compare, and its live stream sends posts at the rate that it says."""

import time
from collections.abc import Sequence
from itertools import islice

import pytest

from bench.pulso import Pass
from bench.rates.bounds import told
from bench.rates.curves import Curve
from bench.rates.live import CHUNK, Feed, Live
from bench.rates.parts import parsed_messages, raw_messages, to_rows
from bench.rates.table import HEADER, Rate, told_targets
from conf import ROOT
from conf.topic import load_topic
from corpus import generate
from ingest.formats import Unit, parse, split

POSTS = 300


@pytest.fixture(scope="module")
def lines() -> Sequence[bytes]:
    topic = load_topic("ph2016", ROOT / "conf" / "topics")
    return [line for chunk in generate(topic, POSTS, 3) for line in chunk.splitlines()]


@pytest.fixture(scope="module")
def units(lines: Sequence[bytes]) -> list[Unit]:
    return [part for line in lines for part in split(line) if isinstance(part, Unit)]


def test_a_row_has_the_ratio_of_each_round_and_says_if_its_target_is_met() -> None:
    ours = Rate(3, "accept", 10, "bare", 0.7, ours=[80.0, 60.0, 90.0], theirs=[100.0, 100.0, 100.0], load=[1.0, 2.5])
    fixed = Rate(1, "all", 10, "the world", 1.3, fixed=6000.0, ours=[6000.0], cpu=[250e-6])
    assert ours.ratios == [0.8, 0.6, 0.9]
    assert len(ours.cells()) == len(fixed.cells()) == len(HEADER)
    assert ours.cells()[6:] == ("0.80 (0.60 to 0.90) x", "0.7 x", "met", "1.0 to 2.5")
    assert fixed.cells()[2:9] == ("6,000", "250", "the world", "6,000", "1.00 x", "1.3 x", "MISSED")
    assert told_targets([ours]) == "Targets: all met."
    assert told_targets([ours, fixed]) == "Targets: MISSED by row 1 (all)."


def test_the_stream_sends_new_posts_at_its_rate(units: list[Unit]) -> None:
    feed = Feed(units, 2_000, 0.4)
    began, posts = time.monotonic(), list[bytes]()
    for chunk in islice(feed, feed.total // CHUNK):
        posts += chunk.splitlines()
    took = time.monotonic() - began
    assert len(posts) == feed.total == 800 > len(units)
    assert took >= 0.3
    found = [parse(part.format, part.payload) for line in posts for part in split(line) if isinstance(part, Unit)]
    assert len({post.post_id for post in found}) == 800
    assert b'"pulso:ph2016"' in posts[0]


def test_a_live_stream_that_sheds_or_lags_misses_its_target() -> None:
    good = Live(600.0, 3_000, 3_000, 0, 0.4, (90.0, 91.0), (20.0, 21.0))
    assert good.told().endswith(": met.")
    assert Live(600.0, 3_000, 3_000, 5, 0.4, (90.0, 91.0), (20.0, 21.0)).told().endswith(": MISSED.")
    assert Live(600.0, 3_000, 3_000, 0, 9.0, (90.0, 91.0), (20.0, 21.0)).told().endswith(": MISSED.")


def test_what_bounds_a_figure_and_how_it_grows_are_said_by_the_figures() -> None:
    busy, idle = Pass(10.0, {"Cassandra": 12.0, "worker": 6.0}), Pass(10.0, {"Cassandra": 2.0, "worker": 3.0})
    assert told([busy], 100_000, 2) == (
        "1.8 of 2 cores busy, bound by CPU, most of it Cassandra; µs of CPU a post: Cassandra 120, worker 60"
    )
    assert told([idle], 100_000, 2).startswith("0.5 of 2 cores busy, not by CPU alone")
    slower = Curve("rows already stored", {100: 1000.0, 10_000: 500.0}, 1.2).told()
    assert "100: 1,000, 10,000: 500. Time a post grows as that to the power 0.15." in slower
    assert slower.endswith("The last is 2.00 x slower; at most 1.2 x: MISSED.")
    assert Curve("workers", {1: 5.0, 2: 10.0}).told().endswith("to the power -1.00.")


def test_the_messages_of_both_kinds_are_the_same_posts(lines: Sequence[bytes], units: list[Unit]) -> None:
    raw, parsed = raw_messages(units), parsed_messages(units)
    assert sum(len(one.payload) for one in parsed) < sum(len(one.payload) for one in raw) / 2
    assert [parse(one.format, one.payload) for one in raw] == [parse(one.format, one.payload) for one in parsed]
    assert to_rows(lines)[1] == POSTS

"""The simulated year: its draws are those of real ids, and the rule for buckets keeps partitions small."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.year import ELECTION, RULES, as_advised, busiest_node, by_largest, posts_of, rhythm, simulate, spread
from conf.partitions import ROWS_A_PARTITION, bucket_of
from conf.snowflakes import x_id_at

DAY = datetime(2016, 5, 9, tzinfo=UTC)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("buckets", [8, 40])
def test_the_hash_spreads_real_ids_as_evenly_as_a_fair_die(buckets: int) -> None:
    draws = rng()
    times = draws.uniform(0, 86_400, 60_000)
    sequences = draws.integers(0, 4096, 60_000)
    ids = [x_id_at(DAY + timedelta(seconds=float(at))) + int(n) for at, n in zip(times, sequences, strict=True)]
    real = np.bincount([bucket_of(str(one), buckets) for one in ids], minlength=buckets)
    drawn = np.array([spread(60_000, buckets, draws).max() for _ in range(300)])
    assert real.sum() == 60_000
    assert real.max() <= drawn.max() * 1.01


def test_the_year_has_its_posts_and_its_largest_day_is_the_vote() -> None:
    posts = posts_of(50_000, rng())
    assert abs(sum(posts) / 365 / 50_000 - 1) < 0.01
    assert int(np.argmax(posts)) == ELECTION == int(np.argmax(rhythm()))
    for rule in RULES.values():
        year = simulate(posts, rule, rng())
        assert int(year.sizes.sum()) == sum(posts)
        assert year.sizes.size == sum(year.buckets)


@pytest.mark.parametrize("average", [50_000, 1_000_000])
def test_buckets_for_the_largest_day_keep_every_partition_small(average: int) -> None:
    posts = posts_of(average, rng())
    assert simulate(posts, by_largest, rng()).over == 0
    assert simulate(posts, as_advised, rng()).sizes.max() < 2 * ROWS_A_PARTITION


def test_few_partitions_load_nodes_unevenly() -> None:
    few, many = (busiest_node(np.full(number, 1_000), 12, rng(), 40) for number in (2, 200))
    assert few > many >= 1

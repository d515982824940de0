"""The rule by which a topic's `buckets` are judged."""

import pytest

from conf.partitions import ROWS_A_PARTITION, buckets_advised, buckets_for
from conf.topic import MOST_BUCKETS_A_DAY


def test_a_partition_should_have_at_most_a_hundred_thousand_rows_and_is_advised_half_of_that() -> None:
    assert ROWS_A_PARTITION == 100_000
    assert [buckets_for(posts) for posts in (0, 1, 50_000, 50_001, 400_000, 400_001)] == [1, 1, 1, 2, 8, 9]
    assert buckets_for(10**12) == MOST_BUCKETS_A_DAY == 1024


@pytest.mark.parametrize(
    ("posts", "buckets", "advised"),
    [
        *((400_000, 8, 8), (400_001, 8, 9), (4_000_000, 8, 80), (10**12, 1024, 1024)),
        *((100_001, 8, 8), (100_000, 8, 2), (0, 4, 1), (0, 3, 3), (0, 1, 1)),
    ],
)
def test_buckets_are_raised_when_a_partition_is_over_half_full_and_lowered_at_four_times_what_is_needed(
    posts: int, buckets: int, advised: int
) -> None:
    assert buckets_advised(posts, buckets) == advised

"""Ids that carry their time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.snowflakes import mastodon_made_at, x_id_at, x_made_at


def test_the_time_of_a_real_id() -> None:
    made = x_made_at("1460323737035677698")  # X's own example of a post, created_at 2021-11-15T19:08:05.000Z
    assert made is not None
    assert made.replace(microsecond=0) == datetime(2021, 11, 15, 19, 8, 5, tzinfo=UTC)


@given(st.datetimes(datetime(2010, 11, 5), datetime(2060, 1, 1)))
def test_an_id_of_an_instant_tells_that_instant(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    assert x_made_at(str(x_id_at(at))) == at
    assert mastodon_made_at(str(int(at.timestamp() * 1000 + 0.5) << 16)) == at


@pytest.mark.parametrize("post_id", ["", "5", "29700859246", "-1", "1e18", str(2**63), "9" * 30, "٣٠٠٠٠٠٠٠٠٠٠٠", "abc"])
def test_what_is_no_snowflake_tells_nothing(post_id: str) -> None:
    assert x_made_at(post_id) is None


@pytest.mark.parametrize("post_id", ["", "0", "-1", str(2**63), "x"])
def test_what_is_no_number_tells_nothing_on_mastodon(post_id: str) -> None:
    assert mastodon_made_at(post_id) is None

"""Ids that carry their time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.snowflakes import MARGIN, ids_between, mastodon_id_at, mastodon_made_at, tells_time, x_id_at, x_made_at


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


ID_AT = {"x": x_id_at, "mastodon": mastodon_id_at}
SINCE = datetime(2010, 11, 5)


@given(
    st.sampled_from(["x", "mastodon"]),
    st.datetimes(SINCE, datetime(2060, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.timedeltas(timedelta(microseconds=1), timedelta(hours=30)),
    st.timedeltas(-MARGIN, MARGIN),
    st.integers(0, 2**16 - 1),
)
def test_every_id_that_tells_its_time_is_in_the_range_of_its_hours(
    source: str, at: datetime, before: timedelta, after: timedelta, off: timedelta, sequence: int
) -> None:
    at = at.replace(tzinfo=UTC)
    post_id = str(ID_AT[source](at + off) + sequence)
    ids = ids_between(source, at - before, at + after)
    if tells_time(source, post_id, at) and ids:
        assert ids[0] <= post_id < ids[1]


@pytest.mark.parametrize("source", ["x", "mastodon"])
def test_an_id_tells_the_time_within_the_margin_and_not_beyond(source: str) -> None:
    at = datetime(2021, 11, 15, 19, 8, 5, tzinfo=UTC)
    assert timedelta(minutes=1) == MARGIN
    for off, told in ((0, True), (59.9, True), (-59.9, True), (61, False), (-61, False)):
        assert tells_time(source, str(ID_AT[source](at + timedelta(seconds=off))), at) is told


@pytest.mark.parametrize(
    ("source", "post_id"),
    [("bluesky", "did:plc:a/3l3qo2vuowo2b"), ("x", "01460323737035677698"), ("x", "5"), ("mastodon", "a5"), ("", "")],
)
def test_other_ids_do_not_tell_the_time(source: str, post_id: str) -> None:
    assert not tells_time(source, post_id, datetime(2021, 11, 15, 19, 8, 5, tzinfo=UTC))


def test_where_ids_grow_by_a_digit_or_have_no_time_there_is_no_range() -> None:
    longer = x_made_at(str(10**18))
    assert longer is not None
    assert ids_between("x", longer - timedelta(hours=1), longer + timedelta(hours=1)) is None
    assert ids_between("x", longer + timedelta(hours=1), longer + timedelta(hours=2)) is not None
    assert ids_between("x", SINCE.replace(tzinfo=UTC) - timedelta(days=2), SINCE.replace(tzinfo=UTC)) is None

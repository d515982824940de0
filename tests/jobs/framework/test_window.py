from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from conf.errors import WrongUse
from jobs.framework.window import parse_window

Bounds = tuple[str, str] | None
MANILA = ZoneInfo("Asia/Manila")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_dates_are_utc_midnights_and_offsets_are_taken_into_account() -> None:
    window = parse_window("2016-05-01", "2016-05-02T08:00+08:00", MANILA)
    assert (window.start, window.end) == (at("2016-05-01"), at("2016-05-02"))


def test_the_days_are_the_topics_that_the_window_touches() -> None:
    assert parse_window("2016-05-01", "2016-05-02", MANILA).days() == [date(2016, 5, 1), date(2016, 5, 2)]
    assert parse_window("2016-04-30T16:00", "2016-05-01T16:00", MANILA).days() == [date(2016, 5, 1)]


@pytest.mark.parametrize(
    ("start", "end", "hours", "days"),
    [
        ("2016-05-01T00:00", "2016-05-02T00:00", ("2016-05-01T00:00", "2016-05-02T00:00"), None),
        (
            "2016-04-30T16:00",
            "2016-05-02T16:00",
            ("2016-04-30T16:00", "2016-05-02T16:00"),
            ("2016-04-30T16:00", "2016-05-02T16:00"),
        ),
        (
            "2016-04-30T15:59",
            "2016-05-02T15:59",
            ("2016-04-30T16:00", "2016-05-02T15:00"),
            ("2016-04-30T16:00", "2016-05-01T16:00"),
        ),
        ("2016-05-01T00:10", "2016-05-01T00:50", None, None),
    ],
)
def test_only_whole_hours_and_days_are_published(start: str, end: str, hours: Bounds, days: Bounds) -> None:
    window = parse_window(start, end, MANILA)
    assert window.whole("hour") == (hours and tuple(map(at, hours)))
    assert window.whole("day") == (days and tuple(map(at, days)))
    assert window.whole("window") == (at(start), at(end))


def test_a_day_with_a_clock_change_is_a_whole_day() -> None:
    london = ZoneInfo("Europe/London")
    window = parse_window("2021-03-28", "2021-03-28T23:00", london)  # 23 hours long
    assert window.whole("day") == (at("2021-03-28"), at("2021-03-28T23:00"))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2016-05-01", "2016-05-01"),
        ("2016-05-02", "2016-05-01"),
        ("x", "2016-05-01"),
        ("2016-05-01", "2016-13-01"),
        ("0001-01-01T00:00+14:00", "2016-05-01"),
    ],
)
def test_a_window_that_is_none_is_wrong_use(start: str, end: str) -> None:
    with pytest.raises(WrongUse):
        parse_window(start, end, MANILA)

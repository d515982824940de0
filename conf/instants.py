"""Reads instants from a command line, and converts instants to and from microseconds since 1970."""

from datetime import UTC, datetime, timedelta, tzinfo

from conf.errors import WrongUse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Returns an instant as whole microseconds since 1970, without rounding errors."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """Returns the instant `at_us` microseconds after 1970, UTC. Raises OverflowError beyond the year 9999."""
    return _EPOCH + at_us * _MICROSECOND


def is_due(last_us: int | None, now_us: int, every_us: int) -> bool:
    """Returns whether what happens every `every_us` is due; `last_us` is when it happened last, None for never.

    It is also due after the clock was set back: else nothing would happen until the clock is there again.
    """
    return last_us is None or not 0 <= now_us - last_us < every_us


def parse_instant(option: str, value: str, zone: tzinfo = UTC) -> datetime:
    """Returns the instant, in UTC, that a date (its midnight) or an ISO time means.

    A value without an offset is read as one of `zone`.

    Raises WrongUse, which names `option`, for any other value.
    """
    try:
        at = datetime.fromisoformat(value.strip())
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongUse(
            f"{option} {value!r} is not a date or ISO time", "Give 2016-05-09 or 2016-05-09T16:00Z"
        ) from None

"""Instants as people give them on a command line, and as microseconds since 1970."""

from datetime import UTC, datetime, timedelta

from conf.errors import WrongUse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Whole microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """The instant so many microseconds after 1970, UTC. Raises OverflowError beyond the year 9999."""
    return _EPOCH + at_us * _MICROSECOND


def parse_instant(option: str, value: str) -> datetime:
    """A date (its midnight) or an ISO time; UTC unless it has an offset. Raises WrongUse, naming the option."""
    try:
        at = datetime.fromisoformat(value.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongUse(f"{option} {value!r} is no date or ISO time", "Give 2016-05-09 or 2016-05-09T16:00Z") from None

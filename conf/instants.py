"""Instants as people give them on a command line."""

from datetime import UTC, datetime

from conf.errors import WrongUse


def parse_instant(option: str, value: str) -> datetime:
    """A date (its midnight) or an ISO time; UTC unless it has an offset. Raises WrongUse, naming the option."""
    try:
        at = datetime.fromisoformat(value.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongUse(f"{option} {value!r} is no date or ISO time", "Give 2016-05-09 or 2016-05-09T16:00Z") from None

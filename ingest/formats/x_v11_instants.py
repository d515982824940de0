"""The dates of X API v1.1."""

from datetime import UTC, datetime, timedelta, timezone

from ingest.formats.post import InvalidMessage

_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


def instant_or_none(value: str | None) -> datetime | None:
    """Returns a date as `parse_instant` does; None if it is none."""
    try:
        return parse_instant(value) if value else None
    except InvalidMessage:
        return None


def parse_instant(value: str) -> datetime:
    """Parses a date such as `Mon Dec 02 14:16:05 +0000 2019`, whatever the locale, or in ISO form with a time zone.

    Returns it in UTC.

    Raises InvalidMessage if it is another text.
    """
    try:
        if value[:1].isdigit() and (at := datetime.fromisoformat(value)).tzinfo is not None:
            return at.astimezone(UTC)
        _, month, day, clock, offset, year = value.split()
        hour, minute, second = clock.split(":")
        moment = (int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second))
        if offset == "+0000":
            return datetime(*moment, tzinfo=UTC)
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
        return datetime(*moment, tzinfo=timezone(-shift if offset[0] == "-" else shift)).astimezone(UTC)
    except (ValueError, KeyError, IndexError, OverflowError):
        raise InvalidMessage(f"not a v1.1 date: {value[:60]!r}") from None

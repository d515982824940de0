"""A job's window: half-open, UTC; and the whole hours and whole days in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from conf.errors import WrongUse
from conf.instants import parse_instant


@dataclass(frozen=True)
class Window:
    """[start, end) in UTC; `zone` is the time zone of its days."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def days(self) -> list[date]:
        """Returns the days, in the topic's time zone, that the window covers in full or in part."""
        first = self.start.astimezone(self.zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        return [first + timedelta(days=i) for i in range((last - first).days + 1)]

    def whole(self, period: str) -> tuple[datetime, datetime] | None:
        """Returns the start of the first whole period of this kind in the window, and the end of the last one, UTC.

        Returns None if no period is whole.
        """
        if period == "window":
            return self.start, self.end
        first, last = (self._hours if period == "hour" else self._days)()
        return (first, last) if first < last else None

    def _hours(self) -> tuple[datetime, datetime]:
        first = self.start.replace(minute=0, second=0, microsecond=0)
        last = self.end.replace(minute=0, second=0, microsecond=0)
        return (first if first == self.start else first + timedelta(hours=1)), last

    def _days(self) -> tuple[datetime, datetime]:
        days = self.days()
        first = self._midnight(days[0])
        last = self._midnight(days[-1] + timedelta(days=1))
        return (
            first if first >= self.start else self._midnight(days[0] + timedelta(days=1)),
            last if last <= self.end else self._midnight(days[-1]),
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)


def _to_the_millisecond(at: datetime) -> datetime:
    """Returns an instant in whole milliseconds, as Cassandra keeps instants."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def parse_window(start: str, end: str, zone: ZoneInfo) -> Window:
    """Returns the window between two dates or ISO times; without an offset they are UTC.

    Raises WrongUse for any other value, and if the start is not before the end.
    """
    first, last = (_to_the_millisecond(parse_instant(*given)) for given in (("--from", start), ("--to", end)))
    window = Window(first, last, zone)
    if window.start >= window.end:
        raise WrongUse(f"--from {start} is not before --to {end}", "The window is half-open: [from, to)")
    return window

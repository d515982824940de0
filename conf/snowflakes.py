"""Reads the time in ids: X's snowflakes (github.com/twitter-archive/snowflake) and Mastodon's ids.

The upper 42 bits of an X id are the milliseconds since X_EPOCH_MS. The upper 48 bits of a Mastodon id are the
milliseconds since 1970.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from conf.instants import micros

X_EPOCH_MS = 1_288_834_974_657
"""The time from which X's ids count, in milliseconds since 1970: 2010-11-04, 01:42:54.657 UTC."""
X_FIRST = 29_700_859_247
"""The smallest X id that is a snowflake; smaller ids contain no time."""
_X_SHIFT, _MASTODON_SHIFT = 22, 16


def x_id_at(at: datetime) -> int:
    """Returns the smallest X id of an instant's millisecond; 0 for instants up to X_EPOCH_MS."""
    return max(0, micros(at) // 1000 - X_EPOCH_MS) << _X_SHIFT


def x_made_at(post_id: str) -> datetime | None:
    """Returns when an X post was made, UTC, to the millisecond; None for an id that is not a snowflake."""
    number = _number(post_id)
    return datetime.fromtimestamp(((number >> _X_SHIFT) + X_EPOCH_MS) / 1000, UTC) if number >= X_FIRST else None


def mastodon_made_at(post_id: str) -> datetime | None:
    """Returns when a Mastodon post was made, UTC, to the millisecond.

    Returns None for an id that is not a number from 1 to 2^63 - 1.
    """
    number = _number(post_id)
    return datetime.fromtimestamp((number >> _MASTODON_SHIFT) / 1000, UTC) if number else None


MARGIN = timedelta(minutes=1)
"""How far the time in an id may be from the post's event time. The networks give event times to the second."""


def tells_time(source: str, post_id: str, event_at: datetime) -> bool:
    """Returns whether the time in the id is within MARGIN of the event time.

    False for every id of a network that is not in TIMED: its posts can't be found by ranges of ids.
    """
    made_at = TIMED[source][0](post_id) if source in TIMED and not post_id.startswith("0") else None
    return made_at is not None and abs(made_at - event_at) <= MARGIN


def ids_between(source: str, start: datetime, end: datetime) -> tuple[str, str] | None:
    """Returns two texts: every id that tells an event time in [start, end) is, as a text, from the first to the second.

    The second is excluded. Returns None if texts can't say that, since ids of that time have different lengths, or are
    from before the ids contained a time.
    """
    of_instant, first = TIMED[source][1:]
    low, high = of_instant(start - MARGIN), of_instant(end + MARGIN) + (1 << _X_SHIFT)
    return (str(low), str(high)) if low >= first and len(str(low)) == len(str(high)) else None


def mastodon_id_at(at: datetime) -> int:
    """Returns the smallest Mastodon id of an instant's millisecond."""
    return max(0, micros(at) // 1000) << _MASTODON_SHIFT


TIMED: Mapping[str, tuple[Callable[[str], datetime | None], Callable[[datetime], int], int]] = {
    "x": (x_made_at, x_id_at, X_FIRST),
    "mastodon": (mastodon_made_at, mastodon_id_at, 1),
}
"""The networks whose ids are numbers that contain the time. For each: the time in an id, the smallest id of an instant,
and the smallest id with a time in it."""


def _number(post_id: str) -> int:
    """Returns an id as a number; 0 for one that is not a number from 1 to 2^63 - 1."""
    number = int(post_id) if len(post_id) <= 19 and post_id.isascii() and post_id.isdecimal() else 0
    return number if number < 2**63 else 0

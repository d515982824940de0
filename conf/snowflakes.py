"""Reads the time in ids: X's snowflakes (github.com/twitter-archive/snowflake) and Mastodon's ids.

The upper 42 bits of an X id are the milliseconds since X_EPOCH_MS. The upper 48 bits of a Mastodon id are the
milliseconds since 1970.
"""

from datetime import UTC, datetime

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
    if not _is_number(post_id) or int(post_id) < X_FIRST:
        return None
    return datetime.fromtimestamp(((int(post_id) >> _X_SHIFT) + X_EPOCH_MS) / 1000, UTC)


def mastodon_made_at(post_id: str) -> datetime | None:
    """Returns when a Mastodon post was made, UTC, to the millisecond.

    Returns None for an id that is not a number from 1 to 2^63 - 1.
    """
    return datetime.fromtimestamp((int(post_id) >> _MASTODON_SHIFT) / 1000, UTC) if _is_number(post_id) else None


def _is_number(post_id: str) -> bool:
    return len(post_id) <= 19 and post_id.isascii() and post_id.isdecimal() and 0 < int(post_id) < 2**63

"""Ids that carry their time: X's snowflakes (github.com/twitter-archive/snowflake) and Mastodon's ids.

An X id holds the milliseconds since X_EPOCH_MS in its upper 42 bits, a Mastodon id those since 1970 in its upper 48.
"""

from datetime import UTC, datetime

from conf.instants import micros

X_EPOCH_MS = 1_288_834_974_657
"""Milliseconds from 1970 to the first instant that an X id can tell: 2010-11-04, 01:42:54.657 UTC."""
X_FIRST = 29_700_859_247
"""The first id that X gave out as a snowflake; smaller ones tell no time."""
_X_SHIFT, _MASTODON_SHIFT = 22, 16


def x_id_at(at: datetime) -> int:
    """The smallest X id of an instant; 0 for instants before the first snowflake."""
    return max(0, micros(at) // 1000 - X_EPOCH_MS) << _X_SHIFT


def x_made_at(post_id: str) -> datetime | None:
    """When an X post was made, UTC, to the millisecond; None for an id that is no snowflake."""
    if not _is_number(post_id) or int(post_id) < X_FIRST:
        return None
    return datetime.fromtimestamp(((int(post_id) >> _X_SHIFT) + X_EPOCH_MS) / 1000, UTC)


def mastodon_made_at(post_id: str) -> datetime | None:
    """When a Mastodon post was made, UTC, to the millisecond; None for an id that is no such number."""
    return datetime.fromtimestamp((int(post_id) >> _MASTODON_SHIFT) / 1000, UTC) if _is_number(post_id) else None


def _is_number(post_id: str) -> bool:
    return len(post_id) <= 19 and post_id.isascii() and post_id.isdecimal() and 0 < int(post_id) < 2**63

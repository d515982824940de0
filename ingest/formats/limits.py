"""The bounds of what a post may hold."""

from datetime import UTC, datetime

LONGEST_NAME = 512
"""The most characters of an id, a handle or a hashtag."""
LONGEST_ACCOUNT = 2 * LONGEST_NAME + 1
LONGEST_URL = 4_096
LONGEST_MORE = 16_000
"""The most characters of the texts beside a post's own; the rest is left out."""
LONGEST_LANG = 64
LONGEST_X_ID = 19
"""The most digits of an id of X: it has 63 bits."""
MOST_ITEMS = 1_000
"""The most hashtags, mentions or links of a post; further ones are left out."""
MOST_POSTS = 10_000
"""The most posts of one line. X's pages have up to 500."""
MOST_SPLIT = 64 * 1024 * 1024
"""The most bytes of the posts of one page, each with the objects that it refers to: these are copied."""
MOST_EARLIER = 100
"""The most earlier versions of a post. X allows five edits."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""The bounds of times. Every time zone has a date for each moment between them."""
LARGEST = 2**62
"""The bound of numbers: what Cassandra's bigint holds, with room for sums."""


def is_time(value: object) -> bool:
    """Returns whether it is a time between the bounds."""
    return isinstance(value, datetime) and value.tzinfo is not None and EARLIEST <= value < LATEST


def is_x_id(value: object) -> bool:
    """Returns whether it is an id of X: digits."""
    return type(value) is str and len(value) <= LONGEST_X_ID and value.isdecimal() and value.isascii()

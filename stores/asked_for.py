"""Whether a topic asks for anything of what its live collection gets, by what that has counted."""

from collections.abc import Mapping

MANY = 1000
"""A topic that asked for none of so many posts probably asks for the wrong thing."""


def asks_for_none(asked_for: int, left_out: Mapping[str, int]) -> bool:
    """Returns whether none was asked for of the posts that came, of which there were many.

    `left_out` counts those that were not asked for, by reason.
    """
    return not asked_for and sum(left_out.values()) >= MANY

"""What a format's module declares of itself, in its `FORMAT`: how its lines are recognised, split and parsed."""

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field

from ingest.formats.limits import MOST_POSTS
from ingest.formats.post import Deletion, InvalidMessage, Lost, Name, Post

Parts = list[tuple[str, bytes]]
"""What one line holds: for each post or deletion, the name of its parser and the message."""
Keys = Mapping[str, bytes]
"""The keys at the top of a line, with their values as JSON. Keys that no format asks for, and nulls, are left out."""


def not_too_many(posts: Sized) -> None:
    """Raises InvalidMessage for more posts than a line may have."""
    if len(posts) > MOST_POSTS:
        raise InvalidMessage(f"a line of {len(posts):,} posts, at most {MOST_POSTS:,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of captures and streams. Names of parsers stand in queued messages, so they must not change."""

    network: str
    """One of NETWORKS."""
    title: str = ""
    """The format's name in the message about an unknown line; empty where another format's title includes it."""
    keys: tuple[tuple[str, ...], ...]
    """A line is in this format if it has at its top all the keys of one of these groups."""
    notices: tuple[str, ...] = ()
    """Keys of lines that hold no post. A line that no format recognises is skipped if it has one of these."""
    split: Callable[[Keys, bytes], Parts | None]
    """Returns the posts and deletions of a line; none for a like. It may raise the errors in MALFORMED.

    None says that the line is in another format after all.
    """
    longest_text: int = 0
    """The most characters that a post may have; 0 where the format has no posts."""
    parsers: Mapping[str, Callable[[bytes], Post]] = field(default_factory=dict)
    """The parsers of posts, by name."""
    deletions: Mapping[str, Callable[[bytes], Deletion]] = field(default_factory=dict)
    """The parsers of deletions, by name."""
    losses: Mapping[str, Callable[[bytes], Lost]] = field(default_factory=dict)
    """The parsers of notices that say how many posts were left out, by name."""
    names: Mapping[str, Callable[[bytes], Name]] = field(default_factory=dict)
    """The parsers of notices of an account's handle, by name."""

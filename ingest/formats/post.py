"""The post as all parsers return it, the deletion, and the error for a message that is neither."""

from dataclasses import dataclass, field
from datetime import datetime

LONGEST_NAME = 512
PARSER_VERSION = 2
"""Raise it, up to 999, when parsing changes: a post read by a newer parser replaces the one read by an older parser."""


class InvalidMessage(Exception):
    """A payload that is not a post we can keep; the error's message is the reason. It goes to the dead letters."""


@dataclass(slots=True, kw_only=True)
class Post:
    """One post. Fields have the names of the columns of `posts`.

    A reference is the other post's id and, in `…_author`, the handle of its author. Handles are in lower case;
    Bluesky's are DIDs. Times are UTC.
    """

    source: str
    post_id: str
    event_at: datetime
    author_id: str
    author: str | None = None
    text: str = ""
    lang: str | None = None
    retweet_of: str | None = None
    retweet_of_author: str | None = None
    reply_to: str | None = None
    reply_to_author: str | None = None
    quote_of: str | None = None
    quote_of_author: str | None = None
    folded: str = ""
    hashtags: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    place: str | None = None
    lat: float | None = None
    lon: float | None = None
    author_followers: int | None = None
    author_following: int | None = None
    author_created_at: datetime | None = None
    collected_at: datetime | None = None
    author_is_bot: bool | None = None
    client: str | None = None
    version_us: int | None = None
    """The time of this version, in µs since 1970, where an edited post keeps its id; the newest version wins."""
    is_update: bool = False
    """Whether it replaces an earlier version, whose event time, and so its place in the table, must not change."""
    earlier: list[str] = field(default_factory=list)
    """The ids of earlier versions, where each edit has its own id (X). They are deleted."""

    @property
    def version_time(self) -> int | None:
        """The write time of this version in µs, which ends in the parser's version; None where `version_us` is None.

        Versions are a millisecond or more apart.
        """
        return None if self.version_us is None else self.version_us // 1000 * 1000 + PARSER_VERSION

    @property
    def kind(self) -> str:
        """`retweet` if it reposts; else `reply`; else `quote`; else `original` (DESIGN 5)."""
        if self.retweet_of:
            return "retweet"
        if self.reply_to:
            return "reply"
        return "quote" if self.quote_of else "original"

    def checked(self, longest_text: int) -> "Post":
        """Returns the post itself; cuts `client` if it is too long.

        Raises InvalidMessage for a text of more than `longest_text` characters, for an id, handle or hashtag that is
        too long, and for an empty id.
        """
        if len(self.text) > longest_text:
            length = f"{len(self.text):,} characters, {self.source} allows {longest_text:,}"
            raise InvalidMessage(f"over-long text: {length}")
        if not self.post_id or not self.author_id:
            raise InvalidMessage("empty post id or author id")
        if self.client:
            self.client = self.client[:LONGEST_NAME]  # it is only a label, so the post is kept
        names = (self.post_id, self.author_id, self.author or "", *self.hashtags, *self.mentions)
        if max(map(len, names)) > LONGEST_NAME:
            raise InvalidMessage(f"an id, handle or hashtag of over {LONGEST_NAME} characters")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A deletion: of one post or, with `post_id` None, of all posts of `author`.

    `at` is when the post was made, where the message says it. `fields` are the columns to empty, where the post stays.
    """

    source: str
    post_id: str | None = None
    author: str | None = None
    at: datetime | None = None
    fields: tuple[str, ...] = ()


def unique(values: "list[str] | map[str]") -> list[str]:
    """Returns the values without repeats, in order."""
    return list(dict.fromkeys(values))

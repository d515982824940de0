"""A post as every source gives it once parsed, and the two things that can be wrong with a message."""

from dataclasses import dataclass, field
from datetime import datetime

TEXT_LIMITS = {"x": 25_000, "bluesky": 3_000, "mastodon": 100_000}
"""Characters: X's own limit for long posts, Bluesky's lexicon (3,000 bytes), and a bound for Mastodon's servers."""
LONGEST_NAME = 512
PARSER_VERSION = 2
"""To be raised, up to 999, when parsing changes: what a newer parser reads replaces what an older one read."""


class InvalidMessage(Exception):
    """A payload that is not a post we can keep; the message says why. It goes to the dead letters."""


@dataclass(slots=True, kw_only=True)
class Post:
    """One post; names as in the table `posts`, references are (post id, author handle)."""

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
    """When this version was made, in µs, where a network keeps an edited post's id: the newest version stays."""
    is_update: bool = False
    """Whether it replaces a version whose event time, and with it whose place in the table, stays."""
    earlier: list[str] = field(default_factory=list)
    """Ids of earlier versions, where each edit has its own id (X): they go."""

    @property
    def version_time(self) -> int | None:
        """The write time, in µs, of this version, read by this parser; versions lie a millisecond or more apart."""
        return None if self.version_us is None else self.version_us // 1000 * 1000 + PARSER_VERSION

    @property
    def kind(self) -> str:
        """`retweet` if it reposts; else `reply`; else `quote`; else `original` (DESIGN 5)."""
        if self.retweet_of:
            return "retweet"
        if self.reply_to:
            return "reply"
        return "quote" if self.quote_of else "original"

    def checked(self) -> "Post":
        """The post itself, once its sizes are within what a network allows. Raises InvalidMessage."""
        limit = TEXT_LIMITS[self.source]
        if len(self.text) > limit:
            raise InvalidMessage(f"over-long text: {len(self.text):,} characters, {self.source} allows {limit:,}")
        if not self.post_id or not self.author_id:
            raise InvalidMessage("empty post id or author id")
        if self.client:
            self.client = self.client[:LONGEST_NAME]  # only a label: no reason to lose the post
        names = (self.post_id, self.author_id, self.author or "", *self.hashtags, *self.mentions)
        if max(map(len, names)) > LONGEST_NAME:
            raise InvalidMessage(f"an id, handle or hashtag of over {LONGEST_NAME} characters")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What a network, or a person, has taken back: one post, or with `post_id` None all posts of `author`.

    `at` is when the post was made, where that is told; `fields` are the columns to empty when not all of it goes.
    """

    source: str
    post_id: str | None = None
    author: str | None = None
    at: datetime | None = None
    fields: tuple[str, ...] = ()


def unique(values: "list[str] | map[str]") -> list[str]:
    """The values without repeats, in order."""
    return list(dict.fromkeys(values))

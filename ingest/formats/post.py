"""The post and the deletion that parsers return, and the error for a message that is neither of the two."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

PARSER_VERSION, LAST_VERSION = 7, 999
"""Raise the first, up to the last, when parsing changes: a post of a newer parser replaces that of an older one."""


class InvalidMessage(Exception):
    """A payload that can't be stored as a post.

    The error's text is the reason. The message is put into the dead letters.
    """


class Post(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """One post. Fields have the names of the columns of `posts`.

    A reference to another post has two fields: that post's id and, in `…_author`, the handle of that post's author.
    Handles are in lower case; Bluesky's are DIDs. Times are UTC. A post is part of no circle, so Python's collector
    need not look at it (`gc=False`).
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
    root: str | None = None
    """The conversation's first post, where the network tells it (`set_root`)."""
    quote_of: str | None = None
    quote_of_author: str | None = None
    folded: str = ""
    text_more: str | None = None
    folded_cards: str | None = None
    folded_alt: str | None = None
    hashtags: list[str] = []
    mentions: list[str] = []
    accounts: list[str] = []
    """The accounts to which the post refers, as `id handle`, where the message tells both."""
    urls: list[str] = []
    media: list[str] = []
    """The type and the name of each image, video and the like (`media.py`)."""
    place: str | None = None
    lat: float | None = None
    lon: float | None = None
    author_followers: int | None = None
    author_following: int | None = None
    author_created_at: datetime | None = None
    collected_at: datetime | None = None
    author_is_bot: bool | None = None
    client: str | None = None
    languages: list[str] | None = None
    """All language tags, where the author may give several (Bluesky); `lang` is the first. They are not stored."""
    box: tuple[float, float, float, float] | None = None
    """The bounds of `place`, in degrees: west, south, east, north. They are not stored."""
    version_us: int | None = None
    """The time of this version, in µs since 1970, on networks where an edited post keeps its id.

    The newest version is kept.
    """
    is_update: bool = False
    """Whether the post replaces an earlier version.

    Its event time, and so its place in the table, must then stay the same.
    """
    earlier: list[str] = []
    """The ids of earlier versions, on networks where each edit gets a new id (X). These versions are deleted."""
    said_kind: str | None = None
    """The kind, where a table says it but not which post is retweeted, answered or quoted."""
    parser: int = PARSER_VERSION
    """The version of the parser that has made it."""

    @property
    def version_time(self) -> int | None:
        """The write time of this version in µs.

        Its last three digits are the parser's version. None if `version_us` is None.

        Two versions of a post are at least a millisecond apart, so these digits do not change their order.
        """
        return None if self.version_us is None else self.version_us // 1000 * 1000 + self.parser

    @property
    def kind(self) -> str:
        """`retweet` if it is a repost, else `reply` if it is an answer, else `quote` if it quotes, else `original`."""
        if self.said_kind:
            return self.said_kind
        if self.retweet_of:
            return "retweet"
        if self.reply_to:
            return "reply"
        return "quote" if self.quote_of else "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What an account is called: its handle, in lower case, and when the network said so. None: it did not say."""

    source: str
    author_id: str
    handle: str | None
    at: datetime


def as_accounts(ids: Mapping[str, str | None]) -> list[str]:
    """Returns `Post.accounts` from ids by handle; a handle whose id is unknown is left out."""
    return [f"{account_id} {handle}" for handle, account_id in ids.items() if account_id and handle]


def set_root(post: Post, root: str | None) -> None:
    """Sets which post began the conversation, if that is another one. A retweet is part of no conversation."""
    if root and root != post.post_id and post.kind != "retweet":
        post.root = root


PLACE = ("place", "lat", "lon")
"""The columns that say where a post was written."""
Becomes = Literal["deleted", "hidden", "shown"]
"""What becomes of a post: it is deleted for good, hidden until the network says that it is back, or it is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What is taken back, or is back: one post or, with `post_id` None, all posts of an account.

    The account is named by `author`, as in the column of that name, or by `author_id`. With `until`, its later posts
    are not concerned. `at` is when the post was made, if the message says so. With `fields`, only these columns are
    deleted, and the post stays. `said_at` is when the network said it, if it says so. `for_good` says that it must be
    kept in mind even if no such post is stored: a person has asked for it.
    """

    source: str
    post_id: str | None = None
    author: str | None = None
    author_id: str | None = None
    until: datetime | None = None
    at: datetime | None = None
    fields: tuple[str, ...] = ()
    becomes: Becomes = "deleted"
    said_at: datetime | None = None
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """What a network says that it has left out of its stream by a time: a number of posts. `at` may be unknown."""

    at: datetime | None
    posts: int


def unique(values: "list[str] | map[str]") -> list[str]:
    """Returns the distinct values, in the order of their first occurrence."""
    return list(dict.fromkeys(values))

"""X API v1.1 status objects, as the old streaming API delivered them.

Object model: https://developer.x.com/en/docs/twitter-api/v1/data-dictionary/object-model/tweet
"""

import html
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from conf.folding import X_HANDLE, blank, fold
from conf.snowflakes import x_made_at
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import PLACE, Deletion, InvalidMessage, Post, as_accounts, unique
from ingest.formats.x_v2 import LONGEST_TEXT

_MARKUP = re.compile(r"<[^>]*>")
_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


class Tag(msgspec.Struct):
    text: str


class Mention(msgspec.Struct):
    screen_name: str
    id_str: str | None = None


class Url(msgspec.Struct):
    url: str | None = None
    expanded_url: str | None = None


class Entities(msgspec.Struct):
    hashtags: list[Tag] | None = None
    user_mentions: list[Mention] | None = None
    urls: list[Url] | None = None


class Extended(msgspec.Struct):
    full_text: str
    entities: Entities | None = None


class User(msgspec.Struct):
    id_str: str
    screen_name: str
    followers_count: int | None = None
    friends_count: int | None = None
    created_at: str | None = None


class Point(msgspec.Struct):
    coordinates: tuple[float, float] | None = None


class Place(msgspec.Struct):
    full_name: str | None = None
    bounding_box: Any = None


class Status(msgspec.Struct, kw_only=True):
    id_str: str
    created_at: str
    user: User
    text: str | None = None
    full_text: str | None = None
    extended_tweet: Extended | None = None
    entities: Entities | None = None
    lang: str | None = None
    source: str | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_screen_name: str | None = None
    in_reply_to_user_id_str: str | None = None
    retweeted_status: "Status | None" = None
    quoted_status: "Status | None" = None
    quoted_status_id_str: str | None = None
    place: Place | None = None
    coordinates: Point | None = None

    def full(self) -> tuple[str, Entities]:
        """Returns the full text, HTML-unescaped, and its entities. Raises InvalidMessage where there is no text."""
        text = self.full_text or self.text
        entities = self.entities
        if self.extended_tweet:
            text, entities = self.extended_tweet.full_text, self.extended_tweet.entities or entities
        if text is None:
            raise InvalidMessage("no text")
        return (html.unescape(text) if "&" in text else text), entities or Entities()


class Deleted(msgspec.Struct):
    id_str: str


class DeletedStatus(msgspec.Struct):
    status: Deleted | None = None
    direct_message: dict[str, Any] | None = None
    favorite: dict[str, Any] | None = None

    @property
    def is_no_post(self) -> bool:
        """Whether a message or a like is deleted, of which nothing is stored."""
        return self.status is None and not (self.direct_message is None and self.favorite is None)


class Notice(msgspec.Struct):
    delete: DeletedStatus


class Concerned(msgspec.Struct):
    id: int | str | None = None
    id_str: str | None = None
    user_id: int | str | None = None
    user_id_str: str | None = None
    up_to_status_id_str: str | None = None

    @property
    def name(self) -> str:
        """The account's id."""
        return str(self.id_str or self.user_id_str or self.id or self.user_id or "")


_NOTICE = msgspec.json.Decoder(Notice)
_USERS = msgspec.json.Decoder(dict[str, Concerned])
_HIDES = ("user_delete", "user_protect", "user_suspend")
"""Notices about an account, each of which another one takes back: X keeps a deleted account for 30 days."""
_SHOWS = ("user_undelete", "user_unprotect", "user_unsuspend")
_STATUS = msgspec.json.Decoder(Status)


def parse_status(payload: bytes) -> Post:
    """Returns a v1.1 status as a post. Raises InvalidMessage for a wrong date or a missing text."""
    status = _STATUS.decode(payload)
    retweeted, quoted = status.retweeted_status, status.quoted_status
    text, entities = (retweeted or status).full()
    ids = {m.screen_name.lower(): m.id_str for m in entities.user_mentions or ()}
    post = Post(
        source="x",
        post_id=status.id_str,
        event_at=parse_instant(status.created_at),
        author_id=status.user.id_str,
        author=status.user.screen_name.lower(),
        text=text,
        lang=status.lang,
        reply_to=status.in_reply_to_status_id_str,
        folded=fold(blank(text, X_HANDLE)),
        hashtags=unique([fold(tag.text) for tag in entities.hashtags or ()]),
        mentions=list(ids),
        urls=unique([u.expanded_url or u.url or "" for u in entities.urls or ()]),
        author_followers=status.user.followers_count,
        author_following=status.user.friends_count,
        author_created_at=parse_instant(status.user.created_at) if status.user.created_at else None,
        client=html.unescape(_MARKUP.sub("", status.source)).strip() if status.source else None,
    )
    if status.in_reply_to_status_id_str and status.in_reply_to_screen_name:
        post.reply_to_author = status.in_reply_to_screen_name.lower()
        ids[post.reply_to_author] = status.in_reply_to_user_id_str
    if retweeted:
        post.retweet_of, post.retweet_of_author = retweeted.id_str, retweeted.user.screen_name.lower()
        ids[retweeted.user.screen_name.lower()] = retweeted.user.id_str
    elif status.quoted_status_id_str:
        # Not for a retweet: there this is the quote of the retweeted post, not its own.
        post.quote_of = status.quoted_status_id_str
        if quoted:
            post.quote_of_author = quoted.user.screen_name.lower()
            ids[post.quote_of_author] = quoted.user.id_str
    post.accounts = as_accounts(ids)
    if status.place:
        post.place, post.box = status.place.full_name, _box(status.place.bounding_box)
    if status.coordinates and status.coordinates.coordinates:
        post.lon, post.lat = status.coordinates.coordinates
    return post


def _box(bounds: Any) -> tuple[Any, Any, Any, Any] | None:
    """Returns the bounds of a place (west, south, east, north), unchecked, from the corners of its bounding box."""
    with suppress(AttributeError, TypeError, ValueError, LookupError):
        lons, lats = zip(*bounds["coordinates"][0], strict=True)
        return min(lons), min(lats), max(lons), max(lats)
    return None


def parse_deletion(payload: bytes) -> Deletion:
    """Returns the post that a deletion notice of the v1.1 stream names."""
    status = _NOTICE.decode(payload).delete.status
    if status is None:
        raise InvalidMessage("a deletion that names no post")
    return Deletion(source="x", post_id=status.id_str)


def parse_user_notice(payload: bytes) -> Deletion:
    """Returns what becomes of an account's posts by a notice of the v1.1 stream.

    https://developer.x.com/en/docs/x-api/enterprise/compliance-firehose-api
    """
    [(what, user)] = _USERS.decode(payload).items()
    if what == "scrub_geo":
        until = x_made_at(user.up_to_status_id_str or "")
        return Deletion(source="x", author_id=user.name, until=until, fields=PLACE)
    return Deletion(source="x", author_id=user.name, becomes="hidden" if what in _HIDES else "shown")


def parse_instant(value: str) -> datetime:
    """Parses a date such as `Mon Dec 02 14:16:05 +0000 2019`, whatever the locale; returns it in UTC.

    Raises InvalidMessage if it is another text.
    """
    try:
        _, month, day, clock, offset, year = value.split()
        hour, minute, second = clock.split(":")
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
        zone = timezone(-shift if offset[0] == "-" else shift)
        at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, KeyError, IndexError, OverflowError):
        raise InvalidMessage(f"not a v1.1 date: {value[:60]!r}") from None


def _split(keys: Keys, line: bytes) -> Parts:
    if not keys.keys().isdisjoint((*_HIDES, *_SHOWS, "scrub_geo")):
        return [("x_v11_user", line)]
    if "delete" in keys:
        return [] if _NOTICE.decode(line).delete.is_no_post else [("x_v11_delete", line)]
    return [("x_v11", line)]


FORMAT = Format(
    network="x",
    title="X v1.1",
    keys=(("delete",), ("id_str",), ("user",), ("scrub_geo",), *((name,) for name in (*_HIDES, *_SHOWS))),
    notices=("limit", "warning", "disconnect", "status_withheld", "user_withheld"),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v11": parse_status},
    deletions={"x_v11_delete": parse_deletion, "x_v11_user": parse_user_notice},
)

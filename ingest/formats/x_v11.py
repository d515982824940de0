"""X API v1.1 status objects, as the old streaming API delivered them.

Object model: https://developer.x.com/en/docs/twitter-api/v1/data-dictionary/object-model/tweet
"""

import html
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from conf.blanking import Span, link_spans, mention_spans
from conf.folding import fold_tags
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.more_text import add_more, decoded, holds, values_of
from ingest.formats.post import InvalidMessage, Post, as_accounts, unique
from ingest.formats.x_v2 import LONGEST_HANDLE, LONGEST_TEXT, RT_PREFIX, all_unescaped, folded_text, is_glued, unescaped

_CARD_TEXTS = ("title", "description", *(f"choice{number}_label" for number in range(1, 5)))
_MARKUP = re.compile(r"<[^>]*>")
_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


class Tag(msgspec.Struct):
    text: str


class Mention(msgspec.Struct):
    screen_name: str
    id_str: str | None = None
    indices: Any = None


class Url(msgspec.Struct):
    url: str | None = None
    expanded_url: str | None = None
    indices: Any = None


class Entities(msgspec.Struct):
    hashtags: list[Tag] | None = None
    user_mentions: list[Mention] | None = None
    urls: list[Url] | None = None

    def spans(self, text: str) -> list[Span]:
        """Returns where addresses and handles stand that the patterns alone would not end there, as in `x_v2`."""
        found: list[Span] = []
        for mention in self.user_mentions or ():
            if len(mention.screen_name) > LONGEST_HANDLE:
                found += mention_spans(text, *_ends(mention.indices))
        if self.urls:
            places = [(*_ends(u.indices), u.url) for u in self.urls]
            found += link_spans(text, [place for place in places if is_glued(text, place[1])])
        return found


def _ends(indices: Any) -> tuple[Any, Any]:
    return (indices[0], indices[1]) if isinstance(indices, list) and len(indices) == 2 else (None, None)


class Extended(msgspec.Struct):
    full_text: str
    entities: Entities | None = None
    extended_entities: msgspec.Raw = msgspec.Raw()


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


class Permalink(msgspec.Struct):
    expanded: str = ""


class Content(msgspec.Struct, kw_only=True):
    """The fields that a status and one that it refers to share. Of the latter, the user may be missing."""

    id_str: str
    user: User | None = None
    text: str | None = None
    full_text: str | None = None
    extended_tweet: Extended | None = None
    entities: Entities | None = None
    extended_entities: msgspec.Raw = msgspec.Raw()
    card: msgspec.Raw = msgspec.Raw()

    def full(self) -> tuple[str, Entities]:
        """Returns the full text with HTML's escapes, and its entities. Raises InvalidMessage where there is no text."""
        text = self.full_text or self.text
        entities = self.entities
        if self.extended_tweet:
            text, entities = self.extended_tweet.full_text, self.extended_tweet.entities or entities
        if text is None:
            raise InvalidMessage("no text")
        return text, entities or Entities()


class Status(Content, kw_only=True):
    created_at: str
    user: User
    lang: str | None = None
    source: str | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_screen_name: str | None = None
    in_reply_to_user_id_str: str | None = None
    retweeted_status: Content | None = None
    quoted_status: Content | None = None
    quoted_status_id_str: str | None = None
    quoted_status_permalink: Permalink | None = None
    place: Place | None = None
    coordinates: Point | None = None
    geo: Point | None = None  # the older form of `coordinates`, with the latitude first


_STATUS = Lenient(Status)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def parse_status(payload: bytes) -> Post:
    """Returns a v1.1 status as a post. Raises InvalidMessage for a wrong date or a missing text."""
    status = _STATUS.decode(payload)
    retweeted, quoted = status.retweeted_status, status.quoted_status
    has_text = retweeted is not None and (retweeted.full_text or retweeted.text or retweeted.extended_tweet)
    shown = retweeted if retweeted is not None and has_text else status
    raw, entities = shown.full()
    ids = {m.screen_name.lower(): m.id_str for m in entities.user_mentions or ()}
    post = Post(
        source="x",
        post_id=status.id_str,
        event_at=parse_instant(status.created_at),
        author_id=status.user.id_str,
        author=status.user.screen_name.lower(),
        text=unescaped(raw),
        lang=status.lang,
        reply_to=status.in_reply_to_status_id_str,
        folded=folded_text(raw, entities.spans(raw)),
        hashtags=fold_tags([tag.text for tag in entities.hashtags]) if entities.hashtags else [],
        mentions=list(ids),
        urls=unique([u.expanded_url or u.url or "" for u in entities.urls or ()]),
        author_followers=status.user.followers_count,
        author_following=status.user.friends_count,
        author_created_at=_instant_or_none(status.user.created_at),
        client=html.unescape(_MARKUP.sub("", status.source)).strip() if status.source else None,
    )
    if status.in_reply_to_status_id_str and status.in_reply_to_screen_name:
        post.reply_to_author = status.in_reply_to_screen_name.lower()
        ids[post.reply_to_author] = status.in_reply_to_user_id_str or ids.get(post.reply_to_author)
    if retweeted:
        prefix = RT_PREFIX.match(status.full_text or status.text or "")
        post.retweet_of, post.retweet_of_author = retweeted.id_str, _handle(retweeted) or (prefix and prefix[1].lower())
    elif quote_of := status.quoted_status_id_str or (quoted.id_str if quoted else None):
        # Not for a retweet: there this is the quote of the retweeted post, not its own.
        post.quote_of = quote_of
        link = status.quoted_status_permalink.expanded.split("/") if status.quoted_status_permalink else []
        named = link[3].lower() if len(link) > 5 and link[5] == quote_of else None
        post.quote_of_author = _handle(quoted) or named
    if (referred := retweeted or quoted) and referred.user:
        ids[referred.user.screen_name.lower()] = referred.user.id_str
    post.accounts = as_accounts(ids)
    _add_more(post, shown)
    if status.place:
        post.place, post.box = status.place.full_name, _box(status.place.bounding_box)
    if status.coordinates and status.coordinates.coordinates:
        post.lon, post.lat = status.coordinates.coordinates
    elif status.geo and status.geo.coordinates:
        post.lat, post.lon = status.geo.coordinates
    return post


def _handle(status: Content | None) -> str | None:
    return status.user.screen_name.lower() if status is not None and status.user else None


def _add_more(post: Post, shown: Content) -> None:
    """Adds the texts of the card (a poll is one, too) and the descriptions of the media."""
    extended = shown.extended_tweet.extended_entities if shown.extended_tweet else shown.extended_entities
    extended = extended or shown.extended_entities
    if not (shown.card or holds(extended, b"ext_alt_text")):
        return
    media = next(values_of(decoded(extended), "media"), None)
    alt = values_of(media, "ext_alt_text")
    add_more(post, all_unescaped(_card_texts(decoded(shown.card))), all_unescaped(alt))


def _card_texts(card: object) -> list[object]:
    """Returns the title, the description and the options of a card; its values are a list or an object, by API."""
    bindings = next(values_of(card, "binding_values"), None)
    if isinstance(bindings, list):
        bindings = {each.get("key"): each.get("value") for each in bindings if isinstance(each, dict)}
    found = values_of(bindings, *_CARD_TEXTS)
    return [text for value in found for text in values_of(value, "string_value")]


def _box(bounds: Any) -> tuple[Any, Any, Any, Any] | None:
    """Returns the bounds of a place (west, south, east, north), unchecked, from the corners of its bounding box."""
    with suppress(AttributeError, TypeError, ValueError, LookupError):
        lons, lats = zip(*bounds["coordinates"][0], strict=True)
        return min(lons), min(lats), max(lons), max(lats)
    return None


def _instant_or_none(value: str | None) -> datetime | None:
    try:
        return parse_instant(value) if value else None
    except InvalidMessage:
        return None


def parse_instant(value: str) -> datetime:
    """Parses a date such as `Mon Dec 02 14:16:05 +0000 2019`, whatever the locale, or in ISO form with a time zone.

    Returns it in UTC.

    Raises InvalidMessage if it is another text.
    """
    try:
        if value[:1].isdigit() and (at := datetime.fromisoformat(value)).tzinfo is not None:
            return at.astimezone(UTC)
        _, month, day, clock, offset, year = value.split()
        hour, minute, second = clock.split(":")
        moment = (int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second))
        if offset == "+0000":
            return datetime(*moment, tzinfo=UTC)
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
        return datetime(*moment, tzinfo=timezone(-shift if offset[0] == "-" else shift)).astimezone(UTC)
    except (ValueError, KeyError, IndexError, OverflowError):
        raise InvalidMessage(f"not a v1.1 date: {value[:60]!r}") from None


def _split(keys: Keys, line: bytes) -> Parts | None:
    if "statuses" in keys:
        return _of_search(keys)
    if "for_user" in keys:
        return _of_site(keys["message"])
    return [("x_v11", line)]


def _of_search(keys: Keys) -> Parts | None:
    """Returns the statuses of a page of search; None for Mastodon's, which have accounts beside them."""
    if "accounts" in keys:
        return None
    return [("x_v11", bytes(status)) for status in _RAW_LIST.decode(keys["statuses"])]


def _of_site(message: bytes) -> Parts:
    """Returns the status in a message of a site stream, which says for which of its users it is."""
    return [("x_v11", message)] if b'"id_str"' in message and b'"user"' in message else []


FORMAT = Format(
    network="x",
    title="X v1.1",
    keys=(("id_str",), ("user",), ("statuses",), ("for_user", "message")),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v11": parse_status},
)

"""X API v1.1 status objects: the parts that are read.

Object model: https://developer.x.com/en/docs/twitter-api/v1/data-dictionary/object-model/tweet
"""

from typing import Any

import msgspec

from conf.blanking import Span, link_spans, mention_spans
from ingest.formats.post import InvalidMessage
from ingest.formats.x_text import LONGEST_HANDLE, must_be_placed


class Tag(msgspec.Struct, gc=False):
    text: str


class Mention(msgspec.Struct, gc=False):
    screen_name: str
    id_str: str | None = None
    indices: Any = None


class Url(msgspec.Struct, gc=False):
    url: str | None = None
    expanded_url: str | None = None
    indices: Any = None


class Entities(msgspec.Struct, gc=False):
    hashtags: list[Tag] | None = None
    user_mentions: list[Mention] | None = None
    urls: list[Url] | None = None

    def spans(self, text: str) -> list[Span]:
        """Returns where addresses and handles stand that the patterns alone would not end there, as in v2."""
        found: list[Span] = []
        for mention in self.user_mentions or ():
            if len(mention.screen_name) > LONGEST_HANDLE:
                found += mention_spans(text, *_ends(mention.indices))
        if self.urls:
            places = [(*_ends(u.indices), u.url) for u in self.urls]
            found += link_spans(text, [place for place in places if must_be_placed(text, *place[:2])])
        return found


def _ends(indices: Any) -> tuple[Any, Any]:
    return (indices[0], indices[1]) if isinstance(indices, list) and len(indices) == 2 else (None, None)


class Extended(msgspec.Struct, gc=False):
    full_text: str
    entities: Entities | None = None
    extended_entities: msgspec.Raw = msgspec.Raw()


class User(msgspec.Struct, gc=False):
    """An account. A capture with trimmed users (`trim_user`) has its id alone."""

    id_str: str
    screen_name: str | None = None
    followers_count: int | None = None
    friends_count: int | None = None
    created_at: str | None = None

    @property
    def handle(self) -> str | None:
        """The account's handle in lower case."""
        return self.screen_name.lower() if self.screen_name else None


class Point(msgspec.Struct, gc=False):
    coordinates: tuple[float, float] | None = None


class Place(msgspec.Struct, gc=False):
    full_name: str | None = None
    bounding_box: Any = None


class Permalink(msgspec.Struct, gc=False):
    expanded: str = ""


class Content(msgspec.Struct, kw_only=True, gc=False):
    """The fields that a status and one that it refers to share. Of the latter, the id and the user may be missing."""

    id_str: str | None = None
    id: Any = None
    user: User | None = None
    text: str | None = None
    full_text: str | None = None
    extended_tweet: Extended | None = None
    entities: Entities | None = None
    extended_entities: msgspec.Raw = msgspec.Raw()
    card: msgspec.Raw = msgspec.Raw()

    def full(self) -> tuple[str, Entities | None]:
        """Returns the full text with HTML's escapes, and its entities. Raises InvalidMessage where there is no text."""
        text = self.full_text or self.text
        entities = self.entities
        if self.extended_tweet:
            text, entities = self.extended_tweet.full_text, self.extended_tweet.entities or entities
        if text is None:
            raise InvalidMessage("no text")
        return text, entities


class Status(Content, kw_only=True):
    id_str: str
    created_at: str
    user: User
    lang: str | None = None
    source: str | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_status_id: Any = None
    in_reply_to_screen_name: str | None = None
    in_reply_to_user_id_str: str | None = None
    in_reply_to_user_id: Any = None
    conversation_id_str: str | None = None  # of the website's objects alone
    retweeted_status: Content | None = None
    quoted_status: Content | None = None
    quoted_status_id_str: str | None = None
    quoted_status_id: Any = None
    quoted_status_permalink: Permalink | None = None
    place: Place | None = None
    coordinates: Point | None = None
    geo: Point | None = None  # the older form of `coordinates`, with the latitude first

"""The objects of X API v2 that a post is made of: the parts that are read.

Object models: https://docs.x.com/x-api/fundamentals/data-dictionary

Python's collector of circles need not look at them (`gc=False`): what is decoded from JSON has none.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from conf.blanking import Span, link_spans, mention_spans
from ingest.formats.x_text import LONGEST_HANDLE, must_be_placed

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Tag(msgspec.Struct, gc=False):
    tag: str


class Mention(msgspec.Struct, gc=False):
    username: str
    id: str | None = None
    start: Any = None
    end: Any = None


class Url(msgspec.Struct, gc=False):
    url: str | None = None
    expanded_url: str | None = None
    start: Any = None
    end: Any = None
    title: Any = None
    description: Any = None


class Entities(msgspec.Struct, gc=False):
    hashtags: list[Tag] | None = None
    mentions: list[Mention] | None = None
    urls: list[Url] | None = None

    def spans(self, text: str) -> list[Span]:
        """Returns where addresses and handles stand that the patterns alone would not end there.

        Places count the characters of the text as X sends it.
        """
        found: list[Span] = []
        for mention in self.mentions or ():
            if len(mention.username) > LONGEST_HANDLE:
                found += mention_spans(text, mention.start, mention.end)
        if self.urls:
            places = [(u.start, u.end, u.url) for u in self.urls]
            found += link_spans(text, [place for place in places if must_be_placed(text, *place[:2])])
        return found


class Note(msgspec.Struct, gc=False):
    text: str
    entities: Entities | None = None


class Reference(msgspec.Struct, gc=False):
    type: str
    id: str


class Point(msgspec.Struct, gc=False):
    coordinates: tuple[float, float] | None = None


class Geo(msgspec.Struct, gc=False):
    place_id: str | None = None
    coordinates: Point | None = None
    full_name: str | None = None  # in a flattened post, where the place stands in the post itself
    geo: Any = None  # there, too


class Metrics(msgspec.Struct, gc=False):
    followers_count: int | None = None
    following_count: int | None = None


class User(msgspec.Struct, gc=False):
    id: str
    username: str
    created_at: Instant | None = None
    public_metrics: Metrics | None = None


class Content(msgspec.Struct, kw_only=True, gc=False):
    """The fields that a post and a referenced post share."""

    id: str
    text: str
    author_id: str | None = None
    entities: Entities | None = None
    note_tweet: Note | None = None
    attachments: msgspec.Raw = msgspec.Raw()

    def full(self) -> tuple[str, Entities | None]:
        """Returns the full text as X sends it, with HTML's escapes, and its entities, if X was asked for them.

        If there is a note (a long text), they are the note's.
        """
        best: Note | Content = self.note_tweet or self
        return best.text, best.entities or self.entities


class Tweet(Content, kw_only=True):
    """A post. Unlike in Content, `author_id` and `created_at` are required."""

    author_id: str
    created_at: Instant
    lang: str | None = None
    referenced_tweets: list[Reference] | None = None
    in_reply_to_user_id: str | None = None
    conversation_id: str | None = None
    edit_history_tweet_ids: list[str] | None = None
    source: str | None = None
    geo: Geo | None = None


class Place(msgspec.Struct, gc=False):
    id: str
    full_name: str | None = None
    geo: Any = None


class Includes(msgspec.Struct, gc=False):
    users: list[User] | None = None
    tweets: list[Content] | None = None
    places: list[Place] | None = None
    media: msgspec.Raw = msgspec.Raw()
    polls: msgspec.Raw = msgspec.Raw()


class Twarc(msgspec.Struct, gc=False):
    retrieved_at: Instant | None = None


class Line(msgspec.Struct, gc=False):
    data: Tweet
    includes: Includes | None = None
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)

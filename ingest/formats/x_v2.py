"""X API v2: lines of the filtered stream, and pages as twarc2 stores them.

Object models: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import html
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
import orjson

from conf.blanking import X_HANDLE, Span, blank, blank_spans, link_spans, mention_spans
from conf.folding import fold, fold_tags
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.more_text import add_more, decoded, holds, values_of
from ingest.formats.post import Post, as_accounts, unique
from ingest.formats.x_attachments import attached_to
from ingest.formats.x_text import answered_in, names_in, owner_in, retweeted_in, tags_in
from ingest.formats.x_v2_page import split_page

LONGEST_HANDLE = 15
"""The most letters of a handle on X; some old ones have more."""
LONGEST_TEXT = 25_000
"""The most characters that X allows in a long post."""
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_SPACES = ("", " ", "\n")


class Tag(msgspec.Struct):
    tag: str


class Mention(msgspec.Struct):
    username: str
    id: str | None = None
    start: Any = None
    end: Any = None


class Url(msgspec.Struct):
    url: str | None = None
    expanded_url: str | None = None
    start: Any = None
    end: Any = None
    title: Any = None
    description: Any = None


class Entities(msgspec.Struct):
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
            found += link_spans(text, [(u.start, u.end, u.url) for u in self.urls if is_glued(text, u.end)])
        return found


class Note(msgspec.Struct):
    text: str
    entities: Entities | None = None


class Reference(msgspec.Struct):
    type: str
    id: str


class Point(msgspec.Struct):
    coordinates: tuple[float, float] | None = None


class Geo(msgspec.Struct):
    place_id: str | None = None
    coordinates: Point | None = None
    full_name: str | None = None  # in a flattened post, where the place stands in the post itself
    geo: Any = None  # there, too


class Metrics(msgspec.Struct):
    followers_count: int | None = None
    following_count: int | None = None


class User(msgspec.Struct):
    id: str
    username: str
    created_at: Instant | None = None
    public_metrics: Metrics | None = None


class Content(msgspec.Struct, kw_only=True):
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
    edit_history_tweet_ids: list[str] | None = None
    source: str | None = None
    geo: Geo | None = None


class Place(msgspec.Struct):
    id: str
    full_name: str | None = None
    geo: Any = None


class Includes(msgspec.Struct):
    users: list[User] | None = None
    tweets: list[Content] | None = None
    places: list[Place] | None = None
    media: msgspec.Raw = msgspec.Raw()
    polls: msgspec.Raw = msgspec.Raw()


class Twarc(msgspec.Struct):
    retrieved_at: Instant | None = None


class Line(msgspec.Struct):
    data: Tweet
    includes: Includes | None = None
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)


_LINE = Lenient(Line)


def parse_line(payload: bytes) -> Post:
    """Returns the post of a stream line: `data` is the post, `includes` the objects that it refers to."""
    line = _LINE.decode(payload)
    includes = line.includes or Includes()
    users = {user.id: user for user in includes.users or ()}
    tweets = {tweet.id: tweet for tweet in includes.tweets or ()}
    places = {place.id: place for place in includes.places or ()}
    post = to_post(line.data, users, tweets, places, line.twarc)
    add_more_of(post, tweets.get(post.retweet_of or "") or line.data, includes)
    return post


def to_post(
    tweet: Tweet, users: dict[str, User], tweets: dict[str, Content], places: dict[str, Place], twarc: Twarc | None
) -> Post:
    """Returns a post, with what is known, by id, of the users, posts and places that it refers to."""
    author = users.get(tweet.author_id)
    post = Post(
        source="x",
        post_id=tweet.id,
        event_at=tweet.created_at,
        author_id=tweet.author_id,
        author=author.username.lower() if author else None,
        lang=tweet.lang,
        client=tweet.source,
        collected_at=twarc.retrieved_at if twarc else None,
    )
    if tweet.edit_history_tweet_ids and len(tweet.edit_history_tweet_ids) > 1:
        post.earlier = [i for i in tweet.edit_history_tweet_ids if i.isdecimal() and int(i) < int(tweet.id)]
    if author:
        metrics = author.public_metrics or Metrics()
        post.author_followers, post.author_following = metrics.followers_count, metrics.following_count
        post.author_created_at = author.created_at
    _set_references(post, tweet, users, tweets)
    mentioned = _set_content(post, tweet, tweets.get(post.retweet_of or ""))
    post.accounts = as_accounts(_ids(post, tweet, tweets, mentioned))
    if tweet.geo:
        _set_place(post, tweet.geo, places)
    return post


def _set_references(post: Post, tweet: Tweet, users: dict[str, User], tweets: dict[str, Content]) -> None:
    for reference in tweet.referenced_tweets or ():
        target = tweets.get(reference.id)
        owner = users.get(target.author_id or "") if target else None
        handle = owner.username.lower() if owner else None
        if reference.type == "retweeted":
            post.retweet_of, post.retweet_of_author = reference.id, handle
        elif reference.type == "replied_to":
            post.reply_to, post.reply_to_author = reference.id, handle or _replied_to(tweet, users)
        elif reference.type == "quoted":
            post.quote_of, post.quote_of_author = reference.id, handle or _named_in_link(tweet, reference.id)


def _replied_to(tweet: Tweet, users: dict[str, User]) -> str | None:
    """Returns the handle of the author replied to, where `includes` lacks the post or its author; None if unknown.

    A reply begins with the handles of those whom it answers. If it is only one, that is the author replied to.
    """
    user_id = tweet.in_reply_to_user_id
    if user_id in users:
        return users[user_id].username.lower()
    mentions = (tweet.entities.mentions if tweet.entities else None) or ()
    by_id = next((m.username.lower() for m in mentions if m.id == user_id), None) if user_id else None
    if by_id or user_id == tweet.author_id:
        return by_id
    return answered_in(tweet.text)


def _named_in_link(tweet: Tweet, post_id: str) -> str | None:
    """Returns the author whom the link to a quoted post names, where `includes` lacks the post or its author."""
    urls = (tweet.entities.urls if tweet.entities else None) or ()
    return owner_in((url.expanded_url for url in urls), post_id)


def _set_content(post: Post, tweet: Tweet, retweeted: Content | None) -> dict[str, str | None]:
    """Sets text, hashtags, mentions and links; returns the ids of the accounts in the entities, by handle.

    A capture without entities (X gives them only if asked) has hashtags and mentions in its text alone.
    """
    raw, given = (retweeted or tweet).full()
    entities = given or Entities()
    post.text = unescaped(raw)
    ids = {m.username.lower(): m.id for m in entities.mentions or ()} if given else dict.fromkeys(names_in(post.text))
    mentions = list(ids)
    is_known = retweeted is not None and post.retweet_of_author is not None
    if post.retweet_of and not is_known and (named := retweeted_in(tweet.text)):
        # The clipped text names the author, also where `includes` lacks the post or its author. That is no mention.
        post.retweet_of_author = post.retweet_of_author or named
        if retweeted is None:
            mentions = [m for m in mentions if m != named]
    post.mentions = mentions
    post.folded = folded_text(raw, entities.spans(raw))
    post.hashtags = fold_tags([tag.tag for tag in entities.hashtags or ()] if given else tags_in(post.text))
    post.urls = unique([u.expanded_url or u.url or "" for u in entities.urls or ()])
    return ids


def is_glued(text: str, end: Any) -> bool:
    """Returns whether something else than white space stands after an address that ends at `end`."""
    return type(end) is int and text[end : end + 1] not in _SPACES


def unescaped(raw: str) -> str:
    """Returns a text of X without HTML's escapes."""
    return html.unescape(raw) if "&" in raw else raw


def all_unescaped(values: Iterable[object]) -> Iterator[object]:
    """Yields the values, and texts without HTML's escapes."""
    return (unescaped(value) if type(value) is str else value for value in values)


def folded_text(raw: str, spans: list[Span]) -> str:
    """Returns the folded form of a text as X sends it. The spans are those of its addresses and handles."""
    text = blank_spans(raw, spans) if spans else raw
    return fold(blank(html.unescape(text) if "&" in text else text, (), X_HANDLE))


def _ids(post: Post, tweet: Tweet, tweets: dict[str, Content], ids: dict[str, str | None]) -> dict[str, str | None]:
    """Returns the ids of mentioned accounts, with those of the accounts that a post retweets, answers or quotes."""
    for name, post_id, known in (
        (post.retweet_of_author, post.retweet_of, None),
        (post.reply_to_author, post.reply_to, tweet.in_reply_to_user_id),
        (post.quote_of_author, post.quote_of, None),
    ):
        if name and post_id:
            target = tweets.get(post_id)
            ids[name] = (target.author_id if target else None) or ids.get(name) or known
    return ids


def add_more_of(post: Post, shown: Content, includes: Includes) -> None:
    """Adds what a post shows beside its text: link cards, polls, and descriptions of its media.

    `shown` is the post or, for a retweet, the retweeted one. The objects that it has attached stand in `includes` or,
    in a flattened post, in the attachments themselves.
    """
    entities = (shown.entities, shown.note_tweet.entities if shown.note_tweet else None)
    links = [url for some in entities if some for url in some.urls or () if url.title or url.description]
    alt, options = (
        shown.attachments and (holds(included, key) or holds(shown.attachments, key))
        for included, key in ((includes.media, b"alt_text"), (includes.polls, b"options"))
    )
    if not (links or alt or options):
        return
    attached = decoded(shown.attachments)
    attached = attached if isinstance(attached, dict) else {}
    media = attached_to(attached, "media", "media_keys", "media_key", includes.media)
    polls = attached_to(attached, "poll", "poll_ids", "id", includes.polls)
    cards = [text for url in links for text in (url.title, url.description)]
    cards += [label for options in values_of(polls, "options") for label in values_of(options, "label")]
    add_more(post, all_unescaped(cards), all_unescaped(values_of(media, "alt_text")))


def _set_place(post: Post, geo: Geo, places: dict[str, Place]) -> None:
    place = places.get(geo.place_id or "")
    post.place = geo.full_name or (place.full_name if place else None)
    post.box = box_of(geo.geo or (place.geo if place else None))
    if geo.coordinates and geo.coordinates.coordinates:
        post.lon, post.lat = geo.coordinates.coordinates


def box_of(geo: Any) -> tuple[Any, Any, Any, Any] | None:
    """Returns the bounds of a place (west, south, east, north) as X tells them, unchecked; None if it does not."""
    bounds = geo.get("bbox") if isinstance(geo, dict) else None
    return tuple(bounds) if isinstance(bounds, list) and len(bounds) == 4 else None


def _split(keys: Keys, line: bytes) -> Parts:
    if keys["data"].startswith(b"["):
        return [("x_v2", part) for part in split_page(orjson.loads(line))]
    return [("x_v2", line)]


FORMAT = Format(
    network="x",
    title="X v2 line, page or flattened",
    keys=(("data",),),
    notices=("errors", "meta"),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v2": parse_line},
)

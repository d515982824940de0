"""X API v2, flattened: posts as twarc2 flattens them, with all that a post refers to inside the post itself."""

import msgspec

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import Post
from ingest.formats.x_v2 import LONGEST_TEXT, Content, Includes, Twarc, Tweet, User, add_more_of, to_post


class FlatReference(Content, kw_only=True):
    """A reference in a flattened post: its type, and the fields of the referenced post."""

    type: str
    text: str | None = None  # type: ignore[assignment]  # absent where X could not find the post
    author: User | None = None


class FlatTweet(Tweet, kw_only=True):
    author: User | None = None
    in_reply_to_user: User | None = None
    referenced_tweets: list[FlatReference] | None = None  # type: ignore[assignment]  # here: full posts
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)


_FLAT = msgspec.json.Decoder(FlatTweet)


def parse_flat(payload: bytes) -> Post:
    """Returns a flattened post: its author, the posts that it refers to and its place stand inside the post itself."""
    tweet = _FLAT.decode(payload)
    references = tweet.referenced_tweets or []
    users = {u.id: u for u in (tweet.author, tweet.in_reply_to_user, *(r.author for r in references)) if u}
    tweets: dict[str, Content] = {r.id: r for r in references if r.text is not None}
    post = to_post(tweet, users, tweets, {}, tweet.twarc)
    add_more_of(post, tweets.get(post.retweet_of or "") or tweet, Includes())
    return post


def _split(_keys: Keys, line: bytes) -> Parts:
    return [("x_v2_flat", line)]


FORMAT = Format(
    network="x",
    keys=(("author_id",), ("author",)),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v2_flat": parse_flat},
)

"""X API v2, flattened: posts with all that they refer to inside, as twarc2, 4CAT and dumps of tweepy have them.

What could not be found is `{}` in twarc2's posts, and `{"error": …}` in 4CAT's. 4CAT names the author `author_user`.
"""

import msgspec

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.post import Post
from ingest.formats.x_text import LONGEST_TEXT
from ingest.formats.x_v2 import to_post
from ingest.formats.x_v2_more_text import add_more_of
from ingest.formats.x_v2_objects import Content, Includes, Twarc, Tweet, User


class FlatReference(Content, kw_only=True):
    """A reference in a flattened post: its type, and the fields of the referenced post."""

    type: str
    text: str | None = None  # type: ignore[assignment]  # absent where X could not find the post
    author: User | None = None
    author_user: User | None = None


class FlatTweet(Tweet, kw_only=True):
    author_id: str = ""  # a dump may have it in the author alone
    author: User | None = None
    author_user: User | None = None
    in_reply_to_user: User | None = None
    referenced_tweets: list[FlatReference] | None = None  # type: ignore[assignment]  # here: full posts
    twarc: Twarc | None = msgspec.field(name="__twarc", default=None)


_FLAT = Lenient(FlatTweet)


def parse_flat(payload: bytes) -> Post:
    """Returns a flattened post: its author, the posts that it refers to and its place stand inside the post itself."""
    tweet = _FLAT.decode(payload)
    references = tweet.referenced_tweets or []
    author = tweet.author_user or tweet.author
    tweet.author_id = tweet.author_id or (author.id if author else "")
    people = (tweet.in_reply_to_user, *(r.author_user or r.author for r in references))
    users = {user.id: user for user in (author, *people) if user}
    tweets: dict[str, Content] = {r.id: r for r in references if r.text is not None}
    post = to_post(tweet, users, tweets, {}, tweet.twarc)
    add_more_of(post, tweets.get(post.retweet_of or "") or tweet, Includes())
    return post


def _split(_keys: Keys, line: bytes) -> Parts:
    return [("x_v2_flat", line)]


FORMAT = Format(
    network="x",
    keys=(("author_id",), ("author",), ("author_user",), ("edit_history_tweet_ids",)),
    split=_split,
    longest_text=LONGEST_TEXT,
    parsers={"x_v2_flat": parse_flat},
)

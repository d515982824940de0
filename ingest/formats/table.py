"""Rows of tables (CSV, TSV, Parquet), as `replay` queues them: the facts of one row, under the names of a Post.

A row has passed a column map (ingest/replay/tables). What a table does not say is taken from the text: the hashtags,
the mentions, and who is retweeted (`RT @name:`) or answered (the only @name at the beginning).
"""

from datetime import datetime
from typing import Any

import msgspec

from conf.blanking import HANDLE, X_HANDLE, blank
from conf.folding import bare_handle, fold, fold_tags
from ingest.formats import bluesky, mastodon, x_v2
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import InvalidMessage, Post, as_accounts, set_root, unique
from ingest.formats.x_text import RT, answered_in, earlier_of, names_in, owner_in, tags_in


class Row(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One row. `kind` is set where the row says it, though it may not say which post is meant.

    `hashtags` and `mentions` are None if the table has no such column. Names may have an `@` or `#`, and any case.
    """

    post_id: str
    event_at: datetime
    author_id: str
    text: str
    author: str | None = None
    kind: str | None = None
    lang: str | None = None
    retweet_of: str | None = None
    retweet_of_author: str | None = None
    retweet_of_author_id: str | None = None
    reply_to: str | None = None
    reply_to_author: str | None = None
    reply_to_author_id: str | None = None
    root: str | None = None
    quote_of: str | None = None
    quote_of_author: str | None = None
    quote_of_author_id: str | None = None
    hashtags: list[str] | None = None
    mentions: list[str] | None = None
    urls: list[str] = []
    place: str | None = None
    lat: float | None = None
    lon: float | None = None
    author_followers: int | None = None
    author_following: int | None = None
    author_created_at: datetime | None = None
    collected_at: datetime | None = None
    client: str | None = None
    earlier: list[str] = []


_ROW = msgspec.json.Decoder(Row)
_SAME = (
    *("post_id", "event_at", "author_id", "lang", "retweet_of", "reply_to", "place", "lat", "lon", "author_followers"),
    *("author_following", "author_created_at", "collected_at", "client"),
)
"""The fields that a Post takes as they are."""


def _parse(payload: bytes, source: str) -> Post:
    row = _ROW.decode(payload)
    post = Post(source=source, **{name: getattr(row, name) for name in _SAME})
    post.author = post.author_id if source == "bluesky" else _name(row.author)
    post.said_kind = row.kind
    set_root(post, row.root)
    post.urls = unique(row.urls)
    if len(row.earlier) > 1:
        post.earlier = earlier_of(row.earlier, post.post_id)
    _set_others(post, row)
    _set_content(post, row)
    post.accounts = _accounts(post, row)
    return post


def _set_others(post: Post, row: Row) -> None:
    """Sets who is retweeted, answered or quoted, and the text without `RT @name: `."""
    post.text = row.text
    post.retweet_of_author = _owner(post, row.retweet_of) or _name(row.retweet_of_author)
    post.reply_to_author = _owner(post, row.reply_to) or _name(row.reply_to_author)
    if post.kind == "retweet":
        if post.source == "x" and (prefix := RT.match(row.text)):
            post.text = row.text[prefix.end() :]
            post.retweet_of_author = post.retweet_of_author or prefix[1].lower()
        return  # a quote is the retweeted post's
    post.quote_of, post.quote_of_author = row.quote_of, _owner(post, row.quote_of) or _name(row.quote_of_author)
    if post.source != "x":
        return
    if post.quote_of and post.quote_of_author is None:
        post.quote_of_author = owner_in(post.urls, post.quote_of)
    if post.kind == "reply" and post.reply_to_author is None:
        post.reply_to_author = _answered(post, row)


def _owner(post: Post, other: str | None) -> str | None:
    """Returns the author of another post where its id says it, as on Bluesky."""
    return other.partition("/")[0] if other and post.source == "bluesky" else None


def _accounts(post: Post, row: Row) -> list[str]:
    """Returns the ids that the row tells of the accounts that it retweets, answers or quotes."""
    if not (row.retweet_of_author_id or row.reply_to_author_id or row.quote_of_author_id):
        return []
    ids = {post.retweet_of_author: row.retweet_of_author_id, post.reply_to_author: row.reply_to_author_id}
    ids[post.quote_of_author] = row.quote_of_author_id
    return as_accounts({handle: account_id for handle, account_id in ids.items() if handle})


def _answered(post: Post, row: Row) -> str | None:
    """Returns who is answered, where no column names them: oneself, or the only @name at the text's beginning."""
    if row.reply_to_author_id == post.author_id:
        return post.author
    return answered_in(post.text)


def _set_content(post: Post, row: Row) -> None:
    """Sets hashtags and mentions. A retweet's lists may be those of its clipped text, so its text is read, too."""
    is_retweet = post.kind == "retweet"
    tags = row.hashtags or []
    if row.hashtags is None or is_retweet:
        tags = tags + tags_in(post.text)
    retweeted = post.retweet_of_author if is_retweet else None  # some tools list it first, as the text begins with it
    mentions = [name for name in map(_name, row.mentions or ()) if name and name != retweeted]
    if post.source == "x" and (row.mentions is None or is_retweet):
        mentions += names_in(post.text)
    post.hashtags = fold_tags(tags)
    post.mentions = unique(mentions)
    post.folded = fold(blank(post.text, (), X_HANDLE if post.source == "x" else HANDLE))


def _name(value: str | None) -> str | None:
    """Returns a handle as Posts have it."""
    return bare_handle(value) or None if value else None


def _split(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a row of a table, not a line of a capture")


def _format(network: str, longest_text: int) -> Format:
    def parse_row(payload: bytes) -> Post:
        return _parse(payload, network)

    return Format(
        network=network, keys=(), split=_split, longest_text=longest_text, parsers={f"table_{network}": parse_row}
    )


LONGEST: dict[str, Any] = {module.FORMAT.network: module.FORMAT.longest_text for module in (x_v2, bluesky, mastodon)}
"""The most characters of a post's text, by network."""
FORMATS = tuple(_format(network, longest) for network, longest in LONGEST.items())
"""One format for each network."""

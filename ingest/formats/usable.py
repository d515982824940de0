"""Tells at once that a whole post can be used as it is: nearly all can, and to check each field takes much longer.

`checked` decides what becomes of the others. It would change nothing of a post that is usable here: a test holds this.
"""

from typing import Annotated, Literal

import msgspec

from ingest.formats.limits import (
    LARGEST,
    LONGEST_ACCOUNT,
    LONGEST_LANG,
    LONGEST_MORE,
    LONGEST_NAME,
    LONGEST_URL,
    LONGEST_X_ID,
    MOST_EARLIER,
    MOST_ITEMS,
    is_time,
    is_x_id,
)
from ingest.formats.post import LAST_VERSION, Post

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
_Lang = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_LANG)]
_More = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_MORE)]
_Label = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_URL)]
_Account = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ACCOUNT)]
_XId = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_X_ID)]
_Items = msgspec.Meta(max_length=MOST_ITEMS)
_Number = Annotated[int, msgspec.Meta(gt=-LARGEST, lt=LARGEST)]


class _Usable(msgspec.Struct):
    """A post's fields, without its times and its place's point and bounds."""

    source: Literal["x", "bluesky", "mastodon"]
    post_id: _Name
    author_id: _Name
    text: str
    folded: str
    author: _Name | None
    retweet_of: _Name | None
    retweet_of_author: _Name | None
    reply_to: _Name | None
    reply_to_author: _Name | None
    root: _Name | None
    quote_of: _Name | None
    quote_of_author: _Name | None
    text_more: _More | None
    folded_cards: _More | None
    folded_alt: _More | None
    hashtags: Annotated[list[_Name], _Items]
    mentions: Annotated[list[_Name], _Items]
    accounts: Annotated[list[_Account], _Items]
    urls: Annotated[list[_Url], _Items]
    media: Annotated[list[_Url], _Items]
    languages: Annotated[list[_Lang], _Items] | None
    earlier: Annotated[list[_Name], msgspec.Meta(max_length=MOST_EARLIER)]
    lang: _Lang | None
    place: _Label | None
    client: _Label | None
    author_followers: _Number | None
    author_following: _Number | None
    version_us: _Number | None
    author_is_bot: bool | None
    is_update: bool
    said_kind: Literal["original", "retweet", "reply", "quote"] | None
    parser: Annotated[int, msgspec.Meta(ge=1, le=LAST_VERSION)]


class _UsableOfX(_Usable):
    """The same, with ids as long as those of X; a pattern for their digits would take as long as all the rest."""

    post_id: _XId
    author_id: _XId
    retweet_of: _XId | None
    reply_to: _XId | None
    root: _XId | None
    quote_of: _XId | None


def is_usable_as_it_is(post: Post) -> bool:
    """Returns whether all of a post but `lat`, `lon` and `box` can be used as it is.

    False also where that takes a closer look.
    """
    is_of_x = post.source == "x"
    try:
        msgspec.convert(post, _UsableOfX if is_of_x else _Usable, from_attributes=True)
    except (msgspec.ValidationError, OverflowError):
        return False
    if is_of_x and not _has_ids_of_x(post):
        return False
    opened, collected = post.author_created_at, post.collected_at
    return (
        is_time(post.event_at)
        and (opened is None or is_time(opened))
        and (collected is None or is_time(collected))
        # The conversion takes tuples and sets for lists, too.
        and type(post.hashtags) is type(post.mentions) is type(post.accounts) is list
        and type(post.urls) is type(post.media) is type(post.earlier) is list
        and (post.languages is None or type(post.languages) is list)
    )


def _has_ids_of_x(post: Post) -> bool:
    """Returns whether the ids of a post and of its accounts are digits. All of them must be texts, or None."""
    ids = "".join(
        [post.post_id, post.author_id, *filter(None, (post.retweet_of, post.reply_to, post.root, post.quote_of))]
    )
    return ids.isascii() and ids.isdecimal() and all(is_x_id(account.partition(" ")[0]) for account in post.accounts)

"""The one place where the type, the length and the range of every field of a post are checked.

Strangers choose what is in a post, and a format's parser may pass a part on as it came. A post without a usable id,
author, time or text is refused. Any other part that can't be used is left out, or shortened if it is only a label.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from conf.tables import KINDS, NETWORKS
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
from ingest.formats.post import LAST_VERSION, PARSER_VERSION, Deletion, InvalidMessage, Lost, Name, Post
from ingest.formats.usable import is_usable_as_it_is

LONGEST_HANDLE = 253
_HANDLE = re.compile(r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")


def checked(post: Post, longest_text: int) -> Post:
    """Checks every field of a post and returns the post, without the parts that can't be used.

    Raises InvalidMessage for a post without a usable id, author, time or text. A text may have `longest_text`
    characters.
    """
    if type(post.text) is str and len(post.text) > longest_text:
        length = f"{len(post.text):,} characters, {post.source} allows {longest_text:,}"
        raise InvalidMessage(f"over-long text: {length}")
    required, optional = (_REQUIRED_OF_X, _OPTIONAL_OF_X) if post.source == "x" else (_REQUIRED, _OPTIONAL)
    if is_usable_as_it_is(post):
        if post.lat is None and post.lon is None and post.box is None:
            return post
        required, optional = (), _OF_PLACE
    for name, is_usable, problem in required:
        value = getattr(post, name)
        if not is_usable(value):
            raise InvalidMessage(f"{_empty(value)}{name.replace('_', ' ')}{'' if value == '' else problem}")
    for name, usable in optional:
        value = getattr(post, name)
        if value is not None:
            setattr(post, name, usable(value))
    if post.lat is None or post.lon is None:
        post.lat = post.lon = None
    return post


def checked_deletion(deletion: Deletion) -> Deletion:
    """Returns a deletion. Raises InvalidMessage if its id or author is not usable."""
    names = [name for name in (deletion.post_id, deletion.author, deletion.author_id) if name is not None]
    if not names or not all(map(_is_name, names)):
        raise InvalidMessage(f"a deletion whose id or author is empty or over {LONGEST_NAME} characters")
    if deletion.source == "x":
        for x_id in (deletion.post_id, deletion.author_id):
            if x_id is not None and not is_x_id(x_id):
                raise InvalidMessage(f"the id {x_id[:40]!r}{_NO_X_ID}")
    for at in (deletion.at, deletion.said_at, deletion.until):
        if at is not None and not is_time(at):
            raise InvalidMessage(f"a deletion of a post of {at.year}")
    return deletion


def checked_name(name: Name) -> Name:
    """Returns a notice of a handle; a handle that can't be one counts as none. Raises InvalidMessage without an id."""
    if not _is_name(name.author_id) or not is_time(name.at):
        raise InvalidMessage("a handle of no account, or told at no time")
    return replace(name, handle=as_handle(name.handle))


def as_handle(value: object) -> str | None:
    """Returns a Bluesky handle in lower case; None for any other value, and where the network finds it invalid.

    https://atproto.com/specs/handle
    """
    if type(value) is not str or len(value) > LONGEST_HANDLE or not _HANDLE.fullmatch(value):
        return None
    return None if value.lower() == "handle.invalid" else value.lower()


def checked_loss(lost: Lost) -> Lost:
    """Returns a loss. Raises InvalidMessage if its time or number is not usable."""
    if not (lost.at is None or is_time(lost.at)) or _count(lost.posts) is None or lost.posts < 0:
        raise InvalidMessage("a loss whose time or number is not usable")
    return lost


def _is_x_account(value: object) -> bool:
    """Returns whether it is an id of X or, from a table without the authors' ids, `@` and the handle."""
    return is_x_id(value) or (type(value) is str and _X_ACCOUNT.fullmatch(value) is not None)


def _x_id(value: object) -> object:
    return value if is_x_id(value) else None


def _x_accounts(values: object) -> list[str]:
    return [value for value in _accounts(values) if is_x_id(value.partition(" ")[0])]


def _empty(value: object) -> str:
    return "empty " if value == "" else "the "


def _is_short(value: object, longest: int) -> bool:
    return type(value) is str and 0 < len(value) <= longest


def _is_name(value: object) -> bool:
    return _is_short(value, LONGEST_NAME)


def _is_text(value: object) -> bool:
    return type(value) is str


def _short(longest: int) -> Callable[[str | None], str | None]:
    return lambda value: value if _is_short(value, longest) else None


def shortened(text: str, longest: int) -> str:
    """Returns the first `longest` characters, without the word that they cut: half a word could be another word."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    return cut if text[longest].isspace() else cut.rsplit(None, 1)[0]


def _more(value: object) -> str | None:
    return (shortened(value, LONGEST_MORE) or None) if type(value) is str else None


def _label(value: object) -> str | None:
    return value[:LONGEST_NAME] if type(value) is str else None


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) and is_time(value) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and -LARGEST < value < LARGEST else None


def _is_true(value: object) -> bool | None:
    return value if type(value) is bool else None


def _degrees(most: float) -> Callable[[object], float | None]:
    def usable(value: object) -> float | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        # Compared before it is converted: a whole number may have more digits than a float can have.
        return float(value) if -most <= value <= most else None

    return usable


def _list(longest: int, most: int) -> Callable[[object], list[str]]:
    def usable(values: object) -> list[str]:
        if type(values) is not list:
            return []
        return [value for value in values if _is_short(value, longest)][:most]

    return usable


def _box(value: object) -> tuple[float, float, float, float] | None:
    """Returns the bounds of a place (west, south, east, north) if all four are degrees, else None."""
    if type(value) is not tuple or len(value) != len(_BOUNDS):
        return None
    west, south, east, north = (usable(bound) for usable, bound in zip(_BOUNDS, value, strict=True))
    if west is None or south is None or east is None or north is None or south > north:
        return None
    return west, south, east, north


_accounts = _list(LONGEST_ACCOUNT, MOST_ITEMS)
_BOUNDS = (_degrees(180), _degrees(90), _degrees(180), _degrees(90))
_X_ACCOUNT = re.compile(r"@[a-z0-9_]{1,50}")
_NO_X_ID = (
    f" is no id of X, which is digits only, at most {LONGEST_X_ID}: a spreadsheet or a program may have rounded it"
)
_A_NAME = f" is no text of 1 to {LONGEST_NAME} characters"
_REQUIRED: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    ("source", lambda value: value in NETWORKS, " is no network"),
    ("post_id", _is_name, _A_NAME),
    ("author_id", _is_name, _A_NAME),
    ("event_at", is_time, " is no time between 1970 and 9998 with a time zone"),
    ("text", _is_text, " is no text"),
    ("folded", _is_text, " is no text"),
)
"""The fields without which there is no post, in the order in which they are checked."""
_OF_PLACE: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("lat", _degrees(90)),
    ("lon", _degrees(180)),
    ("box", _box),
)
_OPTIONAL: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    *(
        (name, _short(LONGEST_NAME))
        for name in ("author", "retweet_of", "retweet_of_author", "reply_to", "reply_to_author", "root")
    ),
    *((name, _short(LONGEST_NAME)) for name in ("quote_of", "quote_of_author")),
    *((name, _more) for name in ("text_more", "folded_cards", "folded_alt")),
    *((name, _label) for name in ("place", "client")),
    *((name, _list(LONGEST_NAME, MOST_ITEMS)) for name in ("hashtags", "mentions")),
    *((name, _list(LONGEST_URL, MOST_ITEMS)) for name in ("urls", "media")),
    ("accounts", _accounts),
    ("languages", _list(LONGEST_LANG, MOST_ITEMS)),
    ("earlier", _list(LONGEST_NAME, MOST_EARLIER)),
    ("lang", _short(LONGEST_LANG)),
    *((name, _count) for name in ("author_followers", "author_following", "version_us")),
    *((name, _time) for name in ("author_created_at", "collected_at")),
    *((name, _is_true) for name in ("author_is_bot", "is_update")),
    ("said_kind", lambda value: value if value in KINDS else None),
    ("parser", lambda value: value if type(value) is int and 0 < value <= LAST_VERSION else PARSER_VERSION),
    *_OF_PLACE,
)
"""All other fields, with what returns the part of the value that can be used."""
_IDS_OF_X = {"post_id": is_x_id, "author_id": _is_x_account}
_REQUIRED_OF_X = tuple(
    (name, _IDS_OF_X[name], _NO_X_ID) if name in _IDS_OF_X else (name, is_usable, problem)
    for name, is_usable, problem in _REQUIRED
)
_OF_X = {**dict.fromkeys(("retweet_of", "reply_to", "root", "quote_of"), _x_id), "accounts": _x_accounts}
_OPTIONAL_OF_X = tuple((name, _OF_X.get(name, usable)) for name, usable in _OPTIONAL)
UNCHECKED = {*Post.__struct_fields__} - {name for name, *_ in (*_REQUIRED, *_OPTIONAL)}
"""The fields that nothing checks: none. A test holds this."""

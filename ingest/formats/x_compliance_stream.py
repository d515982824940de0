"""X API v2's streams of compliance events: what has become of a post, or of an account.

Events: https://docs.x.com/x-api/compliance/streams/introduction. That a post is withheld in some countries, or was
edited, changes nothing here: an edit comes as a post of its own.
"""

import re
from datetime import datetime
from typing import Annotated

import msgspec

from conf.snowflakes import x_made_at
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.post import PLACE, Becomes, Deletion, InvalidMessage

_BECOMES: dict[str, Becomes] = {
    **{"delete": "deleted", "drop": "hidden", "undrop": "shown"},
    **{"user_delete": "hidden", "user_protect": "hidden", "user_suspend": "hidden"},
    **{"user_undelete": "shown", "user_unprotect": "shown", "user_unsuspend": "shown"},
}
_OTHER = ("withheld", "tweet_edit", "user_withheld", "user_profile_modification")
_KNOWN = re.compile(rb'\{\s*"(' + "|".join((*_BECOMES, "scrub_geo", *_OTHER)).encode() + rb')"')


class Named(msgspec.Struct):
    id: str


class Event(msgspec.Struct):
    tweet: Named | None = None
    user: Named | None = None
    up_to_tweet_id: str = ""
    event_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Line(msgspec.Struct):
    data: dict[str, msgspec.Raw]


_LINE, _EVENT = msgspec.json.Decoder(Line), Lenient(Event)


def parse_event(payload: bytes) -> Deletion:
    """Returns what becomes of a post, or of an account's posts: X keeps a deleted account for 30 days."""
    [(what, said)] = _LINE.decode(payload).data.items()
    event = _EVENT.decode(bytes(said))
    post_id = event.tweet.id if event.tweet else None
    author_id = event.user.id if event.user else None
    if what == "scrub_geo":
        return Deletion(source="x", author_id=author_id, until=x_made_at(event.up_to_tweet_id), fields=PLACE)
    if what not in _BECOMES:
        raise InvalidMessage(f"unknown event: {what[:60]!r}")
    return Deletion(source="x", post_id=post_id, author_id=author_id, becomes=_BECOMES[what], said_at=event.event_at)


def _split(keys: Keys, line: bytes) -> Parts | None:
    found = _KNOWN.match(keys["data"])
    if found is None or len(_LINE.decode(line).data) != 1:  # a post may begin with `withheld`, too
        return None
    return [] if found[1].decode() in _OTHER else [("x_compliance_event", line)]


FORMAT = Format(network="x", keys=(("data",),), split=_split, deletions={"x_compliance_event": parse_event})

"""Notices of X API v1.1's streams: what was deleted, what became of an account, how many posts were left out."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from conf.snowflakes import x_made_at
from ingest.formats.format import Format, Keys, Parts
from ingest.formats.lenient import Lenient
from ingest.formats.post import PLACE, Deletion, InvalidMessage, Lost


class Limit(msgspec.Struct):
    track: int
    timestamp_ms: int | str | None = None


class LimitNotice(msgspec.Struct):
    limit: Limit


class Deleted(msgspec.Struct):
    id_str: str


class DeletedStatus(msgspec.Struct):
    status: Deleted | None = None
    direct_message: dict[str, Any] | None = None
    favorite: dict[str, Any] | None = None

    @property
    def is_no_post(self) -> bool:
        """Whether a message or a like is deleted, of which nothing is stored."""
        return self.status is None and not (self.direct_message is None and self.favorite is None)


class Notice(msgspec.Struct):
    delete: DeletedStatus


class Concerned(msgspec.Struct):
    id: int | str | None = None
    id_str: str | None = None
    user_id: int | str | None = None
    user_id_str: str | None = None
    up_to_status_id_str: str | None = None

    @property
    def name(self) -> str:
        """The account's id."""
        return str(self.id_str or self.user_id_str or self.id or self.user_id or "")


_NOTICE, _LIMIT = Lenient(Notice), Lenient(LimitNotice)
_USERS = msgspec.json.Decoder(dict[str, Concerned])
HIDES = ("user_delete", "user_protect", "user_suspend")
"""Notices about an account, each of which another one takes back: X keeps a deleted account for 30 days."""
SHOWS = ("user_undelete", "user_unprotect", "user_unsuspend")


def parse_deletion(payload: bytes) -> Deletion:
    """Returns the post that a deletion notice of the v1.1 stream names."""
    status = _NOTICE.decode(payload).delete.status
    if status is None:
        raise InvalidMessage("a deletion that names no post")
    return Deletion(source="x", post_id=status.id_str)


def parse_user_notice(payload: bytes) -> Deletion:
    """Returns what becomes of an account's posts by a notice of the v1.1 stream.

    https://developer.x.com/en/docs/x-api/enterprise/compliance-firehose-api
    """
    [(what, user)] = _USERS.decode(payload).items()
    if what == "scrub_geo":
        until = x_made_at(user.up_to_status_id_str or "")
        return Deletion(source="x", author_id=user.name, until=until, fields=PLACE)
    return Deletion(source="x", author_id=user.name, becomes="hidden" if what in HIDES else "shown")


def parse_limit(payload: bytes) -> Lost:
    """Returns how many posts X has left out since the connection began, as a `limit` notice says.

    Those of the oldest captures do not say when.
    """
    limit = _LIMIT.decode(payload).limit
    at = None if limit.timestamp_ms is None else datetime.fromtimestamp(int(limit.timestamp_ms) / 1000, UTC)
    return Lost(at, limit.track)


def _split(keys: Keys, line: bytes) -> Parts | None:
    if not keys.keys().isdisjoint((*HIDES, *SHOWS, "scrub_geo")):
        return [("x_v11_user", line)]
    if "delete" in keys:
        return [] if _NOTICE.decode(line).delete.is_no_post else [("x_v11_delete", line)]
    return [("x_v11_limit", line)] if keys.keys() == {"limit"} else None


FORMAT = Format(
    network="x",
    keys=(("delete",), ("limit",), *((name,) for name in (*HIDES, *SHOWS, "scrub_geo"))),
    notices=(
        *("warning", "disconnect", "status_withheld", "user_withheld", "friends", "friends_str", "info", "control"),
        *("event", "for_user"),
    ),
    split=_split,
    deletions={"x_v11_delete": parse_deletion, "x_v11_user": parse_user_notice},
    losses={"x_v11_limit": parse_limit},
)

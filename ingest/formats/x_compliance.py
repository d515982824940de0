"""X's batch compliance: rows of a result, each of which says what has become of one post, or of one account.

Row model: https://docs.x.com/x-api/compliance. `comply` reads them; in a capture they are refused.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import PLACE, Becomes, Deletion, InvalidMessage


class Row(msgspec.Struct):
    id: str
    action: str
    created_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    redacted_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    reason: str = ""


_ROW = msgspec.json.Decoder(Row)
_PASSING = ("deactivated", "suspended", "protected")
"""Reasons that lie in the author's account, and can pass."""


def parse_row(payload: bytes) -> Deletion:
    """Returns the deletion in a row of a result for posts.

    For `scrub_geo` only the place is deleted. A post whose author is deactivated, suspended or protected is hidden.
    Raises InvalidMessage for any other action than `scrub_geo` and `delete`.
    """
    row = _ROW.decode(payload)
    if "scrub_geo" in (row.action, row.reason):
        return Deletion(source="x", post_id=row.id, at=row.created_at, fields=PLACE)
    if row.action != "delete":
        raise InvalidMessage(f"unknown action: {row.action[:60]!r}")
    becomes: Becomes = "hidden" if row.reason in _PASSING else "deleted"
    return Deletion(source="x", post_id=row.id, at=row.created_at, becomes=becomes)


def parse_user(payload: bytes) -> Deletion:
    """Returns what becomes of an account's posts by a row of a result for users.

    A deleted account's posts are deleted, those of a deactivated, suspended or protected one are hidden. For
    `scrub_geo` only the places are deleted. Raises InvalidMessage for any other action than `scrub_geo` and `delete`.
    """
    row = _ROW.decode(payload)
    if "scrub_geo" in (row.action, row.reason):
        return Deletion(source="x", author_id=row.id, until=row.redacted_at, fields=PLACE)
    if row.action != "delete":
        raise InvalidMessage(f"unknown action: {row.action[:60]!r}")
    if row.reason in _PASSING:
        return Deletion(source="x", author_id=row.id, becomes="hidden")
    return Deletion(source="x", author_id=row.id, until=row.redacted_at)


def _split(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a compliance row, not a post: `.venv/bin/python -m ingest comply FILE` applies it")


FORMAT = Format(
    network="x",
    keys=(("action",),),
    split=_split,
    deletions={"x_compliance": parse_row, "x_compliance_user": parse_user},
)

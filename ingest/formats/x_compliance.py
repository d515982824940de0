"""X's batch compliance: rows of a result, each of which says what has become of one post.

Row model: https://docs.x.com/x-api/compliance. `comply` reads them; in a capture they are refused.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import Deletion, InvalidMessage


class Row(msgspec.Struct):
    id: str
    action: str
    created_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    reason: str = ""


_ROW = msgspec.json.Decoder(Row)


def parse_row(payload: bytes) -> Deletion:
    """Returns the deletion in a row of a result for posts.

    For `scrub_geo` only the place is deleted. Raises InvalidMessage for any other action than that and `delete`.
    """
    row = _ROW.decode(payload)
    if "scrub_geo" in (row.action, row.reason):
        return Deletion(source="x", post_id=row.id, at=row.created_at, fields=("place", "lat", "lon"))
    if row.action != "delete":
        raise InvalidMessage(f"unknown action: {row.action[:60]!r}")
    return Deletion(source="x", post_id=row.id, at=row.created_at)


def _split(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a compliance row, not a post")


FORMAT = Format(network="x", keys=(("action",),), split=_split, deletions={"x_compliance": parse_row})

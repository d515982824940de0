"""Looks at the first rows of a table before any is queued: a wrong map, or a destroyed file, is told at once."""

from collections.abc import Iterable
from itertools import islice

from conf.errors import PulsoError
from ingest.formats import Refused, parse
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.replay.tables.cells import ROUNDED, is_rounded
from ingest.replay.tables.delimited import Broken, Record
from ingest.replay.tables.facts import Facts

ROWS = 200
"""Rows that are looked at, at most."""
_FEW_BY_CHANCE = 3
"""One X id in 10,000 ends in four zeros by chance; so many of them in so few rows do not."""


def preview(file: str, records: Iterable[Record], facts: Facts) -> None:
    """Raises PulsoError if none of the first rows can be read, or if a spreadsheet has rounded their ids."""
    ids: list[str] = []
    reasons: list[str] = []
    for record in islice(records, ROWS):
        try:
            ids.append(_id_of(record, facts))
        except MALFORMED as error:
            reasons.append(f"row {record.number}: {reason_of(error)}")
        except _Unread as unread:
            reasons += [f"row {record.number}: {unread}"] if str(unread) else []
    if reasons and not ids:
        raise PulsoError(
            f"{file}: nothing of it is queued, since none of its first {len(reasons):,} rows can be read; {reasons[0]}"
        )
    rounded = sum(map(is_rounded, ids))
    if rounded >= _FEW_BY_CHANCE and rounded * 5 > len(ids):
        raise PulsoError(
            f"{file}: nothing of it is queued, since {rounded:,} of its first {len(ids):,} ids end in zeros: "
            f"id {ids[0]!r} {ROUNDED}"
        )


class _Unread(Exception):
    """Why a row holds no post; empty for an empty row."""


def _id_of(record: Record, facts: Facts) -> str:
    if isinstance(record.cells, Broken):
        raise _Unread(record.cells.reason)
    if record.is_empty:
        raise _Unread
    part = facts.unit(record.cells)
    if isinstance(part, Refused):
        raise _Unread(part.reason)
    return parse(part.format, part.payload).post_id

"""Encodes values for Cassandra's native protocol (v5).

The driver's own binding takes longer than parsing a post. So code that writes many rows encodes the values itself, by
their declared types. A test compares the bytes with the driver's.
"""

import struct
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal() - 2**31
_MILLISECOND = timedelta(milliseconds=1)
_INT, _BIGINT, _DOUBLE, _DATE = (struct.Struct(f">{code}").pack for code in "iqdI")
_HEADS = [_INT(length).decode() for length in range(128)]
"""The lengths that texts have before them, by length; longer ones are not ASCII."""


def bigint(value: int) -> bytes:
    """Returns the bytes of a 64-bit integer, such as a write time in µs. Raises struct.error if it does not fit."""
    return _BIGINT(value)


def _timestamp(at: datetime) -> bytes:
    return _BIGINT((at - _EPOCH) // _MILLISECOND)


def _day(day: date) -> bytes:
    return _DATE(day.toordinal() - _EPOCH_DAY)


def _texts(values: Collection[str]) -> bytes:
    try:
        joined = "".join([_HEADS[len(value)] + value for value in values])
        if joined.isascii():  # each text has as many bytes as characters, so all are encoded at once
            return _INT(len(values)) + joined.encode()
    except IndexError:
        pass
    encoded = [value.encode() for value in values]
    return b"".join([_INT(len(encoded)), *[part for value in encoded for part in (_INT(len(value)), value)]])


def _timeuuid(value: uuid.UUID) -> bytes:
    return value.bytes


ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "text": str.encode,
    "int": _INT,
    "bigint": _BIGINT,
    "double": _DOUBLE,
    "boolean": struct.Struct(">?").pack,
    "timestamp": _timestamp,
    "date": _day,
    "timeuuid": _timeuuid,
    "frozen<list<text>>": _texts,
    "set<text>": _texts,
}
"""Encoders by CQL type. Raise struct.error or OverflowError for a number or date that Cassandra can't hold."""

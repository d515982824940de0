"""Messages of Hive's protocol (Thrift, binary), as far as the front must know them: which call, and where it ends.

Programs may give options to a session and to a statement, in a map. Among them are options of Spark's, and of Java's
own process; so these maps are cut out of the messages.
"""

import struct
from collections.abc import Iterator

VERSION = 0x8001
CALL, ONEWAY = 1, 4
STOP, BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
_SIZES = {BOOL: 1, BYTE: 1, DOUBLE: 8, I16: 2, I32: 4, I64: 8}
DEEPEST = 16
CALLS = frozenset(
    {
        *("OpenSession", "CloseSession", "GetInfo", "ExecuteStatement", "GetTypeInfo", "GetCatalogs", "GetSchemas"),
        *("GetTables", "GetTableTypes", "GetColumns", "GetFunctions", "GetPrimaryKeys", "GetCrossReference"),
        *("GetOperationStatus", "CancelOperation", "CloseOperation", "GetResultSetMetadata", "FetchResults"),
        *("GetQueryId", "SetClientInfo"),
    }
)
"""The calls that go through."""
OPTIONS = {("OpenSession", 1, 4), ("ExecuteStatement", 1, 3)}
"""Where the maps of options are: a call, its argument, and a field of that."""


class NotOurs(Exception):
    """A message that is not whole, or no call that goes through."""


def passed(message: bytes) -> bytes:
    """Returns a message as it may go on: one whole call, without options. Raises NotOurs for all else."""
    try:
        name, start = _begin(message)
        cuts = list(_options(message, name, start))
    except (struct.error, IndexError, UnicodeDecodeError, KeyError) as error:
        raise NotOurs(f"a message that is none ({type(error).__name__})") from None
    for begin, end in reversed(cuts):
        message = message[:begin] + message[end:]
    return message


def _begin(message: bytes) -> tuple[str, int]:
    version, _, kind, size = struct.unpack_from(">HBBi", message)
    if version != VERSION or kind not in (CALL, ONEWAY) or not 0 < size <= 64:
        raise NotOurs("no call of Hive's protocol")
    name = message[8 : 8 + size].decode("ascii")
    if name not in CALLS:
        raise NotOurs(f"the call {name}, which does not go through")
    return name, 8 + size + 4


def _options(message: bytes, name: str, start: int) -> Iterator[tuple[int, int]]:
    """Yields where the options are. Raises NotOurs if the message does not end where its call ends."""
    at = start
    while (kind := message[at]) != STOP:
        (argument,) = struct.unpack_from(">h", message, at + 1)
        if kind != STRUCT:
            at = _end(message, at + 3, kind)
            continue
        at += 3
        while (inner := message[at]) != STOP:
            (field,) = struct.unpack_from(">h", message, at + 1)
            begin, at = at, _end(message, at + 3, inner)
            if (name, argument, field) in OPTIONS:
                yield begin, at
        at += 1
    if at + 1 != len(message):
        raise NotOurs("more than one call in a frame")


def _end(message: bytes, at: int, kind: int, deep: int = 0) -> int:
    """Returns where a value ends. Raises NotOurs, or an error of reading, if it does not end in the message."""
    if deep > DEEPEST:
        raise NotOurs("a message that is too deep")
    if kind == STRUCT:
        while (inner := message[at]) != STOP:
            at = _end(message, at + 3, inner, deep + 1)
        return at + 1
    if kind in (LIST, SET, MAP):
        return _end_of_many(message, at, kind, deep)
    at += _SIZES[kind] if kind != STRING else 4 + _size(message, at)
    if at > len(message):
        raise NotOurs("a message that is not whole")
    return at


def _end_of_many(message: bytes, at: int, kind: int, deep: int) -> int:
    kinds = message[at : at + (2 if kind == MAP else 1)]
    at += len(kinds)
    count = _size(message, at)
    at += 4
    for _ in range(count):
        for inner in kinds:
            at = _end(message, at, inner, deep + 1)
    return at


def _size(message: bytes, at: int) -> int:
    (size,) = struct.unpack_from(">i", message, at)
    if not 0 <= size <= len(message):
        raise NotOurs("a size that is larger than the message")
    return int(size)

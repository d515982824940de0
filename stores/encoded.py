"""Batches of statements whose values are encoded already, as Cassandra's native protocol has them (v5).

The driver makes an object of each statement and writes its values one by one: for the rows of a post that takes longer
than to parse it. Here, the statement is one run of bytes from the start. A test compares the request with the driver's.
"""

import struct
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from cassandra.protocol import BatchMessage, ProtocolHandler
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, PreparedStatement

packed_int, _SHORT = struct.Struct(">i").pack, struct.Struct(">H").pack
_WRITTEN = struct.Struct(">iqii").pack
NULL, UNSET = packed_int(-1), packed_int(-2)
PREFIX = 4
"""Bytes before each value: its length. An unset value has no more than these."""


def encoded_value(value: bytes) -> bytes:
    """Returns an encoded value as a request has it."""
    return packed_int(len(value)) + value


def written_at(time: int, ttl: int) -> bytes:
    """Returns a write time in µs and a lifetime in seconds as a request has them."""
    return _WRITTEN(8, time, 4, ttl)


def head_of(statement: PreparedStatement) -> bytes:
    """Returns what stands before the values of a prepared statement in a batch."""
    query_id: bytes = statement.query_id
    values = len(statement.column_metadata)
    return b"\x01" + _SHORT(len(query_id)) + query_id + _SHORT(values)


class EncodedBatch(BatchStatement):  # type: ignore[misc]  # it has no types
    """An unlogged batch that takes encoded statements beside the driver's own, for sessions with EncodedRequests."""

    def __init__(self) -> None:
        super().__init__(BatchType.UNLOGGED)

    def add_encoded(self, statement: bytes) -> None:
        """Adds a statement: its `head_of`, and its values as `encoded_value` returns them, or UNSET."""
        self._statements_and_parameters.append((True, b"", statement))

    def send_to(self, keyspace: str, partition: Sequence[bytes]) -> None:
        """Says to which partition the rows belong, by its encoded key: the driver asks a node that has it."""
        self.keyspace, self.routing_key = keyspace, partition


class EncodedRequests(ProtocolHandler):  # type: ignore[misc]  # it has no types
    """For `client_protocol_handler`: the driver's own requests and answers, but for batches with encoded statements."""

    @classmethod
    def encode_message(cls, message: Any, *arguments: Any, **more: Any) -> Any:
        """Returns the bytes of a request."""
        if isinstance(message, BatchMessage) and any(type(values) is bytes for _, _, values in message.queries):
            message = _Message(message)
        return super().encode_message(message, *arguments, **more)


class _Message(BatchMessage):  # type: ignore[misc]  # it has no types
    """A batch, as the driver made it, that writes its statements itself."""

    def __init__(self, made: Any) -> None:
        self.__dict__.update(made.__dict__)

    def send_body(self, file: Any, protocol_version: int) -> None:
        """Writes what the driver writes of a batch without statements, with the statements in their place."""
        around = BytesIO()
        empty = BatchMessage.__new__(BatchMessage)
        empty.__dict__.update(self.__dict__, queries=())
        empty.send_body(around, protocol_version)
        kind, rest = around.getvalue()[:1], around.getvalue()[3:]
        file.write(b"".join((kind, _SHORT(len(self.queries)), *map(_statement, self.queries), rest)))


def _statement(query: tuple[bool, bytes, Any]) -> bytes:
    """Returns a statement of a batch: an encoded one, or a prepared one with values that the driver has encoded."""
    _, query_id, values = query
    if type(values) is bytes:
        return values
    return b"".join((b"\x01", _SHORT(len(query_id)), query_id, _SHORT(len(values)), *_all(values)))


def _all(values: Iterable[bytes | object | None]) -> Iterable[bytes]:
    for value in values:
        if isinstance(value, bytes):
            yield encoded_value(value)
        else:
            yield UNSET if value is UNSET_VALUE else NULL

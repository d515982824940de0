"""Messages of Hive's protocol, built by hand: calls that BI programs send, and calls that a hostile one may send."""

import struct

STRUCT, MAP, STRING, I32 = 12, 13, 11, 8


def call(name: str, *fields: bytes, kind: int = 1) -> bytes:
    """Returns a call with one argument, a struct of these fields."""
    head = struct.pack(">HBBi", 0x8001, 0, kind, len(name)) + name.encode() + struct.pack(">i", 7)
    return head + struct.pack(">bh", STRUCT, 1) + b"".join(fields) + b"\0\0"


def text(number: int, value: str) -> bytes:
    """Returns a field with a text."""
    return struct.pack(">bh", STRING, number) + _text(value)


def number(field: int, value: int) -> bytes:
    """Returns a field with a number."""
    return struct.pack(">bhi", I32, field, value)


def options(field: int, given: dict[str, str]) -> bytes:
    """Returns a field with a map of texts."""
    pairs = b"".join(_text(name) + _text(value) for name, value in given.items())
    return struct.pack(">bhbbi", MAP, field, STRING, STRING, len(given)) + pairs


def nested(depth: int) -> bytes:
    """Returns a field with structs in structs."""
    return struct.pack(">bh", STRUCT, 9) * depth + b"\0" * depth


def framed(message: bytes) -> bytes:
    """Returns a message in its frame."""
    return struct.pack(">I", len(message)) + message


def greeting(status: int, content: bytes) -> bytes:
    """Returns a message of the start of a connection (SASL)."""
    return struct.pack(">BI", status, len(content)) + content


def _text(value: str) -> bytes:
    return struct.pack(">i", len(value.encode())) + value.encode()

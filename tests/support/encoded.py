"""Takes encoded values apart again (`stores/encoded.py`)."""

from typing import Any

from cassandra.query import UNSET_VALUE

from stores.encoded import PREFIX


def values_in(encoded: bytes) -> list[Any]:
    """Returns the encoded values, each by itself; UNSET_VALUE for one that is unset."""
    found, at = list[Any](), 0
    while at < len(encoded):
        size = int.from_bytes(encoded[at : at + PREFIX], signed=True)
        at += PREFIX
        found.append(encoded[at : at + size] if size >= 0 else UNSET_VALUE)
        at += max(0, size)
    return found

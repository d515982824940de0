"""Decodes pages of rows into Arrow columns, many pages at once.

Where a cell begins is known only when the cell before it has been read. So the pages of a group are walked side by
side: each step reads the length of one cell of every page, for all pages in one operation of NumPy. Then each column is
taken out of the bytes as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from readers.whole_days.wire import Page

Numbers = np.ndarray[Any, np.dtype[Any]]
_LENGTH = 4
"""Bytes of the length before a cell; it is -1 for null."""
_FIXED = {
    "bigint": (">i8", pa.int64()),
    "int": (">i4", pa.int32()),
    "double": (">f8", pa.float64()),
    "timestamp": (">i8", pa.timestamp("ms", tz="UTC")),
    "boolean": ("|i1", pa.bool_()),
}
TEXT = pa.large_string()


@dataclass(frozen=True)
class _Cells:
    """Cells of one column, in the order of rows: where each begins in `data`, and its length, -1 for null."""

    data: Numbers
    starts: Numbers
    lengths: Numbers

    @property
    def nulls(self) -> Numbers | None:
        """Which cells are null; None if none is."""
        nulls = self.lengths < 0
        return nulls if nulls.any() else None


def decoded(pages: Sequence[Page], types: Mapping[str, str]) -> pa.Table:
    """Returns the rows of pages as a table, in order; `types` has each column's name and CQL type, in order."""
    full = [page for page in pages if page.rows]
    if not full:
        return pa.table({name: pa.array([], arrow_type(cql)) for name, cql in types.items()})
    data = np.frombuffer(b"".join(page.cells for page in full) + bytes(8), np.uint8)
    starts, lengths = _walk(data, full, len(types))
    return pa.table(
        {
            name: _DECODERS[cql](_Cells(data, starts[number], lengths[number]), cql)
            for number, (name, cql) in enumerate(types.items())
        }
    )


def arrow_type(cql: str) -> pa.DataType:
    """Returns the Arrow type of a CQL type."""
    if cql in _FIXED:
        return _FIXED[cql][1]
    return TEXT if cql == "text" else pa.list_(TEXT)


def _walk(data: Numbers, pages: Sequence[Page], columns: int) -> tuple[Numbers, Numbers]:
    """Returns where each cell begins, and its length, by column and then row by row, page after page."""
    rows = np.array([page.rows for page in pages])
    begins = np.cumsum([0, *(len(page.cells) for page in pages[:-1])])
    order = np.argsort(-rows, kind="stable")  # so that the pages with a row left are always the first ones
    at = begins[order].astype(np.int64)
    most = int(rows.max())
    starts = np.zeros((most, columns, len(pages)), np.int64)
    lengths = np.zeros((most, columns, len(pages)), np.int32)
    words = _words(data)
    left = np.searchsorted(-rows[order], -np.arange(most), side="left")
    for row in range(most):
        active = int(left[row])
        here, row_starts, row_lengths = at[:active], starts[row], lengths[row]
        for column in range(columns):
            length = words[here]
            row_lengths[column, :active] = length
            here += _LENGTH
            row_starts[column, :active] = here
            here += np.maximum(length, 0)
    back = np.argsort(order, kind="stable")
    there = np.arange(most)[None, :] < rows[:, None]

    def by_column(cells: Numbers) -> Numbers:
        return np.stack([cells[:, column, back].T[there] for column in range(columns)])

    return by_column(starts), by_column(lengths)


def _words(data: Numbers) -> Numbers:
    """Returns a view of bytes in which item n is the number in the four bytes from n on."""
    return np.ndarray((len(data) - _LENGTH + 1,), np.dtype(">i4"), data.data, 0, (1,))


def _fixed(cells: _Cells, cql: str) -> pa.Array:
    kind, type_ = _FIXED[cql]
    size = np.dtype(kind).itemsize
    # An empty cell, which CQL allows for every type, is null, too.
    nulls = cells.lengths < size
    begins = np.where(nulls, 0, cells.starts)
    raw = cells.data[begins[:, None] + np.arange(size)]
    values = raw.reshape(-1).view(kind).astype(np.dtype(kind).newbyteorder("="))
    if cql == "boolean":
        values = values != 0
    mask = nulls if nulls.any() else None
    return pa.array(values, mask=mask).cast(type_)


def _texts(cells: _Cells, _cql: str = "text") -> pa.Array:
    """Takes texts out of the bytes, in one copy.

    The bytes are read as an array in which each text is followed by what lies between it and the next one; then every
    second item is taken.
    """
    count = len(cells.starts)
    if not count:
        return pa.array([], TEXT)
    offsets = np.empty(2 * count, np.int64)
    offsets[0::2] = cells.starts
    offsets[1::2] = cells.starts + np.maximum(cells.lengths, 0)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(cells.data)]
    all_ = pa.Array.from_buffers(TEXT, 2 * count - 1, buffers)
    return all_.take(pa.array(np.arange(0, 2 * count, 2), mask=cells.nulls))


def _lists(cells: _Cells, _cql: str) -> pa.Array:
    """Takes lists of texts out: a number of items, then each with its length."""
    words = _words(cells.data)
    nulls = cells.lengths < _LENGTH
    counts = np.where(nulls, 0, words[np.where(nulls, 0, cells.starts)]).astype(np.int64)
    owners = np.flatnonzero(counts)
    at = cells.starts[owners] + _LENGTH
    parts: list[tuple[Numbers, Numbers, Numbers]] = []
    number = 0
    while len(owners):
        length = words[at].astype(np.int64)
        parts.append((owners, at + _LENGTH, length))
        at = at + _LENGTH + np.maximum(length, 0)
        number += 1
        more = counts[owners] > number
        owners, at = owners[more], at[more]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    if not parts:
        values = pa.array([], TEXT)
    else:
        rows, starts, lengths = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        values = _texts(_Cells(cells.data, starts[order], lengths[order]))
    mask = pa.array(nulls) if nulls.any() else None
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=mask)


_DECODERS: Mapping[str, Callable[[_Cells, str], pa.Array]] = {
    **dict.fromkeys(_FIXED, _fixed),
    "text": _texts,
    "frozen<list<text>>": _lists,
}

"""Cuts counts of items into parts, and packs each part into one value, to send it from one Python worker to another.

A part has what is needed to rank the items of one kind in some periods of one length: the counts of these periods, and
of those before with which they are compared. The window is one period, so its items are spread over parts by name.
Spark takes longer to move the counts one by one than it takes to count them; a packed part it moves as it is.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from conf.tables import ITEM_KINDS
from jobs.measures.ballots import Ints
from jobs.measures.item_counts import ANY, Plan

PACKED = "part string, counts binary"
"""The schema of packed parts."""
_SAME = "label"
"""The column that is left out where it is the same as `item`."""


class Part(NamedTuple):
    """The kind of items, the number of the kind of periods, the places of the first period and of that after the last.

    `bucket` tells parts of the same periods apart.
    """

    kind: str
    spans: int
    start: int
    end: int
    bucket: int = 0


def packed(plan: Plan, counts: pa.Table) -> pa.RecordBatch:
    """Returns the parts of the counts of one kind of items and of periods, as PACKED."""
    found = [(" ".join(map(str, part)), _as_bytes(table)) for part, table in _cut(plan, counts) if len(table)]
    names, values = zip(*found, strict=True) if found else ((), ())
    return pa.RecordBatch.from_arrays([pa.array(names, pa.string()), pa.array(values, pa.binary())], ["part", "counts"])


def unpacked(arrived: Iterable[pa.RecordBatch]) -> Iterator[tuple[Part, pa.Table]]:
    """Yields each part with its counts, from batches of PACKED."""
    found: dict[str, list[pa.Buffer]] = defaultdict(list)
    for batch in arrived:
        for name, counts in zip(batch["part"].to_pylist(), batch["counts"], strict=True):
            found[name].append(counts.as_buffer())
    for name in list(found):
        kind, *numbers = name.split(" ")
        yield Part(kind, *map(int, numbers)), pa.concat_tables(_from_bytes(counts) for counts in found.pop(name))


def _cut(plan: Plan, counts: pa.Table) -> Iterator[tuple[Part, pa.Table]]:
    kind, number = counts["kind"][0].as_py(), counts["spans"][0].as_py()
    whole, place = counts.combine_chunks(), counts["place"].to_numpy()
    buckets = plan.parts if plan.spans[number].period == "window" and kind in ITEM_KINDS else 1
    bucket = _buckets(whole["item"].chunk(0), buckets)
    for start, end in _ranges(plan, number):
        inside = (place >= start - plan.before[number]) & (place < end)
        for each in range(buckets):
            wanted = inside & ((bucket == each) | (bucket < 0))
            yield Part(kind, number, start, end, each), whole.filter(pa.array(wanted))


def _ranges(plan: Plan, number: int) -> Iterator[tuple[int, int]]:
    """Yields the first place and the place after the last of each part, all of about the same length.

    They are at least twice as long as the time before with which they are compared, and is counted once more for each.
    """
    first, size, before = plan.first[number], len(plan.spans[number].starts), plan.before[number]
    count = max(1, min(plan.parts, (size - first) // max(1, 2 * before)))
    bounds = np.linspace(first, size, count + 1).astype(int).tolist()
    yield from pairwise(bounds)


def _buckets(items: pa.DictionaryArray, buckets: int) -> Ints:
    """Returns the bucket of each item; -1 for ANY, which every bucket needs."""
    names = items.dictionary.to_pylist()
    found = [-1 if name == ANY else zlib.crc32(name.encode()) % buckets if buckets > 1 else 0 for name in names]
    return np.asarray(np.array(found, np.int64)[items.indices.to_numpy()])


def _as_bytes(table: pa.Table) -> bytes:
    columns = {name: _compact(column.chunk(0)) for name, column in zip(table.column_names, table.columns, strict=True)}
    if columns[_SAME].equals(columns["item"]):
        del columns[_SAME]
    small = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, small.schema) as stream:
        stream.write_table(small)
    return bytes(sink.getvalue())


def _from_bytes(counts: pa.Buffer) -> pa.Table:
    with pa.ipc.open_stream(counts) as stream:
        table = stream.read_all()
    if _SAME not in table.column_names:
        table = table.append_column(_SAME, table["item"])
    return table.select(sorted(table.column_names))


def _compact(column: pa.Array) -> pa.Array:
    """Returns a column without the texts of its dictionary that no row has."""
    if not isinstance(column, pa.DictionaryArray):
        return column
    codes = column.indices.to_numpy()
    used = np.zeros(len(column.dictionary), np.bool_)
    used[codes] = True
    renumbered = (np.cumsum(used) - 1)[codes].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(renumbered), column.dictionary.filter(pa.array(used)))

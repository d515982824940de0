"""Packs edges with names into few rows of integers, so that less data goes to the one process that measures them.

Most bytes of an edge list are names, and each name occurs many times. Each core packs the edges that it already has. In
a chunk, each name is sent once, and an edge is four integers: its graph, the two positions of its ends in the list of
names, and its weight. A chunk consists of two Arrow streams: the names with their hashes, and the edges.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHUNK = 4_000_000
"""A task packs its edges when it has read this many: so a packed row has at most some tens of megabytes."""
PACKED = pa.schema([("bucket", pa.int32()), ("names", pa.binary()), ("edges", pa.binary())])

Unpacked = tuple[pa.Array, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Names, each once, by hash; then for each edge its graph's number, the positions of src and dst, and its weight."""


def packed(batches: Iterable[pa.RecordBatch], bucket_of: np.ndarray) -> Iterator[pa.RecordBatch]:
    """Yields rows of PACKED, one per bucket and chunk.

    `batches` have the columns number, src, dst, src_hash, dst_hash, weight. `bucket_of` is the bucket of each graph, by
    its number.
    """
    held, rows = list[pa.RecordBatch](), 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK:
            yield from _pack(pa.Table.from_batches(held), bucket_of)
            held, rows = [], 0
    if rows:
        yield from _pack(pa.Table.from_batches(held), bucket_of)


def _pack(table: pa.Table, bucket_of: np.ndarray) -> Iterator[pa.RecordBatch]:
    buckets = bucket_of[table["number"].to_numpy()]
    if buckets[0] != buckets[-1] or (buckets != buckets[0]).any():
        order = np.argsort(buckets, kind="stable")
        table, buckets = table.combine_chunks().take(pa.array(order)), buckets[order]
    starts = np.flatnonzero(np.diff(buckets, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(buckets)], strict=True):
        part = table.slice(start, end - start)
        columns = [[int(buckets[start])], *([written] for written in _written(part))]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, PACKED, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=PACKED)


def _written(part: pa.Table) -> tuple[bytes, bytes]:
    names, hashes = _both_ends(part)
    first, places = _distinct(names, hashes)
    edges = pa.table(
        {
            "number": pc.cast(part["number"], pa.int32()),
            "src": places[: len(part)],
            "dst": places[len(part) :],
            "weight": part["weight"],
        }
    )
    return _stream(pa.table({"name": names.take(first), "hash": hashes.take(first)})), _stream(edges)


def unpacked(names: Sequence[pa.Buffer], edges: Sequence[pa.Buffer]) -> Unpacked:
    """Returns the edges of all rows of a bucket together."""
    chunks, tables = ([_table(blob) for blob in blobs] for blobs in (names, edges))
    ranked, ranks = _ranked(*(chain(*(chunk[column] for chunk in chunks)) for column in ("name", "hash")))
    maps = np.split(ranks, np.cumsum([len(chunk) for chunk in chunks])[:-1])
    src, dst = (
        np.concatenate([m[t[end].to_numpy()] for m, t in zip(maps, tables, strict=True)]) for end in ("src", "dst")
    )
    number, weight = (np.concatenate([t[name].to_numpy() for t in tables]) for name in ("number", "weight"))
    return ranked, number, src, dst, weight


def gathered(batches: Iterable[pa.RecordBatch]) -> Unpacked:
    """Returns all edges of `batches`, which have the columns that `packed` reads, in the form that `unpacked` returns.

    Use it for edges that are measured in the same process.
    """
    table = pa.Table.from_batches(batches)
    names, ranks = _ranked(*_both_ends(table))
    number, weight = (table[name].to_numpy() for name in ("number", "weight"))
    return names, number, ranks[: len(table)], ranks[len(table) :], weight


def _both_ends(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Returns the names and the hashes of src, followed by those of dst."""
    return chain(table["src"], table["dst"]), chain(table["src_hash"], table["dst_hash"])


def _ranked(names: pa.Array, hashes: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Returns each name once, by hash, then by name; and for each row the place of its name in that list."""
    first, places = _distinct(names, hashes)
    distinct = names.take(first)
    order = _in_order(distinct, hashes.take(first))
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return distinct.take(pa.array(order)), rank[places.to_numpy()]


def _in_order(names: pa.Array, hashes: pa.Array) -> np.ndarray:
    """Returns the order of different names: by hash, then by name."""
    numbers = hashes.to_numpy()
    order = np.argsort(numbers)
    if np.diff(numbers[order]).all():
        return order
    by_name = pc.sort_indices(names).to_numpy()
    return np.asarray(by_name[np.argsort(numbers[by_name], kind="stable")])


def _distinct(names: pa.Array, hashes: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Returns the row where each name stands first, and for each row the place of its name among the different names.

    Names are compared by their hashes, which takes a third of the time; if two names have the same hash, by themselves.
    """
    for known_by in (hashes, names):
        encoded = known_by.dictionary_encode()
        places = encoded.indices
        # dictionary_encode numbers the values in the order in which they first occur.
        first = pa.array(np.flatnonzero(np.diff(np.maximum.accumulate(places.to_numpy()), prepend=-1)))
        if known_by is names or names.take(first).take(places).equals(names):
            break
    return first, places


def chain(*columns: pa.ChunkedArray) -> pa.Array:
    """Returns the columns one after the other, as one array."""
    return pa.concat_arrays([chunk for column in columns for chunk in column.chunks])


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _table(blob: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(blob).read_all()

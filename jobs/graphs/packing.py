"""Edges with names, packed into few rows of integers: what makes their way to one process short.

Names are the bulk of an edge list, and each stands in it many times. Packed where the edges lie, by all cores, a
name is sent once a chunk, and an edge as three integers. A chunk is two Arrow streams: the names with their hashes,
and the edges with places in those names.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHUNK = 4_000_000
"""Edges after which a task packs what it has read: bounds a packed row to some tens of megabytes."""
PACKED = pa.schema([("bucket", pa.int32()), ("names", pa.binary()), ("edges", pa.binary())])


def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of bucket, number, src, dst, src_hash, dst_hash, weight as rows of PACKED, one a bucket and chunk."""
    held, rows = list[pa.RecordBatch](), 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK:
            yield from _pack(pa.Table.from_batches(held))
            held, rows = [], 0
    if rows:
        yield from _pack(pa.Table.from_batches(held))


def _pack(table: pa.Table) -> Iterator[pa.RecordBatch]:
    table = table.combine_chunks()
    buckets = table["bucket"].to_numpy()
    if buckets[0] != buckets[-1] or (buckets != buckets[0]).any():
        order = np.argsort(buckets, kind="stable")
        table, buckets = table.take(pa.array(order)).combine_chunks(), buckets[order]
    starts = np.flatnonzero(np.diff(buckets, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(buckets)], strict=True):
        part = table.slice(start, end - start)
        columns = [[int(buckets[start])], *([written] for written in _written(part))]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, PACKED, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=PACKED)


def _written(part: pa.Table) -> tuple[bytes, bytes]:
    names, hashes = (_chain(part[one], part[other]) for one, other in (("src", "dst"), ("src_hash", "dst_hash")))
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


def unpacked(
    names: Sequence[pa.Buffer], edges: Sequence[pa.Buffer]
) -> tuple[pa.Array, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All names, each once, in the order of their hashes; of each edge number, places of src and dst, and weight."""
    chunks, tables = ([_table(blob) for blob in blobs] for blobs in (names, edges))
    every = pa.concat_tables(chunks).combine_chunks()
    first, places = _distinct(*(_chain(every[column]) for column in ("name", "hash")))
    distinct = every.take(first)
    order = pc.sort_indices(distinct, [("hash", "ascending"), ("name", "ascending")])
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    maps = np.split(rank[places.to_numpy()], np.cumsum([len(chunk) for chunk in chunks])[:-1])
    src, dst = (
        np.concatenate([m[t[end].to_numpy()] for m, t in zip(maps, tables, strict=True)]) for end in ("src", "dst")
    )
    number, weight = (np.concatenate([t[name].to_numpy() for t in tables]) for name in ("number", "weight"))
    return _chain(distinct["name"].take(order)), number, src, dst, weight


def _distinct(names: pa.Array, hashes: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Where each name stands first, and of each row the place of its name among those.

    Names are told apart by their hashes, which takes a third of the time; by themselves where two are found to have one
    hash.
    """
    for known_by in (hashes, names):
        encoded = known_by.dictionary_encode()
        places = encoded.indices
        first = np.empty(len(encoded.dictionary), np.int64)
        first[places.to_numpy()[::-1]] = np.arange(len(places) - 1, -1, -1)
        if known_by is names or names.take(pa.array(first)).take(places).equals(names):
            break
    return pa.array(first), places


def _chain(*columns: pa.ChunkedArray) -> pa.Array:
    """The columns one after the other, in one piece."""
    return pa.concat_arrays([chunk for column in columns for chunk in column.chunks])


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _table(blob: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(blob).read_all()

"""Edges with names, packed into few rows of integers: what makes their way to one process short.

Names are the bulk of an edge list, and each stands in it many times. Packed where the edges lie, by all cores, a
name is sent once a chunk, and an edge as three integers. A chunk is two Arrow streams: the names, and the edges with
places in those names.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CHUNK = 4_000_000
"""Edges after which a task packs what it has read: bounds a packed row to some tens of megabytes."""
PACKED = pa.schema([("bucket", pa.int32()), ("names", pa.binary()), ("edges", pa.binary())])


def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of bucket, number, src, dst, weight as rows of PACKED, one a bucket and chunk."""
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
    ends = pa.chunked_array([*part["src"].chunks, *part["dst"].chunks])
    encoded = pa.concat_arrays(ends.chunks).dictionary_encode()
    places = encoded.indices
    edges = pa.table(
        {
            "number": pc.cast(part["number"], pa.int32()),
            "src": places[: len(part)],
            "dst": places[len(part) :],
            "weight": part["weight"],
        }
    )
    return _stream(pa.table({"names": encoded.dictionary})), _stream(edges)


def unpacked(
    names: Sequence[pa.Buffer], edges: Sequence[pa.Buffer]
) -> tuple[pa.Array, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All names, sorted, each once; and of each edge its number, src and dst as places in the names, and weight."""
    chunks = [_table(blob)["names"].combine_chunks() for blob in names]
    tables = [_table(blob) for blob in edges]
    encoded = pa.concat_arrays([c for chunk in chunks for c in _arrays(chunk)]).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    place = rank[encoded.indices.to_numpy()]
    cuts = np.cumsum([len(chunk) for chunk in chunks])[:-1]
    maps = np.split(place, cuts)
    src, dst = (
        np.concatenate([m[t[end].to_numpy()] for m, t in zip(maps, tables, strict=True)]) for end in ("src", "dst")
    )
    number, weight = (np.concatenate([t[name].to_numpy() for t in tables]) for name in ("number", "weight"))
    return encoded.dictionary.take(order), number, src, dst, weight


def _arrays(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _table(blob: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(blob).read_all()

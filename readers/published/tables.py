"""The published tables as Parquet files: columns, types and comments follow from the declarations of tables."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conf.schema import Column, Table
from conf.tables import CONVERSATIONS
from readers.packs.summaries import TYPES, plain_value
from readers.private import LEADING

AT_ONCE = 20_000
"""Rows that are in memory together."""
DESCRIPTION = b"description"
"""The key of comments in the metadata of a Parquet file and of its columns."""
_INSIDE = frozenset({"bucket"})
"""Columns that only say where a row is stored."""


def columns_of(table: Table) -> dict[str, Column]:
    """Returns the columns that are published of a table, in declared order; some are null for private persons."""
    null = LEADING if table is CONVERSATIONS else ()
    columns = {
        name: replace(column, nullable=column.nullable or name in null) for name, column in table.columns.items()
    }
    return {name: column for name, column in columns.items() if name not in _INSIDE}


def schema_of(table: Table) -> pa.Schema:
    """Returns a table's schema, with what the table and each column hold as `description` in the metadata."""
    fields = [
        pa.field(name, TYPES[column.cql], column.nullable, {DESCRIPTION: column.doc.encode()})
        for name, column in columns_of(table).items()
    ]
    return pa.schema(fields, {DESCRIPTION: table.doc.encode()})


def write_parquet(file: Path, table: Table, rows: Iterable[Any]) -> None:
    """Writes rows of a table, from the driver, as a Parquet file; without rows, the file has the columns alone."""
    schema = schema_of(table)
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
        for some in _chunks(iter(rows)):
            arrays = [
                pa.array([plain_value(column.cql, getattr(row, name)) for row in some], schema.field(name).type)
                for name, column in columns_of(table).items()
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while some := list(islice(rows, AT_ONCE)):
        yield some

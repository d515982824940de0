"""The published tables in one DuckDB file, with comments on tables and columns."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from conf.schema import Column, Table
from readers.published.tables import columns_of

PUBLICATION = "publication"
"""The table that says what is published, and when that was read."""
_MEMORY = "512MB"
_TYPES = {
    "text": "VARCHAR",
    "timeuuid": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    "frozen<list<text>>": "VARCHAR[]",
}
_FACT_TYPES = {int: "BIGINT", str: "VARCHAR", datetime: "TIMESTAMPTZ"}
Fact = tuple[str, str | int | datetime, str]
"""A column of PUBLICATION: its name, what is in it, and what that is."""


def write_database(file: Path, folder: Path, tables: Sequence[Table], facts: Sequence[Sequence[Fact]]) -> None:
    """Writes a DuckDB file of the Parquet files in a folder, and a row of PUBLICATION for each of `facts`."""
    spill = folder / ".spill"
    config: dict[str, Any] = {
        **{"memory_limit": _MEMORY, "threads": 2, "temp_directory": str(spill)},
        **{"autoinstall_known_extensions": False, "autoload_known_extensions": False},
    }
    with duckdb.connect(str(file), config=config) as database:
        for table in tables:
            names = ", ".join(f'"{name}" {_TYPES[c.cql]}{"" if c.nullable else " NOT NULL"}' for name, c in _all(table))
            database.execute(f'CREATE TABLE "{table.name}" ({names})')
            source = _text(str(folder / f"{table.name}.parquet"))
            database.execute(f'INSERT INTO "{table.name}" SELECT * FROM read_parquet({source})')
            database.execute(f'COMMENT ON TABLE "{table.name}" IS {_text(table.doc)}')
            for name, column in _all(table):
                database.execute(f'COMMENT ON COLUMN "{table.name}"."{name}" IS {_text(column.doc)}')
        _write_facts(database, facts)
        database.execute("CHECKPOINT")
    shutil.rmtree(spill, ignore_errors=True)


def _write_facts(database: duckdb.DuckDBPyConnection, facts: Sequence[Sequence[Fact]]) -> None:
    names = ", ".join(f'"{name}" {_FACT_TYPES[type(value)]}' for name, value, _ in facts[0])
    database.execute(f"CREATE TABLE {PUBLICATION} ({names})")
    for row in facts:
        marks = ", ".join("?" for _ in row)
        database.execute(f"INSERT INTO {PUBLICATION} VALUES ({marks})", [value for _, value, _ in row])
    for name, _, doc in facts[0]:
        database.execute(f'COMMENT ON COLUMN {PUBLICATION}."{name}" IS {_text(doc)}')
    database.execute(f"COMMENT ON TABLE {PUBLICATION} IS {_text('Each published table, with the run of its rows.')}")


def _all(table: Table) -> list[tuple[str, Column]]:
    return list(columns_of(table).items())


def _text(value: str) -> str:
    """Returns a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"

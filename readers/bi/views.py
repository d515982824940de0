"""The views that BI programs see: the columns of the published tables, with comments, and without buckets.

A view selects from a table of files, `PARTS.TABLE_NUMBER`. A new state of the table is a new number; then the view is
replaced, at one moment. So a query reads one state, and no session has an old list of files in mind.
"""

from pathlib import Path

from conf.schema import Column, Table
from readers.packs.summaries import SUMMARIES
from readers.published.tables import columns_of

DATABASE = "default"
"""Where the views are: programs that name no database find them there."""
PARTS = "pulso_parts"
"""The database of the tables of files. No statement may name it."""
VIEWS = {table.name: table for table in SUMMARIES}
NOTE = "Shares are shares of conversation, with sampling error only; no forecast."
_TYPES = {
    "text": "STRING",
    "timeuuid": "STRING",
    "bigint": "BIGINT",
    "int": "INT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "frozen<list<text>>": "ARRAY<STRING>",
}


def part_name(table: Table, number: int) -> str:
    """Returns the name of a table of files."""
    return f"{PARTS}.{table.name}_{number}"


def create_part(table: Table, number: int, folder: Path) -> str:
    """Returns the SQL that makes the table of the Parquet files in a folder."""
    columns = ", ".join(f"`{name}` {_TYPES[column.cql]}" for name, column in _columns(table))
    return f"CREATE TABLE {part_name(table, number)} ({columns}) USING parquet LOCATION {_text(folder.as_uri())}"


def drop_part(table: Table, number: int) -> str:
    """Returns the SQL that forgets a table of files; the files stay."""
    return f"DROP TABLE IF EXISTS {part_name(table, number)}"


def create_view(table: Table, number: int) -> str:
    """Returns the SQL that makes a view, or lets it read another table of files."""
    columns = ", ".join(f"`{name}` COMMENT {_text(column.doc)}" for name, column in _columns(table))
    names = ", ".join(f"`{name}`" for name, _ in _columns(table))
    return (
        f"CREATE OR REPLACE VIEW {DATABASE}.{table.name} ({columns}) COMMENT {_text(f'{table.doc} {NOTE}')} "
        f"AS SELECT {names} FROM {part_name(table, number)}"
    )


def _columns(table: Table) -> list[tuple[str, Column]]:
    return list(columns_of(table).items())


def _text(value: str) -> str:
    """Returns a text as Spark's SQL writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

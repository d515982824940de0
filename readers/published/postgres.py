"""The published tables in PostgreSQL, in a schema for each topic, all replaced in one transaction.

Rows are replaced within the tables, so that views on them, and the rights of users, stay. Nobody waits: until the end
of the transaction, readers see the old rows. psycopg is optional: `requirements-remote.txt` has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from conf.errors import PulsoError, WrongUse
from conf.schema import Table
from readers.published.tables import columns_of
from stores.elsewhere import INSTALL

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

SETTING = "PULSO_PUBLISH_POSTGRES"
CONNECT_SECONDS = 10
WAIT_MS = 600_000
"""The longest that this waits for a lock, such as that of another publication of the topic."""
ROWS = 5_000
"""Rows that are read together."""
LONGEST = 63
"""PostgreSQL cuts longer names."""
_TYPES = {
    "text": "text",
    "timeuuid": "text",
    "bigint": "bigint",
    "int": "integer",
    "double": "double precision",
    "boolean": "boolean",
    "timestamp": "timestamptz",
    "date": "date",
    "frozen<list<text>>": "text[]",
}


def schema_name(topic: str) -> str:
    """Returns the name of a topic's schema."""
    return f"pulso_{topic}"


def fill(folder: Path, address: str, topic: str, tables: Sequence[Table]) -> None:
    """Replaces the rows of a topic's tables by those of the Parquet files in a folder.

    Raises WrongUse if psycopg is missing or the address is none, PulsoError for what PostgreSQL refuses; then the old
    rows are still there. No error shows the address, since it has the password.
    """
    try:
        import psycopg  # noqa: PLC0415 - optional
    except ImportError:
        raise WrongUse(f"{SETTING} is set, but psycopg is missing", INSTALL) from None
    name = schema_name(topic)
    if len(name) > LONGEST:
        raise WrongUse(f"{name} is too long for the name of a schema in PostgreSQL", "Give the topic a shorter name")
    try:
        with psycopg.connect(address, connect_timeout=CONNECT_SECONDS, application_name="pulso publish") as connection:
            _fill(connection, name, folder, tables)
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:  # the text would show the address
            fix = "Give an address such as postgresql://user:password@host:5432/database"
            raise WrongUse(f"{SETTING} is not an address of PostgreSQL", fix) from None
        raise _refused(error) from None
    except psycopg.Error as error:
        raise _refused(error) from None


def _refused(error: Exception) -> PulsoError:
    reason = " ".join(str(error).split())[:200]
    return PulsoError(f"PostgreSQL: {reason}", f"Check {SETTING}. What was published there before is still there")


def _fill(connection: "Connection[Any]", schema: str, folder: Path, tables: Sequence[Table]) -> None:
    from psycopg.sql import SQL, Identifier, Literal  # noqa: PLC0415 - optional

    with connection.cursor() as cursor:
        cursor.execute(SQL("SET LOCAL lock_timeout = {}").format(Literal(WAIT_MS)))
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (schema,))
        cursor.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
        for table in tables:
            name = Identifier(schema, table.name)
            _make(cursor, schema, table)
            cursor.execute(SQL("DELETE FROM {}").format(name))
            names = SQL(", ").join(map(Identifier, columns_of(table)))
            with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(name, names)) as copy:
                for row in _rows(folder / f"{table.name}.parquet"):
                    copy.write_row(row)
            cursor.execute(SQL("COMMENT ON TABLE {} IS {}").format(name, Literal(table.doc)))
            for column, declared in columns_of(table).items():
                place = Identifier(schema, table.name, column)
                cursor.execute(SQL("COMMENT ON COLUMN {} IS {}").format(place, Literal(declared.doc)))


def _make(cursor: "Cursor[Any]", schema: str, table: Table) -> None:
    """Makes a table, or adds the columns that one of an earlier release lacks."""
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415 - optional

    types = {column: SQL(_TYPES[declared.cql]) for column, declared in columns_of(table).items()}
    name = Identifier(schema, table.name)
    columns = SQL(", ").join(SQL("{} {}").format(Identifier(column), kind) for column, kind in types.items())
    cursor.execute(SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(name, columns))
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
        (schema, table.name),
    )
    known = {row[0] for row in cursor.fetchall()}
    for column, kind in types.items():
        if column not in known:
            cursor.execute(SQL("ALTER TABLE {} ADD COLUMN {} {}").format(name, Identifier(column), kind))


def _rows(file: Path) -> Iterator[list[Any]]:
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(ROWS):
            columns: Mapping[str, list[Any]] = batch.to_pydict()
            for row in zip(*columns.values(), strict=True):
                yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    """Returns a value as PostgreSQL takes it: its texts have no character 0."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return [_plain(part) for part in value] if isinstance(value, list) else value

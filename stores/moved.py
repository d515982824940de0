"""A column that an earlier release kept in another table: whether `migrate` has moved it, and when."""

from datetime import UTC, datetime

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.instants import instant
from conf.schema import Table
from stores.prepare import MIGRATE

NOT_YET = datetime.max.replace(tzinfo=UTC)
"""What `moved_at` returns while the earlier table still has the column."""


def moved_column(table: Table) -> str:
    """Returns the column that `migrate` moves into a table with `taken_from`: the one that is not in its key."""
    (column,) = (name for name in table.columns if name not in table.key)
    return column


def is_behind(session: Session, keyspace: str, table: Table) -> bool:
    """Returns whether the earlier table still has the column, so that `table` may lack some of its values."""
    where = "keyspace_name = %s AND table_name = %s AND column_name = %s"
    found = session.execute(
        f"SELECT column_name FROM system_schema.columns WHERE {where}",
        (keyspace, table.taken_from, moved_column(table)),
    )
    return found.one() is not None


def check_moved(session: Session, keyspace: str, table: Table) -> None:
    """Raises PulsoError, with the fix, if `table` may still lack values that an earlier release stored elsewhere."""
    if is_behind(session, keyspace, table):
        what = f"{keyspace}.{table.name} does not have the {moved_column(table)} of all posts yet"
        raise PulsoError(what, MIGRATE)


def moved_at(session: Session, keyspace: str, table: Table) -> datetime | None:
    """Returns when `migrate` dropped the column from the earlier table, UTC.

    Returns NOT_YET before that, and None if no earlier release stored anything in this keyspace.
    """
    if is_behind(session, keyspace, table):
        return NOT_YET
    query = (
        "SELECT toUnixTimestamp(dropped_time) AS at_ms FROM system_schema.dropped_columns "
        "WHERE keyspace_name = %s AND table_name = %s AND column_name = %s"
    )
    dropped = session.execute(query, (keyspace, table.taken_from, moved_column(table))).one()
    return None if dropped is None else instant(dropped.at_ms * 1000)

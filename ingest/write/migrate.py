"""Migration: makes the keyspace, tables, columns and indexes that are declared. Safe to repeat; loses no data.

The only thing that it drops is a column whose values it has moved into another table (`ingest/write/move.py`).
"""

from collections.abc import Iterator

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from conf.settings import Settings
from conf.tables import TABLES
from ingest.write.move import Move, OnStep
from ingest.write.stored_days import note_days


def migrate(session: Session, settings: Settings, on_step: OnStep = lambda *_: None) -> Iterator[str]:
    """Makes what is missing, and moves what an earlier release kept elsewhere; yields a line for each thing done.

    `on_step` is called while values are moved. Raises PulsoError when a column's type or a table's primary key differs
    from the declaration: a person must decide what to do. Otherwise it raises as `Move.run` does.
    """
    known = session.cluster.metadata.keyspaces
    if settings.keyspace not in known:
        session.execute(
            f"CREATE KEYSPACE IF NOT EXISTS {settings.keyspace} WITH replication = {settings.replication_cql}"
        )
        yield f"made keyspace {settings.keyspace}"
    _check_keys(session, settings.keyspace)
    for table in TABLES:
        yield from _bring_up(session, settings.keyspace, table)
        if table.taken_from:
            yield from Move(session, settings.keyspace, table, on_step).run()
    yield from note_days(session, settings.keyspace)


def _bring_up(session: Session, keyspace: str, table: Table) -> Iterator[str]:
    columns = _columns(session, keyspace, table.name)
    if not columns:
        session.execute(table.create(keyspace))
        yield f"made table {table.name}"
    else:
        for name, column in table.columns.items():
            if name not in columns:
                session.execute(table.add_column(keyspace, name))
                yield f"made column {table.name}.{name}"
            elif columns[name] != column.cql:
                raise PulsoError(
                    f"{keyspace}.{table.name}.{name} is {columns[name]} in Cassandra, declared as {column.cql}",
                    "Nothing was changed; copy the table's data aside and drop it, or use another PULSO_KEYSPACE",
                )
    for option in _other_options(session, keyspace, table):
        session.execute(table.set_option(keyspace, option))
        yield f"set option {table.name}.{option}"
    existing = _indexes(session, keyspace, table.name)
    for suffix, statement in zip(table.indexes, table.create_indexes(keyspace), strict=True):
        if f"{table.name}_{suffix}" not in existing:
            session.execute(statement)
            yield f"made index {table.name}_{suffix}"


def _columns(session: Session, keyspace: str, table: str) -> dict[str, str]:
    query = "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"
    return {row.column_name: row.type for row in session.execute(query, (keyspace, table))}


def _check_keys(session: Session, keyspace: str) -> None:
    """Raises PulsoError where tables have another primary key than declared, naming all: no key can be altered."""
    others = [table for table in TABLES if _key(session, keyspace, table.name) not in (None, _declared_key(table))]
    if not others:
        return
    names = ", ".join(f"{keyspace}.{table.name}" for table in others)
    what = f"{names}: another primary key than this release declares"
    if not all(table.job for table in others):
        raise PulsoError(what, "Nothing was changed. Use another PULSO_KEYSPACE, and replay your captures there")
    drop = " ".join(f"DROP TABLE {keyspace}.{table.name};" for table in others)
    jobs = ", ".join(sorted({f"jobs/{table.job}.py" for table in others}))
    raise PulsoError(
        what, f"Nothing was changed. Their rows can be computed again. In cqlsh: {drop} Run migrate, then {jobs}"
    )


def _declared_key(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return table.partition, table.clustering


def _key(session: Session, keyspace: str, table: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The partition columns and the clustering columns of a table, in order; None where it is not there."""
    query = "SELECT column_name, kind, position FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"
    rows = sorted(session.execute(query, (keyspace, table)), key=lambda row: row.position)
    partition, clustering = (
        tuple(row.column_name for row in rows if row.kind == kind) for kind in ("partition_key", "clustering")
    )
    return (partition, clustering) if partition else None


def _other_options(session: Session, keyspace: str, table: Table) -> list[str]:
    """The declared options that have another value in Cassandra."""
    query = "SELECT * FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s"
    found = session.execute(query, (keyspace, table.name)).one()
    return [name for name, value in table.options.items() if getattr(found, name) != value]


def _indexes(session: Session, keyspace: str, table: str) -> set[str]:
    query = "SELECT index_name FROM system_schema.indexes WHERE keyspace_name = %s AND table_name = %s"
    return {row.index_name for row in session.execute(query, (keyspace, table))}

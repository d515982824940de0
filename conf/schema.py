"""Declares tables and columns, and writes the CQL that follows from a declaration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

INDEX_CLASS = "StorageAttachedIndex"  # not 'sai': the Spark connector knows only this name


@dataclass(frozen=True)
class Column:
    """A column: its CQL type, and a short description of its content with the unit.

    The data quality checks follow from the other fields: whether it may be null, its least and its greatest value, and
    the values that it may have (any value, if `values` is empty).
    """

    cql: str
    doc: str
    nullable: bool = True
    least: float | None = None
    greatest: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table, declared once; statements, Spark's columns, checks and readers follow from the declaration.

    `partition` and `clustering` name the columns of the primary key, in order. `descending` names the clustering
    columns that are sorted from the highest value down. `indexes` maps the suffix of a storage-attached index's name to
    its target. `options` are the table options that differ from Cassandra's defaults. `taken_from` names the table with
    the same key in which an earlier release kept this table's values; `migrate` moves them.

    For a table that a job publishes: `job` is that job, and `part` the column that divides each topic (race or graph).
    For a bulk table, `named_by` can be a small table whose rows also contain the run's id, for the same part and
    period.
    """

    name: str
    doc: str
    partition: tuple[str, ...]
    clustering: tuple[str, ...]
    columns: Mapping[str, Column]
    descending: tuple[str, ...] = ()
    indexes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, int] = field(default_factory=dict)
    taken_from: str = ""
    job: str = ""
    part: str = ""
    named_by: str = ""

    @property
    def is_bulk(self) -> bool:
        """Whether each run writes its own partitions. Then the table `published` says which run readers see."""
        return "run_id" in self.partition and bool(self.job)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in order."""
        return self.partition + self.clustering

    def create(self, keyspace: str) -> str:
        """Returns CREATE TABLE; it is safe to repeat."""
        columns = ", ".join(f"{name} {column.cql}" for name, column in self.columns.items())
        clustering = "".join(f", {name}" for name in self.clustering)
        order = ", ".join(f"{name} {'DESC' if name in self.descending else 'ASC'}" for name in self.clustering)
        properties = [f"CLUSTERING ORDER BY ({order})"] if order else []
        properties += [f"{name} = {value}" for name, value in self.options.items()]
        return (
            f"CREATE TABLE IF NOT EXISTS {keyspace}.{self.name} ({columns}, "
            f"PRIMARY KEY (({', '.join(self.partition)}){clustering}))"
            + (f" WITH {' AND '.join(properties)}" if properties else "")
        )

    def set_option(self, keyspace: str, option: str) -> str:
        """Returns ALTER TABLE that sets an option of a table to its declared value, for tables of an older release."""
        return f"ALTER TABLE {keyspace}.{self.name} WITH {option} = {self.options[option]}"

    def add_column(self, keyspace: str, column: str) -> str:
        """Returns ALTER TABLE that adds a column which a table of an older release lacks."""
        return f"ALTER TABLE {keyspace}.{self.name} ADD {column} {self.columns[column].cql}"

    def create_indexes(self, keyspace: str) -> list[str]:
        """Returns CREATE INDEX for each declared index; they are safe to repeat."""
        return [
            f"CREATE CUSTOM INDEX IF NOT EXISTS {self.name}_{suffix} ON {keyspace}.{self.name} ({target}) "
            f"USING '{INDEX_CLASS}'"
            for suffix, target in self.indexes.items()
        ]

    def delete(self, keyspace: str, where: str) -> str:
        """Returns DELETE with the condition `where`; the write time, in µs since 1970, is bound first."""
        return f"DELETE FROM {keyspace}.{self.name} USING TIMESTAMP ? WHERE {where}"

    def insert(self, keyspace: str, timestamp: bool = False, ttl: bool = False) -> str:
        """Returns INSERT of every column, in declared order.

        With `timestamp`, the write time, in µs since 1970, is bound after the columns. With `ttl`, the row's lifetime,
        in seconds, is bound last; 0 is for ever.
        """
        names = ", ".join(self.columns)
        marks = ", ".join("?" for _ in self.columns)
        bound_last = [f"{name} ?" for name, asked in (("TIMESTAMP", timestamp), ("TTL", ttl)) if asked]
        using = f" USING {' AND '.join(bound_last)}" if bound_last else ""
        return f"INSERT INTO {keyspace}.{self.name} ({names}) VALUES ({marks}){using}"


def bound(names: Iterable[str]) -> str:
    """Returns a WHERE condition with one `?` for each of these columns, in order."""
    return " AND ".join(f"{name} = ?" for name in names)

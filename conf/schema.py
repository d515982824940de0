"""What a table declaration is, and the CQL that follows from one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

INDEX_CLASS = "StorageAttachedIndex"  # by this name, not 'sai': the Spark connector knows no other (DESIGN 9)


@dataclass(frozen=True)
class Column:
    """A column: its CQL type and, in a few words, what it holds and in which unit.

    The checks of data quality follow from the rest: whether it may be null, the least and the greatest value, and the
    values that there are.
    """

    cql: str
    doc: str
    nullable: bool = True
    least: float | None = None
    greatest: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table, declared once; statements, Spark's columns, checks and readers follow from it.

    `partition` and `clustering` name the primary key's columns in order. `descending` names the clustering columns that
    are kept newest first. `indexes` maps a storage-attached index's suffix to its target. `options` are table options
    that differ from Cassandra's defaults.

    Of a table that a job publishes: `job` is that job, `part` the column that divides each topic (a race or a graph),
    and `named_by` the small table whose row of the same part and period names the run as well.
    """

    name: str
    doc: str
    partition: tuple[str, ...]
    clustering: tuple[str, ...]
    columns: Mapping[str, Column]
    descending: tuple[str, ...] = ()
    indexes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, int] = field(default_factory=dict)
    job: str = ""
    part: str = ""
    named_by: str = ""

    @property
    def is_bulk(self) -> bool:
        """Whether a run's rows have partitions of their own, so that `published` says which run is read."""
        return "run_id" in self.partition and bool(self.job)

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key's columns."""
        return self.partition + self.clustering

    def create(self, keyspace: str) -> str:
        """CREATE TABLE, safe to repeat."""
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
        """ALTER TABLE for an option that an older schema has otherwise."""
        return f"ALTER TABLE {keyspace}.{self.name} WITH {option} = {self.options[option]}"

    def add_column(self, keyspace: str, column: str) -> str:
        """ALTER TABLE for a column that an older schema lacks."""
        return f"ALTER TABLE {keyspace}.{self.name} ADD {column} {self.columns[column].cql}"

    def create_indexes(self, keyspace: str) -> list[str]:
        """CREATE INDEX for each declared index, safe to repeat."""
        return [
            f"CREATE CUSTOM INDEX IF NOT EXISTS {self.name}_{suffix} ON {keyspace}.{self.name} ({target}) "
            f"USING '{INDEX_CLASS}'"
            for suffix, target in self.indexes.items()
        ]

    def delete(self, keyspace: str, where: str) -> str:
        """DELETE at a write time, in µs, which is bound first."""
        return f"DELETE FROM {keyspace}.{self.name} USING TIMESTAMP ? WHERE {where}"

    def insert(self, keyspace: str, timestamp: bool = False) -> str:
        """INSERT of every column, in declared order; with `timestamp`, the write time in µs is bound last."""
        names = ", ".join(self.columns)
        marks = ", ".join("?" for _ in self.columns)
        using = " USING TIMESTAMP ?" if timestamp else ""
        return f"INSERT INTO {keyspace}.{self.name} ({names}) VALUES ({marks}){using}"


def bound(names: Iterable[str]) -> str:
    """A WHERE that binds a value to each of these columns, in order."""
    return " AND ".join(f"{name} = ?" for name in names)

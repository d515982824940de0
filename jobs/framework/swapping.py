"""Publishes a small table from Spark's driver: one batch per partition deletes the old rows and writes the new rows.

Within one partition, Cassandra applies a batch completely or not at all, and in isolation. So a reader sees the old run
or the new run. The batch deletes the old rows with a write time one microsecond before the write time of the new rows.
If two runs publish at the same time, the delete of the later run removes all rows of the other, in whichever order the
batches arrive. Then the run reads its own rows back. Bulk tables are published in another way (`bulk.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, BoundStatement, PreparedStatement
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from conf.errors import PulsoError
from conf.instants import micros
from conf.schema import Table, bound
from jobs.framework.columns import declared_columns
from jobs.framework.job import Output
from jobs.framework.local import fetched
from jobs.framework.order import newest_place
from jobs.framework.publication import PUBLISH_TIMEOUT, Publication, owned_parts
from jobs.framework.window import Window
from stores.execute import execute_all, in_flight
from stores.prepare import prepared

MOST_ROWS = 30_000
MOST_BYTES = 8 << 20
"""The most rows of one batch, and the most bytes of text in them, if they are of several periods. Cassandra's limits
are 65,535 statements per batch and 16 MiB per mutation."""
BATCHES_IN_FLIGHT = 4

Row = dict[str, Any]


@dataclass(frozen=True)
class Swap:
    """The new rows of one partition for the periods that start within `bounds` (ms since 1970, half-open).

    They replace the old rows. With `exact`, `bounds` are the start and the end of one period. With `bounds` None, the
    rows of the whole partition are replaced.
    """

    partition: Mapping[str, str]
    rows: list[Row]
    bounds: tuple[int, int] | None = None
    exact: bool = False

    def where(self, table: Table) -> str:
        """Returns the condition on the rows that are replaced, with `?` for its values."""
        if not self.bounds:
            return bound(table.partition)
        if self.exact:
            return bound((*table.partition, "period_start", "period_end"))
        return f"{bound(table.partition)} AND period_start >= ? AND period_start < ?"

    def values(self, table: Table) -> tuple[object, ...]:
        """Returns the values of `where`, in order."""
        return (*(self.partition[name] for name in table.partition), *(self.bounds or ()))


def collect_rows(
    frame: DataFrame,
    table: Table,
    run_columns: Mapping[str, Any],
    derived: Mapping[str, Callable[[Row], Any]] | None = None,
) -> list[Row]:
    """Returns the rows of a small table's result, on Spark's driver; instants are milliseconds since 1970.

    `run_columns` are the same in each row. `derived` has functions that compute further columns from a row; columns
    that the table does not have are ignored. Raises PulsoError for a null in a column that must not be null, and
    TypeError if the frame has other columns than declared. Then nothing has been written.
    """
    added = {name: of for name, of in (derived or {}).items() if name in table.columns}
    instants = {field.name for field in frame.schema.fields if isinstance(field.dataType, T.TimestampType)}
    wanted = declared_columns(frame.columns, table, {*run_columns, *added})
    plain = [F.unix_millis(name).alias(name) if name in instants else F.col(name) for name in wanted]
    found = fetched(frame.select(*plain))
    columns = {name: found[name].to_pylist() for name in wanted}
    columns |= {name: [value] * len(found) for name, value in run_columns.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for row in rows:
        row.update({name: of(row) for name, of in added.items()})
    for name in (name for name, column in table.columns.items() if not column.nullable):
        if any(row[name] is None for row in rows):
            raise PulsoError(f"{table.name}: {name} is null in a row, and must not be")
    return rows


def swaps(output: Output, publication: Publication, rows: Iterable[Row]) -> list[Swap]:
    """Returns the rows as swaps, by partition and span.

    A partition without new rows gets an empty swap, which removes the old rows.

    Raises PulsoError if one period has too many rows for one batch, and TypeError for a row whose partition the topic
    does not have.
    """
    table = output.table
    by_key: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_key[tuple(row[name] for name in table.partition)].append(row)
    found: list[Swap] = []
    for part in owned_parts(table, publication.topic):
        own = by_key.pop(tuple(part[name] for name in table.partition), [])
        found += _swaps_of(table, part, own, publication.window)
    if by_key:
        raise TypeError(f"{table.name}: rows for a partition that the topic does not have: {next(iter(by_key))}")
    for swap in found:
        if len(swap.rows) > MOST_ROWS:
            raise PulsoError(
                f"{table.name}: {len(swap.rows):,} rows in {dict(swap.partition)}; a batch holds only {MOST_ROWS:,}",
                "Run the job over shorter windows",
            )
    return found


def _swaps_of(table: Table, part: Mapping[str, str], rows: list[Row], window: Window) -> Iterator[Swap]:
    """Yields one swap, or, if there are too many rows, several swaps of consecutive periods."""
    if "period" not in part:
        yield Swap(part, rows)
        return
    whole = window.whole(part["period"])
    if whole is None:
        return
    start, end = (micros(at) // 1000 for at in whole)
    if part["period"] == "window":
        yield Swap(part, rows, (start, end), exact=True)
        return
    texts = [name for name, column in table.columns.items() if "text" in column.cql]
    first, members, size = start, list[Row](), 0
    for begins, some in groupby(sorted(rows, key=_period_start), key=_period_start):
        period = list(some)
        of_period = _bytes(period, texts)
        if members and (len(members) + len(period) > MOST_ROWS or size + of_period > MOST_BYTES):
            yield Swap(part, members, (first, begins))
            first, members, size = begins, [], 0
        members += period
        size += of_period
    yield Swap(part, members, (first, end))


def _bytes(rows: Sequence[Row], texts: Sequence[str]) -> int:
    """Returns the bytes of the texts, or lists of texts, in these columns, in UTF-8."""
    values = (row.get(name) for name in texts for row in rows)
    found = (text for value in values if value for text in (value if isinstance(value, list) else (value,)))
    return sum(len(text) if text.isascii() else len(text.encode()) for text in found)


def _period_start(row: Row) -> int:
    return int(row["period_start"])


def publish(session: Session, output: Output, found: Sequence[Swap], publication: Publication) -> bool:
    """Replaces the rows of each swap in one batch, with the run's write time, and reads the result back.

    Returns True if all rows are in the table, False if a later run has replaced some of them. Raises PulsoError if the
    rows read back are neither this run's nor a later run's.
    """
    table = output.table
    batches = (_batch(session, table, swap, publication) for swap in found)
    execute_all(session, batches, PUBLISH_TIMEOUT, most=BATCHES_IN_FLIGHT)
    back = _read_back(session, table, found, publication)
    return all(_stands(session, table, swap, rows, publication) for swap, rows in back)


def _batch(session: Session, table: Table, swap: Swap, publication: Publication) -> BatchStatement:
    keyspace, at = publication.settings.keyspace, publication.at_us
    insert = prepared(session, table.insert(keyspace, timestamp=True))
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    batch.add(prepared(session, table.delete(keyspace, swap.where(table))), (at - 1, *swap.values(table)))
    for values in _encoded(insert, [(*(row[name] for name in table.columns), at) for row in swap.rows]):
        bound_to = BoundStatement(insert)
        bound_to.values = values
        batch.add(bound_to)
    return batch


def _encoded(insert: PreparedStatement, rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yields the values of each row as they are sent. The driver would encode each anew, and most of them repeat."""
    version, columns = insert.protocol_version, list[list[Any]]()
    for spec, values in zip(insert.column_metadata, zip(*rows, strict=True), strict=False):
        encode = partial(_encode, spec.type, version)
        has_lists = isinstance(next((value for value in values if value is not None), None), list)
        columns.append(list(map(encode if has_lists else cache(encode), values)))
    yield from zip(*columns, strict=True)


def _encode(kind: Any, version: int, value: Any) -> Any:
    """Returns a value as bytes. A null is not written: it would be a deletion mark, which each later read goes over."""
    return UNSET_VALUE if value is None else bytes(kind.serialize(value, version))


def _read_back(
    session: Session, table: Table, found: Iterable[Swap], publication: Publication
) -> Iterator[tuple[Swap, list[Any]]]:
    keyspace = publication.settings.keyspace

    def send(swap: Swap) -> Any:
        cql = f"SELECT run_id, computed_at FROM {keyspace}.{table.name} WHERE {swap.where(table)}"
        return session.execute_async(prepared(session, cql).bind(swap.values(table)), timeout=PUBLISH_TIMEOUT)

    for swap, future in in_flight(found, send, BATCHES_IN_FLIGHT):
        yield swap, list(future.result())


def _stands(session: Session, table: Table, swap: Swap, rows: Sequence[Any], publication: Publication) -> bool:
    """Returns whether the rows of a span are exactly the run's own; False if a later run has replaced them.

    Raises PulsoError if they are not the run's own and there is no later run.
    """
    if len(rows) == len(swap.rows) and all(row.run_id == publication.run_id for row in rows):
        return True
    keyspace, topic = publication.settings.keyspace, publication.topic.topic
    if newest_place(session, keyspace, publication.job, topic) > publication.place:
        return False
    raise PulsoError(
        f"{table.name} does not hold what was published: {len(rows):,} rows read back of {len(swap.rows):,} written",
        "Run the job again. If that fails, look for another writer of this table, or for write times in the future",
    )

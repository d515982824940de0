"""The declared columns as Spark and Arrow types."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
from pyspark.sql import types as T

from conf.schema import Table

SPARK: dict[str, T.DataType] = {
    "text": T.StringType(),
    "timeuuid": T.StringType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "double": T.DoubleType(),
    "boolean": T.BooleanType(),
    "timestamp": T.TimestampType(),
    "date": T.DateType(),
    "frozen<list<text>>": T.ArrayType(T.StringType()),
}
"""Spark's types by CQL type, as the connector reads them."""
KEY_ARROW = {"text": pa.string(), "timestamp": pa.int64(), "int": pa.int32()}
KEY_SPARK: dict[str, T.DataType] = {"text": T.StringType(), "timestamp": T.LongType(), "int": T.IntegerType()}
"""Spark's types of the partition columns that executors return; instants are milliseconds since 1970."""


def spark_schema(table: Table, names: Sequence[str]) -> T.StructType:
    """Returns the schema of a frame with these columns of a table."""
    return T.StructType([T.StructField(name, SPARK[table.columns[name].cql]) for name in names])


def spark_value(value: Any) -> Any:
    """Converts a value from the Cassandra driver to one that Spark accepts: instants in UTC, ids as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return str(value) if isinstance(value, UUID) else value


def declared_columns(found: Sequence[str], table: Table, known: set[str]) -> list[str]:
    """Returns the columns that a job must return, in declared order: all except `known`, which the caller adds.

    Raises TypeError if `found`, the columns that the job returned, are not these. Then the job's code is wrong, not its
    data.
    """
    wanted = [name for name in table.columns if name not in known]
    if sorted(found) != sorted(wanted):
        raise TypeError(f"{table.name}: the job returns {sorted(found)}, the table declares {sorted(wanted)}")
    return wanted

"""Frames and the driver: rows that it fetches, and frames whose rows it has, so that no task is needed to read them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

ARROW = {
    **{"string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64()},
    **{"timestamp": pa.timestamp("us", "UTC"), "boolean": pa.bool_(), "array<string>": pa.list_(pa.string())},
    **{"array<bigint>": pa.list_(pa.int64())},
}
"""Arrow's types by Spark's."""


def fetched(frame: DataFrame) -> pa.Table:
    """Returns the rows of a frame as an Arrow table, by a Spark action.

    `toPandas` fetches them in the same way, and then makes a Python object of each text and list.
    """
    batches = frame._collect_as_arrow()
    return pa.Table.from_batches(batches) if batches else to_arrow_schema(frame.schema).empty_table()


def arrow_schema(schema: str) -> pa.Schema:
    """Returns a schema such as `race string, posts bigint` as Arrow has it."""
    fields = (field.split() for field in schema.split(", "))
    return pa.schema([(name, ARROW[kind]) for name, kind in fields])


def table_of(rows: Sequence[Sequence[Any]], schema: str) -> pa.Table:
    """Returns rows as an Arrow table."""
    wanted = arrow_schema(schema)
    columns = zip(*rows, strict=True) if rows else ([] for _ in wanted)
    return pa.table([pa.array(list(of), field.type) for of, field in zip(columns, wanted, strict=True)], schema=wanted)


def local_frame(spark: SparkSession, rows: pa.Table, schema: str) -> DataFrame:
    """Returns an Arrow table as a frame with a schema; NaN becomes null. Spark plans a local relation for it."""
    return spark.createDataFrame(rows.to_pandas() if len(rows) else [], schema)


def brought(frame: DataFrame) -> DataFrame:
    """Returns few rows of a frame as one for which Spark plans a local relation, by a Spark action."""
    found = fetched(frame)
    rows = found.to_pandas(integer_object_nulls=True) if len(found) else []
    return frame.sparkSession.createDataFrame(rows, frame.schema)


def is_local(frame: DataFrame) -> bool:
    """Returns whether the driver has the rows of a frame: Spark then plans a local relation, and nothing else."""
    return _is_local(_plan(frame))


def rows_here(frame: DataFrame) -> int | None:
    """Returns the number of a frame's rows if the driver has them; None if tasks must read or compute them."""
    plan = _plan(frame)
    return int(plan.data().size()) if _is_local(plan) else None


def computed(frame: DataFrame) -> DataFrame:
    """Returns the rows of a frame, cut off from its plan: what reads them computes and analyses nothing again.

    Triggers a Spark action, unless the driver has the rows. Then the result is the local relation that Spark has made
    of the plan; without this, Spark would make it again, row by row, for each query.
    """
    plan, spark = _plan(frame), frame.sparkSession
    if not _is_local(plan):
        return frame.localCheckpoint(eager=True)
    assert spark._jvm is not None
    return DataFrame(spark._jvm.org.apache.spark.sql.Dataset.ofRows(spark._jsparkSession, plan), spark)


def _plan(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution().optimizedPlan()


def _is_local(plan: Any) -> bool:
    return str(plan.getClass().getSimpleName()) == "LocalRelation"

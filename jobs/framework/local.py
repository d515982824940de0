"""Frames whose rows Spark's driver has already, so that no task is needed to read them."""

from typing import Any

from pyspark.sql import DataFrame


def is_local(frame: DataFrame) -> bool:
    """Returns whether the driver has the rows of a frame: Spark then plans a local relation, and nothing else."""
    return _is_local(_plan(frame))


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

"""Frames whose rows Spark's driver has already, so that no task is needed to read them."""

from pyspark.sql import DataFrame


def is_local(frame: DataFrame) -> bool:
    """Returns whether the driver has the rows of a frame: Spark then plans a local relation, and nothing else."""
    return str(frame._jdf.queryExecution().optimizedPlan().getClass().getSimpleName()) == "LocalRelation"

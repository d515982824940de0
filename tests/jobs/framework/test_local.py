"""Frames whose rows Spark's driver has: they stay with it, and are computed once."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.framework.local import computed, is_local

ROWS = "VALUES ('日本', timestamp'2016-05-09', 1, array('a')), ('', null, null, null) AS rows(name, at, n, words)"


@pytest.fixture
def frame(spark: SparkSession) -> DataFrame:
    return spark.sql(f"SELECT * FROM {ROWS}").withColumn("n", F.col("n") * 10)


def jobs_of(spark: SparkSession, group: str) -> int:
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup(group))


def test_rows_that_the_driver_has_are_computed_without_a_task(spark: SparkSession, frame: DataFrame) -> None:
    spark.sparkContext.setJobGroup("local rows", "")
    own = computed(frame)
    assert jobs_of(spark, "local rows") == 0
    assert "Project" not in own._jdf.queryExecution().analyzed().toString(), "computed again by each query"
    assert is_local(own)
    assert own.schema == frame.schema
    assert own.collect() == frame.collect()


def test_other_rows_are_computed_once_by_tasks(spark: SparkSession) -> None:
    far = spark.range(10).repartition(2)
    assert not is_local(far)
    spark.sparkContext.setJobGroup("far rows", "")
    own = computed(far)
    assert jobs_of(spark, "far rows") > 0
    assert sorted(row.id for row in own.collect()) == list(range(10))
    assert "Repartition" not in own._jdf.queryExecution().analyzed().toString()

"""Frames whose rows Spark's driver has: they stay with it, and are computed once."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.framework import counting
from jobs.framework.counting import first_pass, queried, second_pass
from jobs.framework.expected import Checks, Expected, Repeated
from jobs.framework.local import arrow_schema, computed, fetched, is_local, local_frame, table_of

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


@pytest.mark.parametrize(("rows", "here"), [(10_000, True), (30_000, False)])
def test_many_rows_are_for_tasks(spark: SparkSession, rows: int, here: bool) -> None:
    """By spark.sql.execution.arrow.localRelationThreshold of conf/spark-defaults.conf, 4 MB; a row has 200 bytes."""
    schema = "name string, n bigint"
    frame = local_frame(spark, table_of([(f"{n:0192}", n) for n in range(rows)], schema), schema)
    assert is_local(frame) is here
    assert computed(frame).where("n % 1000 = 7").count() == rows // 1000


def test_rows_come_to_the_driver_and_go_back_as_they_are(spark: SparkSession, frame: DataFrame) -> None:
    schema = "name string, at timestamp, n int, words array<string>"
    table = fetched(frame)
    assert table.column_names == arrow_schema(schema).names
    own = local_frame(spark, table, schema)
    assert is_local(own)
    assert own.collect() == frame.collect()
    nothing = fetched(frame.where("n > 100"))
    assert (nothing.num_rows, nothing.column_names) == (0, table.column_names)
    assert local_frame(spark, nothing, schema).collect() == []
    rows = [("a", 1, None), ("b", 2, 0.5)]
    same = local_frame(
        spark, table_of(rows, "name string, n bigint, share double"), "name string, n bigint, share double"
    )
    assert [tuple(row) for row in same.collect()] == rows
    assert table_of([], schema).num_rows == 0


def test_a_query_over_a_persisted_frame_leaves_it_persisted(spark: SparkSession) -> None:
    kept = spark.range(5).select((F.col("id") * 7).alias("n")).persist()
    assert kept.count() == 5
    for _ in range(2):
        asked = queried(kept, "SELECT count(*) AS n FROM {batch} WHERE n > 7")
        assert "InMemoryTableScan" in asked._jdf.queryExecution().executedPlan().toString()
        assert asked.collect()[0].n == 3
    assert kept.storageLevel.useMemory
    kept.unpersist()


def test_the_second_pass_over_many_rows_reads_what_is_persisted_and_leaves_it_so(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FEW_ROWS", 3)
    kept = spark.range(8).select((F.col("id") % 7).cast("string").alias("name")).persist()
    expected = [Expected("names are unique", Repeated(("name",)))]
    counts, _ = first_pass(kept, expected)
    assert second_pass(Checks(kept, expected, counts), counts.rows) == {"names are unique": 1}
    assert kept.storageLevel.useMemory
    kept.unpersist()

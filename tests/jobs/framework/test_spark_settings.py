"""What a job's Spark session is told."""

from pyspark.sql import SparkSession

from conf.settings import Settings
from jobs.framework.spark import _connection

NAME = "spark.cassandra.connection.localDC"


def test_the_connector_asks_the_nodes_of_the_data_centre_in_the_settings() -> None:
    assert _connection(Settings(cassandra_dc="dc1"))[NAME] == "dc1"


def test_without_that_setting_the_connector_chooses_itself() -> None:
    assert NAME not in _connection(Settings())


def test_spark_makes_no_method_that_java_would_not_compile(spark: SparkSession) -> None:
    assert spark.conf.get("spark.sql.codegen.hugeMethodLimit") == "8000", "HotSpot's own limit (HugeMethodLimit)"

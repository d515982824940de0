"""Runs GraphX from Python, through Spark's own gateway: PageRank and components of an edge table with names."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def measured_by_graphx(edges: DataFrame, rounds: int) -> DataFrame:
    """Returns node, pagerank and component for edges with src and dst, after `rounds` rounds of PageRank.

    Spark maps names to ids. GraphX's PageRank takes no weights, which is to its advantage.
    """
    spark = edges.sparkSession
    ends = edges.select(F.explode(F.array("src", "dst")).alias("node"))
    names = ends.distinct().select(F.monotonically_increasing_id().alias("id"), "node").persist()
    names.count()  # now, so that the ids are drawn only once
    graph = _graph(spark, _with_ids(edges, names))
    library, tags = _jvm(spark).org.apache.spark.graphx.lib, _jvm(spark).scala.reflect.ClassTag
    ranks = library.PageRank.run(graph, rounds, 0.15, tags.Int(), tags.Int()).vertices()
    labels = library.ConnectedComponents.run(graph, tags.Int(), tags.Int()).vertices()
    pagerank = _frame(spark, ranks, _encoders(spark).scalaDouble(), "pagerank")
    component = _frame(spark, labels, _encoders(spark).scalaLong(), "component")
    return names.join(pagerank, "id", "inner").join(component, "id", "inner").select("node", "pagerank", "component")


def _with_ids(edges: DataFrame, names: DataFrame) -> DataFrame:
    start = names.select(F.col("id").alias("start"), F.col("node").alias("src"))
    end = names.select(F.col("id").alias("end"), F.col("node").alias("dst"))
    return edges.select("src", "dst").join(start, "src", "inner").join(end, "dst", "inner").select("start", "end")


def _graph(spark: SparkSession, pairs: DataFrame) -> Any:
    jvm, encoders = _jvm(spark), _encoders(spark)
    tuples = getattr(pairs._jdf, "as")(encoders.tuple(encoders.scalaLong(), encoders.scalaLong())).rdd()
    level = jvm.org.apache.spark.storage.StorageLevel.MEMORY_AND_DISK()
    make = jvm.org.apache.spark.graphx.Graph.fromEdgeTuples
    return make(tuples, 1, jvm.scala.Option.empty(), level, level, jvm.scala.reflect.ClassTag.Int())


def _frame(spark: SparkSession, vertices: Any, encoder: Any, name: str) -> DataFrame:
    """Returns a vertex RDD as a frame with the columns id and `name`."""
    encoders = _encoders(spark)
    dataset = spark._jsparkSession.createDataset(vertices, encoders.tuple(encoders.scalaLong(), encoder))
    return DataFrame(dataset.toDF(), spark).toDF("id", name)


def _encoders(spark: SparkSession) -> Any:
    return _jvm(spark).org.apache.spark.sql.Encoders


def _jvm(spark: SparkSession) -> Any:
    return spark._jvm

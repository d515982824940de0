"""The training: `spark-submit` runs this script while Java records which classes are loaded.

It uses Spark as jobs do, with small made frames, and needs no running engine. Arguments: the connector's jars, whose
classes are all loaded. Classes that a job needs and that are not recorded are only slower to load.
"""

import re
import socket
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from conf.settings import DEFAULTS
from jobs.framework.spark import spark_session

if TYPE_CHECKING:
    import pyarrow as pa

POSTS, AUTHORS, SALTS = 2000, 50, 8
CLASS = ".class"
OWN = re.compile(r"com\.datastax\.(spark|oss\.protocol|oss\.driver\.(api|internal))\.")
"""The connector's and the driver's own packages. Of the libraries inside the driver, jobs use only a small part."""


def main(jars: list[str]) -> None:
    """Uses Spark, then the connector, then loads all classes of the jars."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # it does not listen, so connections to its port are refused
        spark = spark_session("training", DEFAULTS.model_copy(update={"cassandra_port": closed.getsockname()[1]}))
        use_spark(spark)
        fail_to_connect(spark)
    load_classes(spark, jars)
    spark.stop()


def use_spark(spark: SparkSession) -> None:
    """Runs plans of the kinds that jobs have."""
    posts = made_posts(spark).persist(StorageLevel.MEMORY_AND_DISK)
    posts.count()
    matched = posts.where(F.col("folded").rlike(r"(?<![\w])(?:one|two)(?![\w])") | F.array_contains("tags", "t3"))
    votes = matched.select(
        "author", "at", F.explode(F.array(F.lit("a"), F.lit("b"))).alias("candidate"), F.date_trunc("hour", "at")
    )
    by_author = votes.groupBy("candidate", "author").agg(
        F.count("*").alias("posts"), F.min("at").alias("first"), F.collect_set("at").alias("all")
    )
    shares = by_author.groupBy("candidate").agg(
        F.sum("posts"), F.mean("posts"), F.var_pop("posts"), F.count_distinct("author"), F.count_if(F.col("posts") > 1)
    )
    shares.collect()
    names = spark.createDataFrame([("a", "A", 1.5), ("b", "B", None)], "candidate string, name string, value double")
    by_author.join(F.broadcast(names), "candidate", "left").crossJoin(names.select("value")).count()
    by_author.join(votes.hint("merge"), ["candidate", "author"], "left_semi").count()
    by_author.join(names.hint("shuffle_hash"), ["candidate"], "left_anti").unionByName(by_author).count()
    ranked = by_author.withColumn(
        "place", F.row_number().over(Window.partitionBy("candidate").orderBy(F.desc("posts")))
    )
    checkpoint = ranked.where("place <= 3").localCheckpoint()
    checkpoint.createOrReplaceTempView("ranked")
    spark.sql("SELECT candidate, sum(posts) FROM ranked GROUP BY candidate HAVING abs(sum(posts) - 1) > 1e-9").collect()
    checkpoint.repartition(4, "candidate").sortWithinPartitions("author").mapInArrow(
        as_it_is, checkpoint.schema
    ).collect()
    posts.unpersist()


def made_posts(spark: SparkSession) -> DataFrame:
    """Returns rows with columns of the types that posts have."""
    number = F.col("id")
    return spark.range(0, POSTS, 1, 4).select(
        F.concat_ws("-", F.lit("post"), number.cast("string")).alias("post_id"),
        F.pmod(F.xxhash64("id"), F.lit(AUTHORS)).cast("string").alias("author"),
        F.timestamp_micros(F.lit(1_462_060_800_000_000) + number * 60_000_000).alias("at"),
        F.when(number % 2 == 0, "word one").when(number % 3 == 0, "two words").otherwise("none").alias("folded"),
        F.split(F.concat(F.lit("t"), (number % 5).cast("string"), F.lit(" u")), " ").alias("tags"),
        (number % SALTS).cast("int").alias("bucket"),
        F.date_add(F.lit("2016-05-01").cast("date"), (number % 3).cast("int")).alias("day"),
    )


def as_it_is(batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """Returns the batches unchanged, from a Python worker."""
    yield from batches


def fail_to_connect(spark: SparkSession) -> None:
    """Reads a table where nothing listens. The connector and its driver are then loaded up to the connection."""
    with suppress(Py4JJavaError):
        spark.read.format("org.apache.spark.sql.cassandra").options(keyspace="pulso", table="posts").load()


def load_classes(spark: SparkSession, jars: list[str]) -> None:
    """Loads the connector's and its driver's own classes by name, without running their code.

    Some can't be loaded, because their libraries are absent.
    """
    jvm = spark._jvm
    assert jvm is not None
    loader = jvm.java.lang.ClassLoader.getSystemClassLoader()
    for name in (name for jar in jars for name in class_names(Path(jar)) if OWN.match(name)):
        with suppress(Py4JJavaError):
            jvm.java.lang.Class.forName(name, False, loader)


def class_names(jar: Path) -> list[str]:
    """Returns the names of the classes in a jar."""
    with zipfile.ZipFile(jar) as content:
        files = [name for name in content.namelist() if name.endswith(CLASS)]
    return [name.removesuffix(CLASS).replace("/", ".") for name in files]


if __name__ == "__main__":
    main(sys.argv[1:])

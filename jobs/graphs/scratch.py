"""Frames kept while an iteration needs them, cut off from what made them, and let go in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

EDGES_A_PARTITION = 1_250_000
"""Edges of a partition, about: some 100 MB while they are joined."""


class Scratch:
    """Holds frames for one computation; `close` lets go of all that are still held."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[DataFrame, Callable[[], Any]]] = {}

    def keep(self, frame: DataFrame) -> DataFrame:
        """Keeps a frame by columns, compressed, once it is first read: for what many rounds read and none changes."""
        persisted = frame.persist(StorageLevel.MEMORY_AND_DISK)
        return self._hold(_leaf_of(persisted), persisted.unpersist)

    def cut(self, frame: DataFrame) -> DataFrame:
        """Computes a frame now and forgets how it was made: neither plan nor lineage grows from round to round.

        How it is partitioned is remembered, so that a join on the same column moves no rows.
        """
        checkpoint = frame.localCheckpoint(eager=True)
        # Spark offers no call to free one: it waits until the JVM happens to collect its handle.
        rows = checkpoint._jdf.queryExecution().analyzed().rdd()
        return self._hold(_without_statistics(checkpoint), lambda: rows.unpersist(False))

    def _hold(self, frame: DataFrame, free: Callable[[], Any]) -> DataFrame:
        self._held[id(frame)] = (frame, free)
        return frame

    def drop(self, *frames: DataFrame | None) -> None:
        """Frees what frames of `keep` and `cut` hold; they can't be read any more."""
        for frame in frames:
            if frame is not None and id(frame) in self._held:
                _, free = self._held.pop(id(frame))
                free()

    def close_but(self, *frames: DataFrame) -> None:
        """Lets go of all frames but these."""
        spared = {id(frame) for frame in frames}
        self.drop(*[frame for key, (frame, _) in self._held.items() if key not in spared])

    def close(self) -> None:
        """Lets go of all frames that are held."""
        self.close_but()


def _leaf_of(persisted: DataFrame) -> DataFrame:
    """The frame as what is kept of it and nothing below: each plan made of it would be analysed all the way down.

    Its order is left out: Spark 3.5 does not find the columns of the order again where the frame is read twice.
    """
    spark = persisted.sparkSession
    kept = persisted._jdf.queryExecution().withCachedData()
    jvm: Any = spark._jvm
    unordered = getattr(getattr(jvm.scala.collection.immutable, "Nil$"), "MODULE$")
    leaf = kept.copy(kept.output(), kept.cacheBuilder(), unordered)
    getattr(leaf, "statsOfPlanToCache_$eq")(kept.statsOfPlanToCache())
    return _of_plan(leaf, spark)


def _without_statistics(checkpoint: DataFrame) -> DataFrame:
    """The same rows, partitioned as they are, of a size unknown to Spark.

    A checkpoint keeps the size that Spark guessed for it, and the guess for a join is the product of both sides. Over
    an iteration the digits double from round to round, until Spark multiplies numbers of millions of digits.
    """
    spark = checkpoint.sparkSession
    jvm: Any = spark._jvm
    plan = checkpoint._jdf.queryExecution().analyzed()
    parts = (plan.output(), plan.rdd(), plan.outputPartitioning(), plan.outputOrdering(), plan.isStreaming())
    none = jvm.scala.Option.empty()
    return _of_plan(jvm.org.apache.spark.sql.execution.LogicalRDD(*parts, spark._jsparkSession, none, none), spark)


def _of_plan(plan: Any, spark: SparkSession) -> DataFrame:
    """A frame of one of Spark's logical plans."""
    jvm: Any = spark._jvm
    dataset = getattr(getattr(jvm.org.apache.spark.sql, "Dataset$"), "MODULE$")
    return DataFrame(dataset.ofRows(spark._jsparkSession, plan), spark)


@contextmanager
def partitioned(spark: SparkSession, edges: int) -> Iterator[int]:
    """Spark's settings for joins of frames that are partitioned alike; the session's own come back after it.

    Every exchange makes the same number of partitions, given to the block, which adaptive execution would change; and
    no frame is broadcast because Spark thinks it small, since that would bring its rows to the driver.
    Spark does not infer conditions from others: a frame that is cut off keeps those inferred for it, and they double
    from round to round until planning takes minutes.
    """
    partitions = max(spark.sparkContext.defaultParallelism, -(-edges // EDGES_A_PARTITION))
    wanted = {
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.constraintPropagation.enabled": "false",
    }
    before = {name: spark.conf.get(name) for name in wanted}
    try:
        for name, value in wanted.items():
            spark.conf.set(name, value)
        yield partitions
    finally:
        for name, old in before.items():
            spark.conf.set(name, str(old))

"""Keeps intermediate frames, without their query plans, while an iteration needs them, and then frees them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

EDGES_A_PARTITION = 1_250_000
"""About how many edges a partition has: some 100 MB while they are joined."""
_ONE_AT_A_TIME = threading.RLock()
"""The settings are those of the whole session, and jobs may run at once."""


class Scratch:
    """Holds the frames of one computation; `close` frees all that are still held."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[DataFrame, Callable[[], Any]]] = {}

    def keep(self, frame: DataFrame) -> DataFrame:
        """Returns the frame, cached in compressed columns when it is first read.

        Use it for frames that are read in many rounds.
        """
        persisted = frame.persist(StorageLevel.MEMORY_AND_DISK)
        return self._hold(_leaf_of(persisted), persisted.unpersist)

    def cut(self, frame: DataFrame) -> DataFrame:
        """Computes a frame now and returns it without its query plan, so the plan does not grow with each round.

        The frame keeps its partitioning, so a join on the same column moves no rows. Triggers a Spark action.
        """
        checkpoint = frame.localCheckpoint(eager=True)
        # Spark has no call to free a checkpoint: it waits until the JVM collects the object that stands for it.
        rows = checkpoint._jdf.queryExecution().analyzed().rdd()
        return self._hold(_without_statistics(checkpoint), lambda: rows.unpersist(False))

    def _hold(self, frame: DataFrame, free: Callable[[], Any]) -> DataFrame:
        self._held[id(frame)] = (frame, free)
        return frame

    def drop(self, *frames: DataFrame | None) -> None:
        """Frees the frames that `keep` and `cut` returned; they can't be read after that. None is ignored."""
        for frame in frames:
            if frame is not None and id(frame) in self._held:
                _, free = self._held.pop(id(frame))
                free()

    def close_but(self, *frames: DataFrame) -> None:
        """Frees all frames except these."""
        spared = {id(frame) for frame in frames}
        self.drop(*[frame for key, (frame, _) in self._held.items() if key not in spared])

    def close(self) -> None:
        """Frees all frames that are held."""
        self.close_but()


def _leaf_of(persisted: DataFrame) -> DataFrame:
    """Returns the cached frame with its cache as the whole plan: Spark analyses nothing below it again.

    Its sort order is left out: Spark 3.5 does not find the order's columns again where the frame is read twice.
    """
    spark = persisted.sparkSession
    kept = persisted._jdf.queryExecution().withCachedData()
    jvm: Any = spark._jvm
    unordered = getattr(getattr(jvm.scala.collection.immutable, "Nil$"), "MODULE$")
    leaf = kept.copy(kept.output(), kept.cacheBuilder(), unordered)
    getattr(leaf, "statsOfPlanToCache_$eq")(kept.statsOfPlanToCache())
    return _of_plan(leaf, spark)


def _without_statistics(checkpoint: DataFrame) -> DataFrame:
    """Returns the same rows in the same partitions, with a size that Spark does not know.

    A checkpoint keeps the size that Spark guessed for it, and the guess for a join is the product of both sides. In an
    iteration the number of digits doubles each round, until Spark multiplies numbers of millions of digits.
    """
    spark = checkpoint.sparkSession
    jvm: Any = spark._jvm
    plan = checkpoint._jdf.queryExecution().analyzed()
    parts = (plan.output(), plan.rdd(), plan.outputPartitioning(), plan.outputOrdering(), plan.isStreaming())
    none = jvm.scala.Option.empty()
    return _of_plan(jvm.org.apache.spark.sql.execution.LogicalRDD(*parts, spark._jsparkSession, none, none), spark)


def _of_plan(plan: Any, spark: SparkSession) -> DataFrame:
    """Returns a frame for one of Spark's logical plans."""
    jvm: Any = spark._jvm
    dataset = getattr(getattr(jvm.org.apache.spark.sql, "Dataset$"), "MODULE$")
    return DataFrame(dataset.ofRows(spark._jsparkSession, plan), spark)


@contextmanager
def partitioned(spark: SparkSession, edges: int) -> Iterator[int]:
    """Sets Spark's settings for joins of frames that are partitioned alike; restores them at the end of the block.

    Yields the number of partitions after each exchange (shuffle). Adaptive execution is off, since it would change this
    number. Automatic broadcasts are off, since they send rows through Spark's driver. The inference of filters is off:
    a frame from `cut` would keep all inferred filters, and their number would double in each round, until planning
    takes minutes.
    """
    partitions = max(spark.sparkContext.defaultParallelism, -(-edges // EDGES_A_PARTITION))
    wanted = {
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.constraintPropagation.enabled": "false",
    }
    with _ONE_AT_A_TIME:
        before = {name: spark.conf.get(name) for name in wanted}
        try:
            for name, value in wanted.items():
                spark.conf.set(name, value)
            yield partitions
        finally:
            for name, old in before.items():
                spark.conf.set(name, str(old))

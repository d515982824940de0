"""Frames kept while an iteration needs them, cut off from what made them, and let go in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

EDGES_A_PARTITION = 1_250_000
"""Edges of a partition, about: some 100 MB while they are joined."""


class Scratch:
    """Holds frames for one computation; `close` lets go of all that are still held."""

    def __init__(self) -> None:
        self._held: dict[int, DataFrame] = {}
        self._cut: set[int] = set()

    def keep(self, frame: DataFrame) -> DataFrame:
        """Keeps a frame by columns, compressed, once it is first read: for what many rounds read and none changes."""
        kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
        self._held[id(kept)] = kept
        return kept

    def cut(self, frame: DataFrame) -> DataFrame:
        """Computes a frame now and forgets how it was made: neither plan nor lineage grows from round to round.

        How it is partitioned is remembered, so that a join on the same column moves no rows.
        """
        cut = _without_statistics(frame.localCheckpoint(eager=True))
        self._held[id(cut)] = cut
        self._cut.add(id(cut))
        return cut

    def drop(self, *frames: DataFrame | None) -> None:
        """Frees what frames of `keep` and `cut` hold; they can't be read any more."""
        for frame in frames:
            if frame is None or self._held.pop(id(frame), None) is None:
                continue
            if id(frame) in self._cut:
                self._cut.discard(id(frame))
                # Spark offers no call for it: it waits until the JVM happens to collect its handle.
                frame._jdf.queryExecution().analyzed().rdd().unpersist(False)
            else:
                frame.unpersist()

    def close_but(self, *frames: DataFrame) -> None:
        """Lets go of all frames but these."""
        spared = {id(frame) for frame in frames}
        self.drop(*[frame for key, frame in self._held.items() if key not in spared])

    def close(self) -> None:
        """Lets go of all frames that are held."""
        self.drop(*list(self._held.values()))


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
    forgetful = jvm.org.apache.spark.sql.execution.LogicalRDD(*parts, spark._jsparkSession, none, none)
    dataset = getattr(getattr(jvm.org.apache.spark.sql, "Dataset$"), "MODULE$")
    return DataFrame(dataset.ofRows(spark._jsparkSession, forgetful), spark)


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

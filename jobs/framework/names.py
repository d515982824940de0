"""The input `Names`: the handles in `account_names` of a topic whose posts name accounts by their ids (Bluesky)."""

from contextlib import closing
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import functions as F

from conf.schema import Table, bound
from conf.tables import ACCOUNT_NAMES, NAME_BUCKETS
from jobs.framework.direct_join import joined, numbered, table_rows
from jobs.framework.inputs import Place, Read
from jobs.framework.literals import hidden
from stores.execute import in_flight
from stores.prepare import prepared


@dataclass(frozen=True)
class Names:
    """All rows of `account_names` of the topic. It is left out if there are none, as of a topic from X alone."""

    table: Table = ACCOUNT_NAMES
    required: bool = False

    def read(self, at: Place) -> Read | None:
        """Reads the rows of the topic; returns None if it has none, which costs a small query for each partition."""
        if not self._are_there(at):
            return None
        keys = numbered(at.spark, NAME_BUCKETS).select(
            hidden(F.lit(at.topic.topic), "id").alias("topic"), F.col("id").cast("int").alias("bucket")
        )
        rows = table_rows(at.spark, at.settings, self.table)
        frame = joined(keys, rows, self.table).select("source", "author_id", "handle")
        stored = frame.persist(StorageLevel.MEMORY_AND_DISK)
        return Read(stored, stored)

    def _are_there(self, at: Place) -> bool:
        table = f"{at.settings.keyspace}.{self.table.name}"
        query = prepared(at.session, f"SELECT handle FROM {table} WHERE {bound(self.table.partition)} LIMIT 1")
        keys = ((at.topic.topic, bucket) for bucket in range(NAME_BUCKETS))
        with closing(in_flight(keys, lambda key: at.session.execute_async(query, key))) as sent:
            return any(future.result().one() is not None for _, future in sent)

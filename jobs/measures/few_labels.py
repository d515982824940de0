"""Labels of few accounts: as `authors.py` has them, for rows that Spark's driver has.

Of all that the posts tell, Spark brings only what concerns these accounts to the driver. That takes one pass over the
posts, and one more for accounts that only a handle names.
"""

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from jobs.framework.local import fetched
from jobs.measures.authors import LAST, kept_labels, sightings, without_prefix
from jobs.measures.told_accounts import latest

_LABEL = StructField("label", StringType())


def few_labelled(rows: DataFrame, column: str, posts: DataFrame, names: DataFrame | None) -> DataFrame:
    """Returns what `resolved` and then `with_labels` do, for few rows that the driver has. Triggers Spark actions.

    The accounts' keys are in `column`; `label` is added.
    """
    table = fetched(rows)
    keys = table[column].drop_null().unique().to_pylist()
    seen = _seen(keys, posts)
    holders = latest(seen, "alias", "account", LAST)
    held = {key: holders.get(key, key) for key in keys}
    if unseen := {*held.values()} - {*keys}:
        seen = pa.concat_tables([seen, _seen(unseen, posts)])
    known = latest(seen, "account", "handle", LAST) | _kept(held.values(), names)
    accounts = [held.get(key) for key in table[column].to_pylist()]
    labels = [None if key is None else known.get(key) or without_prefix(key) for key in accounts]
    place = table.column_names.index(column)
    shown = table.set_column(place, column, pa.array(accounts, pa.string()))
    shown = shown.append_column("label", pa.array(labels, pa.string()))
    values = shown.to_pandas(integer_object_nulls=True) if len(shown) else []
    return rows.sparkSession.createDataFrame(values, StructType([*rows.schema.fields, _LABEL]))


def _seen(keys: Iterable[str], posts: DataFrame) -> pa.Table:
    """Returns what the posts tell of accounts, by their keys or by handles that were made to keys."""
    return fetched(sightings(posts, _frame_of(keys, posts)))


def _kept(keys: Iterable[str], names: DataFrame | None) -> dict[str, str]:
    """Returns the labels that `account_names` has for some accounts."""
    if names is None:
        return {}
    asked = F.broadcast(_frame_of(keys, names).withColumnRenamed("key", "account"))
    return dict(map(tuple, kept_labels(names).join(asked, on="account", how="left_semi").collect()))


def _frame_of(keys: Iterable[str], beside: DataFrame) -> DataFrame:
    return beside.sparkSession.createDataFrame([(key,) for key in sorted({*keys})], "key string")

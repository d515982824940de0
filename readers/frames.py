"""CQL results straight into pandas, instants in UTC."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from stores.prepare import prepared

PAGE = 50_000
"""More rows than a run swaps in one batch (30,000): a summary's partition is then seen before a swap or after it."""


def read_frame(session: Session, cql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
    """All rows of a query as a DataFrame, with one column for each selected column, in that order.

    Timestamps become UTC-aware; texts and ids become the type "string". Up to PAGE rows come in one page; if they are
    of one partition, they are as they stood at one moment.
    """
    bound = prepared(session, cql).bind(values)
    bound.fetch_size = PAGE
    result = session.execute(bound)
    frame = pd.DataFrame(list(result), columns=result.column_names)
    for name, kind in zip(result.column_names, result.column_types, strict=True):
        if kind.typename == "timestamp":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif kind.typename in ("timeuuid", "uuid", "varchar", "text"):
            frame[name] = frame[name].astype("string")
    return frame

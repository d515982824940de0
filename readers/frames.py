"""Reads CQL results into pandas, with instants in UTC."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from stores.prepare import prepared

PAGE = 50_000
"""Rows per page: more than a run replaces in one batch (30,000).

So a partition of a small table is read as it was before such a batch, or as after it.
"""


def read_frame(session: Session, cql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
    """Returns all rows of a query as a DataFrame, with the columns in the order of the SELECT.

    Timestamps become UTC-aware; texts and ids get the type "string". If a partition has at most PAGE rows, they are all
    of the same moment. Raises PulsoError if the tables do not exist.
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

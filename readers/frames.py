"""CQL results straight into pandas, instants in UTC."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from stores.prepare import prepared


def read_frame(session: Session, cql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
    """All rows of a query as a DataFrame, page by page; one column a selected column, in its order.

    Timestamps become UTC-aware, `timeuuid` becomes text.
    """
    bound = prepared(session, cql).bind(values)
    bound.fetch_size = 5000
    result = session.execute(bound)
    frame = pd.DataFrame(list(result), columns=result.column_names)
    for name, kind in zip(result.column_names, result.column_types, strict=True):
        if kind.typename == "timestamp":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif kind.typename in ("timeuuid", "uuid"):
            frame[name] = frame[name].astype("string")
    return frame

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
    return _read(session, cql, values)[0]


def read_typed(session: Session, cql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
    """Returns the same as `read_frame`; whole numbers and truth values have types that may be null, too."""
    frame, kinds = _read(session, cql, values)
    return frame.astype({name: _NULLABLE[kind] for name, kind in kinds.items() if kind in _NULLABLE})


_NULLABLE = {
    **dict.fromkeys(("bigint", "counter", "varint"), "Int64"),
    **{"int": "Int32", "smallint": "Int16", "tinyint": "Int8", "boolean": "boolean", "double": "float64"},
}


def _read(session: Session, cql: str, values: Sequence[Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Returns all rows of a query, and the CQL type of each column."""
    bound = prepared(session, cql).bind(values)
    bound.fetch_size = PAGE
    result = session.execute(bound)
    frame = pd.DataFrame(list(result), columns=result.column_names)
    kinds = {name: str(kind.typename) for name, kind in zip(result.column_names, result.column_types, strict=True)}
    for name, kind in kinds.items():
        if kind == "timestamp":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif kind in ("timeuuid", "uuid", "varchar", "text"):
            frame[name] = frame[name].astype("string")
    return frame, kinds

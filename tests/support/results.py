"""What jobs have published of a topic, without what differs between two runs over the same posts."""

from collections.abc import Iterable
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.schema import Table
from conf.tables import TABLES

OF_THE_RUN = ("run_id", "computed_at", "method")
Rows = list[dict[str, Any]]
RESULTS = tuple(table for table in TABLES if table.job)
"""The tables that jobs publish."""


def results_of(session: Session, keyspace: str, topic: str, tables: Iterable[Table] = RESULTS) -> dict[str, Rows]:
    """Returns all rows of the tables, by the table's name."""
    return {table.name: _rows(session, f"{keyspace}.{table.name}", topic) for table in tables}


def _rows(session: Session, table: str, topic: str) -> Rows:
    rows = session.execute(f"SELECT * FROM {table} WHERE topic = %s ALLOW FILTERING", [topic], timeout=60)
    plain = [{name: value for name, value in row._asdict().items() if name not in OF_THE_RUN} for row in rows]
    return sorted(plain, key=lambda row: str({name: v for name, v in row.items() if not isinstance(v, float)}))


def same(first: dict[str, Rows], second: dict[str, Rows]) -> None:
    """Fails unless both have the same rows; numbers may differ by what the order of a sum changes."""
    assert {name: len(rows) for name, rows in first.items()} == {name: len(rows) for name, rows in second.items()}
    for name, rows in first.items():
        for row, other in zip(rows, second[name], strict=True):
            near = {key: pytest.approx(v, abs=1e-12) if isinstance(v, float) else v for key, v in row.items()}
            assert near == other, name

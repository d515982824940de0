"""Compares the tables that a job has published on both sides: the newest run of each, row by row."""

import math
from datetime import UTC
from pathlib import Path
from typing import Any

from cassandra.query import SimpleStatement

from bench.duckdb_poll import COUNTS, SHARES, figures
from bench.lab import TOPIC, Lab
from conf.errors import PulsoError
from conf.schema import Table
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL, GRAPH_NODES, JOB_RUNS, TABLES

OF_A_RUN = {"run_id", "computed_at", "method"}
"""Columns that differ between two runs, or between two versions, with the same result."""
PLACED = {"run_id", "bucket"}
"""Columns of a key that only say where a row lies."""
ACCOUNTS = {"author", "node", "src", "dst"}
"""Columns that name an account: by its id, as x:@handle where no post tells the id, in older commits by its handle."""
DRAWN = {"community", "communities", "modularity", "component"}
"""Columns that also depend on the order in which Spark brings the edges of a graph, or on that of its nodes' names."""
TOLERANCE = 1e-9
Rows = dict[tuple[Any, ...], dict[str, Any]]


def check_same(one: Lab, other: Lab, *jobs: str) -> int:
    """Returns the number of rows that these jobs have published on both sides.

    Raises PulsoError at the first row that differs between the two.
    """
    one.session.cluster.refresh_schema_metadata()
    found = 0
    for table in TABLES:
        if table.job in jobs:
            columns = _shared_columns(table, one, other)
            expected, rows = (newest_rows(lab, table, columns) for lab in (one, other))
            if difference := first_difference(expected, rows):
                raise PulsoError(f"{table.name} differs between the two commits: {difference}")
            found += len(rows)
    return found


def newest_rows(lab: Lab, table: Table, columns: list[str]) -> Rows:
    """Returns the rows of a table that the newest run of its job has published, by their key without the run's id."""
    keyspace = lab.settings.keyspace
    runs = lab.session.execute(
        f"SELECT run_id FROM {keyspace}.{JOB_RUNS.name} WHERE job = %s AND topic = %s LIMIT 1", (table.job, TOPIC)
    )
    newest = next(iter(runs)).run_id
    key = [name for name in table.key if name not in PLACED]
    named = _handles(lab) if ACCOUNTS & set(key) else {}
    selected = ", ".join(dict.fromkeys([*key, *columns, "run_id"]))
    query = SimpleStatement(f"SELECT {selected} FROM {keyspace}.{table.name}", fetch_size=5000)
    own = (row for row in lab.session.execute(query, timeout=300) if row.run_id == newest)

    def told(row: Any, name: str) -> Any:
        value = getattr(row, name)
        return named.get(value, value).rpartition(":@")[2] if name in ACCOUNTS else value

    return {
        tuple(told(row, name) for name in key): {name: told(row, name) for name in columns if name not in PLACED}
        for row in own
    }


def _handles(lab: Lab) -> dict[str, str]:
    """Returns the handles of accounts by their ids; {} where an older commit's tables hold handles."""
    found: dict[str, str] = {}
    tables = lab.session.cluster.metadata.keyspaces[lab.settings.keyspace].tables
    for name, account in ((GRAPH_NODES.name, "node"), (AUTHOR_ACTIVITY.name, "author")):
        if "label" in tables[name].columns:
            query = SimpleStatement(f"SELECT {account}, label FROM {lab.settings.keyspace}.{name}", fetch_size=5000)
            found |= {row[0]: row[1] for row in lab.session.execute(query, timeout=300) if row[1]}
    return found


def check_figures(lab: Lab, out: Path) -> None:
    """Raises PulsoError unless the newest poll of a lab holds the figures that DuckDB wrote into the file `out`."""
    ours = newest_rows(lab, CANDIDATE_POLL, [*COUNTS, *SHARES])
    found = {
        (race, period, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), candidate): row
        for (_, race, period, start, end, candidate), row in ours.items()
    }
    if difference := first_difference(figures(out), found):
        raise PulsoError(f"DuckDB's figures differ from candidate_poll's: {difference}")


def first_difference(expected: Rows, found: Rows) -> str:
    """Returns what differs first between two tables; "" if they hold the same to TOLERANCE."""
    for key in sorted(expected.keys() ^ found.keys(), key=str):
        return f"only one has a row {' '.join(map(str, key))}"
    for key, row in expected.items():
        for name, value in row.items():
            if not _equal(value, found[key][name]):
                return f"{' '.join(map(str, key))}: {name} is {value} and {found[key][name]}"
    return ""


def _shared_columns(table: Table, one: Lab, other: Lab) -> list[str]:
    keyspaces = one.session.cluster.metadata.keyspaces
    own, others = (set(keyspaces[lab.settings.keyspace].tables[table.name].columns) for lab in (one, other))
    left_out = OF_A_RUN | DRAWN | (ACCOUNTS if "rank" in table.key else set())  # the order of equals follows names
    return [name for name in table.columns if name in (own & others) - left_out]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)

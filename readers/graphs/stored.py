"""A graph as a job published it: its summary, and its nodes and edges as streams of rows, all written by one run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, UNDIRECTED_GRAPHS
from conf.topic import Topic
from readers.partitions import rows_of_period
from stores.prepare import prepared

IN_FLIGHT, PAGE = 4, 1000
"""Partitions read at once, and rows per page: with these, a stream of a million edges needs only some megabytes."""


@dataclass(frozen=True)
class StoredGraph:
    """One graph of one period. `summary` is its row of `graph_summary`."""

    session: Session
    keyspace: str
    topic: Topic
    summary: Any

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""
        return self.summary.graph not in UNDIRECTED_GRAPHS

    @property
    def key(self) -> dict[str, object]:
        """The columns that identify this graph among those of the topic, in every table of graphs."""
        return {name: getattr(self.summary, name) for name in ("graph", "period", "period_start", "period_end")}

    def nodes(self, *columns: str) -> Iterator[Any]:
        """Yields rows of `graph_nodes`, in no order. Raises PulsoError at a row of another run than the summary's."""
        return self._rows(GRAPH_NODES, columns)

    def edges(self, *columns: str) -> Iterator[Any]:
        """Yields rows of `graph_edges`, in no order. Raises PulsoError at a row of another run than the summary's."""
        return self._rows(GRAPH_EDGES, columns)

    def _rows(self, table: Table, columns: Sequence[str]) -> Iterator[Any]:
        row = self.summary
        rows = rows_of_period(
            self.session, self.keyspace, table, self.topic, self.key, columns, in_flight=IN_FLIGHT, page=PAGE
        )
        for found in rows:
            if found.run_id != row.run_id:
                raise PulsoError(
                    f"the {row.graph} graph of {self.topic.topic} is being published again",
                    "Try again in a moment; if the error stays, run jobs/network_graph.py over that window again",
                )
            yield found


def stored_graph(
    session: Session,
    keyspace: str,
    topic: Topic,
    graph: str,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> StoredGraph:
    """Returns the graph of one period: the window computed last, or the last hour or day.

    The bounds, half-open, limit the start of the period. Raises PulsoError when no such graph was published.
    """
    rows = summaries(session, keyspace, topic, graph, period, start, end)
    newest = max(rows, key=lambda row: (row.computed_at, row.period_start) if period == "window" else row.period_start)
    return StoredGraph(session, keyspace, topic, newest)


def summaries(
    session: Session,
    keyspace: str,
    topic: Topic,
    graph: str,
    period: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Any]:
    """Returns rows of `graph_summary`, oldest first. Raises PulsoError when there are none."""
    where, values = "topic = ? AND graph = ? AND period = ?", [topic.topic, graph, period]
    bounds: list[object] = []
    for bound, sign in ((start, ">="), (end, "<")):
        if bound is not None:
            where += f" AND period_start {sign} ?"
            bounds.append(bound)
    cql = f"SELECT {', '.join(GRAPH_SUMMARY.columns)} FROM {keyspace}.{GRAPH_SUMMARY.name} WHERE {where}"
    rows = list(session.execute(prepared(session, cql), [*values, *bounds]))
    if not rows:
        within = " within these bounds" if bounds else ""
        raise PulsoError(
            f"no {graph} graph of {topic.topic} by {period} has been published{within}",
            f"Run SPARK_CONF_DIR=conf spark-submit jobs/network_graph.py --topic {topic.topic} --from D --to D",
        )
    return rows

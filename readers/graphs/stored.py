"""A published graph: its summary, and streams of its nodes and edges, all from one run.

The row of graph_summary has the run's id. The rows of a run are not deleted while it is named there. So if the summary
still names the run at the end of a stream, the stream is complete.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table, bound
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, UNDIRECTED_GRAPHS
from conf.topic import Topic
from readers.partitions import Replaced, rows_of_run
from stores.prepare import prepared
from stores.published import Period, utc

IN_FLIGHT, PAGE = 4, 1000
"""Partitions read at once, and rows per page: with these, a stream of a million edges needs only some megabytes."""


class NoGraph(PulsoError):
    """No graph has been published within the bounds."""


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
    def period(self) -> Period:
        """The key of this graph among the topic's graphs: graph, period, start and end."""
        row = self.summary
        return Period(row.graph, row.period, utc(row.period_start), utc(row.period_end))

    def nodes(self, *columns: str) -> Iterator[Any]:
        """Yields rows of `graph_nodes`, in no order. At the end, raises Replaced if a later run has replaced them."""
        return self.rows(GRAPH_NODES, columns)

    def edges(self, *columns: str) -> Iterator[Any]:
        """Yields rows of `graph_edges`, in no order. At the end, raises Replaced if a later run has replaced them."""
        return self.rows(GRAPH_EDGES, columns)

    def rows(self, table: Table, columns: Sequence[str]) -> Iterator[Any]:
        """Yields rows of one of the graphs' tables. At the end, raises Replaced if a later run has replaced them."""
        yield from rows_of_run(
            *(self.session, self.keyspace, table, self.topic, self.period, self.summary.run_id, columns),
            most=IN_FLIGHT,
            page=PAGE,
        )
        self._check_still_named()

    def _check_still_named(self) -> None:
        cql = f"SELECT run_id FROM {self.keyspace}.{GRAPH_SUMMARY.name} WHERE {bound(GRAPH_SUMMARY.key)}"
        key = (self.topic.topic, *self.period)
        now = self.session.execute(prepared(self.session, cql), key).one()
        if now is None or now.run_id != self.summary.run_id:
            raise Replaced(f"the {self.summary.graph} graph of {self.topic.topic}")


def stored_graph(
    session: Session,
    keyspace: str,
    topic: Topic,
    graph: str,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> StoredGraph:
    """Returns the graph of one period: of the window that was computed last, or of the last hour or day.

    `start` and `end` (half-open) limit the start of the period. Raises PulsoError when no such graph was published.
    """
    rows = summaries(session, keyspace, topic, [graph], period, start, end)
    return StoredGraph(session, keyspace, topic, max(rows, key=_newness))


def stored_graphs(
    session: Session,
    keyspace: str,
    topic: Topic,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[StoredGraph]:
    """Returns all graphs of one period and run, in the order of GRAPHS. The period is chosen as by `stored_graph`."""
    rows = summaries(session, keyspace, topic, topic.graph.made, period, start, end)
    newest = max(rows, key=_newness)
    same = [row for row in rows if (row.run_id, row.period_start) == (newest.run_id, newest.period_start)]
    return [StoredGraph(session, keyspace, topic, row) for row in same]


def _newness(row: Any) -> tuple[datetime, datetime]:
    return (row.computed_at, row.period_start) if row.period == "window" else (row.period_start, row.computed_at)


def summaries(
    session: Session,
    keyspace: str,
    topic: Topic,
    graphs: Sequence[str],
    period: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Any]:
    """Returns rows of `graph_summary`, graph by graph, oldest first. Raises NoGraph when there are none."""
    where = "topic = ? AND graph = ? AND period = ?"
    bounds: list[object] = []
    for limit, sign in ((start, ">="), (end, "<")):
        if limit is not None:
            where += f" AND period_start {sign} ?"
            bounds.append(limit)
    cql = f"SELECT {', '.join(GRAPH_SUMMARY.columns)} FROM {keyspace}.{GRAPH_SUMMARY.name} WHERE {where}"
    asked = prepared(session, cql)
    rows = [row for graph in graphs for row in session.execute(asked, [topic.topic, graph, period, *bounds])]
    if not rows:
        within = " within these bounds" if bounds else ""
        which = f"{graphs[0]} graph" if len(graphs) == 1 else "graph"
        raise NoGraph(
            f"no {which} of {topic.topic} by {period} has been published{within}",
            "Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/network_graph.py "
            f"--topic {topic.topic} --from D --to D",
        )
    return rows

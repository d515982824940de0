"""What is written of a graph, or of several: a title, and rows of nodes and edges with the types of their columns."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from conf.schema import Table
from conf.tables import GRAPH_EDGES, GRAPH_NODES, TWO_MODE_GRAPHS
from readers.graphs.pruning import Kept
from readers.graphs.stored import StoredGraph
from readers.spans import between
from stores.published import utc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Type = Literal["string", "long", "double", "time"]
_TYPES: dict[str, Type] = {"text": "string", "bigint": "long", "double": "double", "timestamp": "time"}


def _types(table: Table) -> dict[str, Type]:
    left_out = (*table.partition, "run_id", "computed_at")
    return {name: _TYPES[column.cql] for name, column in table.columns.items() if name not in left_out}


NODE_TYPES, EDGE_TYPES = _types(GRAPH_NODES), _types(GRAPH_EDGES)
MODE_TYPES: dict[str, Type] = {"mode": "string", "bipartite": "long"}
"""What a node of a two-mode graph has, too: its kind, and 0 for the first kind or 1 for the second, as in NetworkX."""


@dataclass(frozen=True)
class Content:
    """What is written. The rows have an attribute for each column of the types; `counts` is their expected number.

    `title` is one line for people, which also says what was cut.
    """

    title: str
    directed: bool
    node_types: Mapping[str, Type]
    edge_types: Mapping[str, Type]
    nodes: Callable[[], Iterator[Any]]
    edges: Callable[[], Iterator[Any]]
    counts: tuple[int, int]


class _Mode(NamedTuple):
    mode: str
    bipartite: int | None


def mode_of(graph: str, out_degree: int) -> _Mode:
    """Returns the kind of a node; in a two-mode graph, nodes of the first kind have edges out."""
    if graph not in TWO_MODE_GRAPHS:
        return _Mode("hashtag" if graph == "hashtag" else "author", None)
    second = int(not out_degree)
    return _Mode(TWO_MODE_GRAPHS[graph][second], second)


def of_graph(graph: StoredGraph, kept: Kept | None) -> Content:
    """Returns the content of a stored graph: all of it, or what was `kept`."""
    name = graph.summary.graph
    two_mode = name in TWO_MODE_GRAPHS

    def nodes() -> Iterator[Any]:
        rows = _chosen(graph.nodes(*NODE_TYPES), kept.nodes if kept else None)
        return _with_modes(name, rows) if two_mode else rows

    def edges() -> Iterator[Any]:
        return _chosen(graph.edges(*EDGE_TYPES), kept.edges if kept else None)

    types = NODE_TYPES | MODE_TYPES if two_mode else NODE_TYPES
    return Content(title_of(graph), graph.directed, types, EDGE_TYPES, nodes, edges, counts_of(graph, kept))


def of_graphs(graphs: Sequence[tuple[StoredGraph, Kept | None]]) -> Content:
    """Returns the content of several graphs of one period, one after the other; the column `graph` says which it is."""
    column: dict[str, Type] = {"graph": "string"}
    node = _row_type([*column, *NODE_TYPES, *MODE_TYPES])
    edge = _row_type([*column, *EDGE_TYPES])

    def nodes() -> Iterator[Any]:
        for graph, kept in graphs:
            name = graph.summary.graph
            for row in _chosen(graph.nodes(*NODE_TYPES), kept.nodes if kept else None):
                yield node(name, *row, *mode_of(name, row.out_degree))

    def edges() -> Iterator[Any]:
        for graph, kept in graphs:
            for row in _chosen(graph.edges(*EDGE_TYPES), kept.edges if kept else None):
                yield edge(graph.summary.graph, *row)

    counted = [counts_of(graph, kept) for graph, kept in graphs]
    counts = sum(n for n, _ in counted), sum(n for _, n in counted)
    types = column | NODE_TYPES | MODE_TYPES, column | EDGE_TYPES
    return Content(title_of(graphs[0][0], "all graphs"), True, *types, nodes, edges, counts)


def counts_of(graph: StoredGraph, kept: Kept | None) -> tuple[int, int]:
    """Returns the numbers of nodes and of edges of a graph, or of what was kept of it."""
    row = graph.summary
    return (int(kept.nodes.sum()), int(kept.edges.sum())) if kept else (row.nodes, row.edges)


def title_of(graph: StoredGraph, what: str = "") -> str:
    """Returns one line that says which graph it is: topic, graph (or `what`) and period, in the topic's time zone."""
    row, topic = graph.summary, graph.topic
    span = between(utc(row.period_start), utc(row.period_end), topic)
    return f"{topic.title or topic.topic}: {what or f'{row.graph} graph'}, {span} ({topic.timezone})"


def _chosen(rows: Iterator[Any], flags: "NDArray[np.bool_] | None") -> Iterator[Any]:
    return rows if flags is None else compress(rows, flags)


def _with_modes(graph: str, rows: Iterator[Any]) -> Iterator[Any]:
    made = _row_type([*NODE_TYPES, *MODE_TYPES])
    return (made(*row, *mode_of(graph, row.out_degree)) for row in rows)


def _row_type(columns: Iterable[str]) -> Callable[..., Any]:
    return namedtuple("Row", columns)

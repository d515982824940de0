"""Exports: a stored graph, whole or pruned, row by row into a file."""

from collections.abc import Callable, Iterable, Iterator
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.tables import GRAPH_EDGES, GRAPH_NODES
from readers.files import opened
from readers.graphs.gexf import gexf
from readers.graphs.graphml import graphml
from readers.graphs.pruning import Kept, Pruning, arrays, pruned
from readers.graphs.stored import StoredGraph

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

XML = {"gexf": gexf, "graphml": graphml}
NODE_COLUMNS = [name for name in GRAPH_NODES.columns if name not in (*GRAPH_NODES.partition, "run_id", "computed_at")]
EDGE_COLUMNS = [name for name in GRAPH_EDGES.columns if name not in (*GRAPH_EDGES.partition, "run_id", "computed_at")]
PIECES = 500
"""Parts of a file that are written at once."""
PAGE = 5000
Advance = Callable[[int], None]


def kept_of(graph: StoredGraph, pruning: Pruning) -> Kept | None:
    """What a pruning keeps; nothing where it keeps all, which then needs no graph in memory."""
    return None if pruning.nothing else pruned(arrays(graph), pruning)


def export(
    graph: StoredGraph, kept: Kept | None, format_: str, out: Path | None, advance: Advance, *, nodes: bool = False
) -> tuple[int, int]:
    """Writes a graph as `gexf`, `graphml`, or its edges (or with `nodes` its nodes) as `csv`, `ndjson` or `parquet`, to
    a file that is there once it is whole, or to stdout. Gives how many nodes and edges were written."""
    counted = {"nodes": 0, "edges": 0}

    def rows(what: str, found: Iterable[Any], flags: "NDArray[np.bool_] | None") -> Iterator[Any]:
        for row in found if flags is None else compress(found, flags):
            counted[what] += 1
            advance(1)
            yield row

    def nodes_() -> Iterator[Any]:
        return rows("nodes", graph.nodes(*NODE_COLUMNS), kept.nodes if kept else None)

    def edges_() -> Iterator[Any]:
        return rows("edges", graph.edges(*EDGE_COLUMNS), kept.edges if kept else None)

    if format_ in XML:
        parts = XML[format_](title_of(graph), nodes_(), edges_(), directed=graph.directed)
        with opened(out) as file:
            while some := "".join(islice(parts, PIECES)):
                file.write(some.encode())
    else:
        from readers.output import write_pages  # noqa: PLC0415 - and so does this

        write_pages(_pages(nodes_() if nodes else edges_(), NODE_COLUMNS if nodes else EDGE_COLUMNS), format_, out)
    return counted["nodes"], counted["edges"]


def title_of(graph: StoredGraph) -> str:
    """What the graph is of, in a line."""
    row, topic = graph.summary, graph.topic
    span = " to ".join(f"{at:%Y-%m-%dT%H:%MZ}" for at in (row.period_start, row.period_end))
    return f"{topic.title or topic.topic}: {row.graph} graph, {span}"


def _pages(rows: Iterator[Any], columns: list[str]) -> "Iterator[pd.DataFrame]":
    """Frames of rows; one without rows where there are none, since it brings the columns."""
    page = list(islice(rows, PAGE))
    yield _frame(page, columns)
    while page := list(islice(rows, PAGE)):
        yield _frame(page, columns)


def _frame(page: list[Any], columns: list[str]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - what writes XML does without

    frame = pd.DataFrame([[getattr(row, name) for name in columns] for row in page], columns=columns)
    for name in columns:
        if name in ("node", "src", "dst"):
            frame[name] = frame[name].astype("string")
        elif name in ("first_at", "last_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame

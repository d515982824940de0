"""Exports a stored graph, whole or pruned, row by row into a file."""

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
"""Parts of an XML file that are joined for one write."""
PAGE = 5000
Advance = Callable[[int], None]


def kept_of(graph: StoredGraph, pruning: Pruning) -> Kept | None:
    """Returns the part of the graph that the pruning keeps.

    Returns None if it keeps all: then no graph is held in memory.
    """
    return None if pruning.nothing else pruned(arrays(graph), pruning)


def export(
    graph: StoredGraph, kept: Kept | None, format_: str, out: Path | None, advance: Advance, *, nodes: bool = False
) -> tuple[int, int]:
    """Writes a graph to a file or to stdout; returns the numbers of nodes and edges written.

    The file gets its name when it is complete.

    The formats `csv`, `ndjson` and `parquet` contain only edges or, with `nodes`, only nodes."""
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
        from readers.output import write_pages  # noqa: PLC0415 - imports pandas, which XML does not need

        write_pages(_pages(nodes_() if nodes else edges_(), NODE_COLUMNS if nodes else EDGE_COLUMNS), format_, out)
    return counted["nodes"], counted["edges"]


def title_of(graph: StoredGraph) -> str:
    """Returns one line that says which graph it is: topic, graph and period."""
    row, topic = graph.summary, graph.topic
    span = " to ".join(f"{at:%Y-%m-%dT%H:%MZ}" for at in (row.period_start, row.period_end))
    return f"{topic.title or topic.topic}: {row.graph} graph, {span}"


def _pages(rows: Iterator[Any], columns: list[str]) -> "Iterator[pd.DataFrame]":
    """Yields frames of rows. Without rows, yields one empty frame, which has the columns."""
    page = list(islice(rows, PAGE))
    yield _frame(page, columns)
    while page := list(islice(rows, PAGE)):
        yield _frame(page, columns)


def _frame(page: list[Any], columns: list[str]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - writing XML does not need it

    frame = pd.DataFrame([[getattr(row, name) for name in columns] for row in page], columns=columns)
    for name in columns:
        if name in ("node", "label", "src", "dst"):
            frame[name] = frame[name].astype("string")
        elif name in ("first_at", "last_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame

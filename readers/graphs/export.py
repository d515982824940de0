"""Exports a graph, or several, row by row into a file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readers.files import opened
from readers.graphs.content import Content, Type
from readers.graphs.gexf import gexf
from readers.graphs.graphml import graphml
from readers.graphs.pruning import Kept, Pruning, arrays, pruned
from readers.graphs.stored import StoredGraph

if TYPE_CHECKING:
    import pandas as pd

XML = {"gexf": gexf, "graphml": graphml}
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
    content: Content, format_: str, out: Path | None, advance: Advance, *, nodes: bool = False
) -> tuple[int, int]:
    """Writes a graph to a file or to stdout; returns the numbers of nodes and edges written.

    The file gets its name when it is complete.

    The formats `csv`, `ndjson` and `parquet` contain only edges or, with `nodes`, only nodes. Parquet has the title in
    its metadata, under the name `description`; GEXF and GraphML have it as their description."""
    counted = {"nodes": 0, "edges": 0}

    def rows(what: str, found: Iterable[Any]) -> Iterator[Any]:
        for row in found:
            counted[what] += 1
            advance(1)
            yield row

    if format_ in XML:
        parts = XML[format_](content, rows("nodes", content.nodes()), rows("edges", content.edges()))
        with opened(out) as file:
            while some := "".join(islice(parts, PIECES)):
                file.write(some.encode())
    else:
        from readers.output import write_pages  # noqa: PLC0415 - imports pandas, which XML does not need

        found = rows("nodes", content.nodes()) if nodes else rows("edges", content.edges())
        pages = _pages(found, content.node_types if nodes else content.edge_types)
        write_pages(pages, format_, out, description=content.title)
    return counted["nodes"], counted["edges"]


def _pages(rows: Iterator[Any], types: Mapping[str, Type]) -> "Iterator[pd.DataFrame]":
    """Yields frames of rows. Without rows, yields one empty frame, which has the columns."""
    page = list(islice(rows, PAGE))
    yield _frame(page, types)
    while page := list(islice(rows, PAGE)):
        yield _frame(page, types)


def _frame(page: list[Any], types: Mapping[str, Type]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - writing XML does not need it

    frame = pd.DataFrame([[getattr(row, name) for name in types] for row in page], columns=list(types))
    numbers = {"string": "string", "long": "Int64", "double": "float64"}
    for name, type_ in types.items():
        frame[name] = pd.to_datetime(frame[name], utc=True) if type_ == "time" else frame[name].astype(numbers[type_])
    return frame

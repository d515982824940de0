"""Writes GEXF 1.2, the XML format of Gephi, as a dynamic graph: a node or edge exists from its first post to its last.

It is written as a stream, with one row in memory at a time. NetworkX and Gephi can read the file, and it is valid by
the format's schema.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from conf.tables import GRAPH_NODES
from readers.graphs.names import name_shown, xml

_TYPES = {"bigint": "long", "double": "double"}
ATTRIBUTES = {name: _TYPES[column.cql] for name, column in GRAPH_NODES.columns.items() if column.cql in _TYPES}
"""A node's measures, with their types in GEXF and GraphML."""


def gexf(title: str, nodes: Iterable[Any], edges: Iterable[Any], *, directed: bool) -> Iterator[str]:
    """Yields the parts of the file. The rows have the columns of `graph_nodes` and `graph_edges`."""
    kind = "directed" if directed else "undirected"
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n'
        f"<meta><creator>Pulso</creator><description>{xml(title)}</description></meta>\n"
        # Times are full instants. Every reader of the format knows `date` and accepts instants for it.
        f'<graph mode="dynamic" timeformat="date" defaultedgetype="{kind}" idtype="string">\n'
        '<attributes class="node" mode="static">\n'
    )
    for number, (name, type_) in enumerate(ATTRIBUTES.items()):
        yield f'<attribute id="{number}" title="{name}" type="{type_}"/>\n'
    yield "</attributes>\n<nodes>\n"
    yield from map(_node, nodes)
    yield "</nodes>\n<edges>\n"
    for number, edge in enumerate(edges):
        yield (
            f'<edge id="{number}" source="{xml(edge.src)}" target="{xml(edge.dst)}" weight="{edge.weight}"'
            f"{_span(edge)}/>\n"
        )
    yield "</edges>\n</graph>\n</gexf>\n"


def _node(row: Any) -> str:
    values = "".join(
        f'<attvalue for="{number}" value="{getattr(row, column)}"/>' for number, column in enumerate(ATTRIBUTES)
    )
    names = f'id="{xml(row.node)}" label="{xml(name_shown(row.node, row.label))}"'
    return f"<node {names}{_span(row)}><attvalues>{values}</attvalues></node>\n"


def _span(row: Any) -> str:
    return f' start="{iso(row.first_at)}" end="{iso(row.last_at)}"'


def iso(at: datetime) -> str:
    """Returns a UTC instant as text, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

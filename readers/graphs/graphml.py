"""Writes GraphML, which igraph, NetworkX, Gephi and most other tools read.

It is a stream, with one row in memory at a time.

In GraphML, a node's id must be an XML name token. `node` is the node's name and `label` what people read of it,
unchanged except for characters that XML does not allow.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from readers.graphs.content import Content
from readers.graphs.gexf import iso, measures
from readers.graphs.names import name_shown, token, xml


def graphml(content: Content, nodes: Iterable[Any], edges: Iterable[Any]) -> Iterator[str]:
    """Yields the parts of the file. The rows have the columns of the content's types."""
    kind = "directed" if content.directed else "undirected"
    of_nodes, of_edges = measures(content.node_types), measures(content.edge_types)
    times = [[name for name, type_ in t.items() if type_ == "time"] for t in (content.node_types, content.edge_types)]
    declared: dict[str, dict[str, str]] = {
        "node": {"label": "string", "node": "string", **of_nodes, **dict.fromkeys(times[0], "string")},
        "edge": {"weight": content.edge_types["weight"], **of_edges, **dict.fromkeys(times[1], "string")},
    }
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f"<desc>{xml(content.title)}</desc>\n"
    )
    for what, columns in declared.items():
        for name, type_ in columns.items():
            yield f'<key id="{what[0]}_{name}" for="{what}" attr.name="{name}" attr.type="{type_}"/>\n'
    yield f'<graph id="G" edgedefault="{kind}">\n'
    for row in nodes:
        names = {"label": xml(name_shown(row.node, row.label)), "node": xml(row.node)}
        yield f'<node id="{token(row.node)}">{_data("n", {**names, **_values(row, of_nodes, times[0])})}</node>\n'
    for row in edges:
        values = {"weight": row.weight, **_values(row, of_edges, times[1])}
        yield f'<edge source="{token(row.src)}" target="{token(row.dst)}">{_data("e", values)}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _values(row: Any, columns: Iterable[str], times: Iterable[str]) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in columns}, **{name: iso(getattr(row, name)) for name in times}}


def _data(prefix: str, values: Mapping[str, Any]) -> str:
    return "".join(f'<data key="{prefix}_{name}">{value}</data>' for name, value in values.items())

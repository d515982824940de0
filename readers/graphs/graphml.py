"""Writes GraphML, which igraph, NetworkX, Gephi and most other tools read.

It is a stream, with one row in memory at a time.

In GraphML, a node's id must be an XML name token. `node` is the node's name and `label` what people read of it,
unchanged except for characters that XML does not allow.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from readers.graphs.gexf import ATTRIBUTES, iso
from readers.graphs.names import name_shown, token, xml

_TIMES = {"first_at": "string", "last_at": "string"}
_OF_NODE = {"label": "string", "node": "string", **ATTRIBUTES, **_TIMES}
_OF_EDGE = {"weight": "long", **_TIMES}


def graphml(title: str, nodes: Iterable[Any], edges: Iterable[Any], *, directed: bool) -> Iterator[str]:
    """Yields the parts of the file. The rows have the columns of `graph_nodes` and `graph_edges`."""
    kind = "directed" if directed else "undirected"
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f"<desc>{xml(title)}</desc>\n"
    )
    for what, columns in (("node", _OF_NODE), ("edge", _OF_EDGE)):
        for name, type_ in columns.items():
            yield f'<key id="{what[0]}_{name}" for="{what}" attr.name="{name}" attr.type="{type_}"/>\n'
    yield f'<graph id="G" edgedefault="{kind}">\n'
    for row in nodes:
        names = {"label": xml(name_shown(row.node, row.label)), "node": xml(row.node)}
        values = {**names, **{name: getattr(row, name) for name in ATTRIBUTES}, **_times(row)}
        yield f'<node id="{token(row.node)}">{_data("n", values)}</node>\n'
    for row in edges:
        values = {"weight": row.weight, **_times(row)}
        yield f'<edge source="{token(row.src)}" target="{token(row.dst)}">{_data("e", values)}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _times(row: Any) -> dict[str, str]:
    return {name: iso(getattr(row, name)) for name in _TIMES}


def _data(prefix: str, values: dict[str, Any]) -> str:
    return "".join(f'<data key="{prefix}_{name}">{value}</data>' for name, value in values.items())

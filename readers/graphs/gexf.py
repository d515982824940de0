"""Writes GEXF 1.2, the XML format of Gephi, as a dynamic graph: a node or edge exists from its first post to its last.

It is written as a stream, with one row in memory at a time. NetworkX and Gephi can read the file, and it is valid by
the format's schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from readers.graphs.content import Content, Type
from readers.graphs.names import name_shown, xml

_OWN = ("node", "label", "src", "dst", "weight")
"""The columns for which the format has attributes of its own."""


def gexf(content: Content, nodes: Iterable[Any], edges: Iterable[Any]) -> Iterator[str]:
    """Yields the parts of the file. The rows have the columns of the content's types."""
    kind = "directed" if content.directed else "undirected"
    of_nodes, of_edges = measures(content.node_types), measures(content.edge_types)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n'
        f"<meta><creator>Pulso</creator><description>{xml(content.title)}</description></meta>\n"
        # Times are full instants. Every reader of the format knows `date` and accepts instants for it.
        f'<graph mode="dynamic" timeformat="date" defaultedgetype="{kind}" idtype="string">\n'
    )
    yield _declared("node", of_nodes)
    if of_edges:
        yield _declared("edge", of_edges)
    yield "<nodes>\n"
    for row in nodes:
        names = f'id="{xml(row.node)}" label="{xml(name_shown(row.node, row.label))}"'
        yield f"<node {names}{_span(row)}>{_values(row, of_nodes)}</node>\n"
    yield "</nodes>\n<edges>\n"
    for number, row in enumerate(edges):
        begin = f'<edge id="{number}" source="{xml(row.src)}" target="{xml(row.dst)}" weight="{row.weight}"{_span(row)}'
        yield f"{begin}>{_values(row, of_edges)}</edge>\n" if of_edges else f"{begin}/>\n"
    yield "</edges>\n</graph>\n</gexf>\n"


def measures(types: Mapping[str, Type]) -> dict[str, Type]:
    """Returns the columns that are neither names nor times, with their types in GEXF and GraphML."""
    return {name: type_ for name, type_ in types.items() if name not in _OWN and type_ != "time"}


def _declared(what: str, columns: Mapping[str, Type]) -> str:
    each = (f'<attribute id="{n}" title="{name}" type="{type_}"/>\n' for n, (name, type_) in enumerate(columns.items()))
    return f'<attributes class="{what}" mode="static">\n{"".join(each)}</attributes>\n'


def _values(row: Any, columns: Mapping[str, Type]) -> str:
    values = (f'<attvalue for="{number}" value="{getattr(row, name)}"/>' for number, name in enumerate(columns))
    return f"<attvalues>{''.join(values)}</attvalues>"


def _span(row: Any) -> str:
    """Returns the times of a row; "" for an edge that has none."""
    return f' start="{iso(row.first_at)}" end="{iso(row.last_at)}"' if hasattr(row, "first_at") else ""


def iso(at: datetime) -> str:
    """Returns a UTC instant as text, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

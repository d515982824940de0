"""An interactive page with a drawing: one HTML file that needs no internet connection and no graphics card.

The page draws on a plain canvas. With 5,000 nodes and 25,000 edges, the WebGL of a plotting library took seconds per
frame in a browser without a graphics card. While the picture moves, only the heaviest edges are drawn.
"""

import html
import json
from pathlib import Path
from typing import Any

import numpy as np

from conf.plain import one_line
from readers.files import opened
from readers.graphs.drawing import OTHER, Drawing, Node
from readers.graphs.png import sizes

TEMPLATE = Path(__file__).with_name("page.html")
SMALL, LARGE = 2.0, 16.0
"""The radii of the last and of the first node by PageRank, in pixels, while the whole picture is shown."""
FEW = 300
"""With up to this many nodes, nodes have these radii; with more, all are smaller."""


def write_page(drawing: Drawing, title: str, figures: str, file: Path) -> None:
    """Writes the page; replaces the file if it exists."""
    parts = {"__TITLE__": _safe(title), "__FIGURES__": _safe(figures), "__DATA__": _json(_data(drawing))}
    before, *rest = TEMPLATE.read_text(encoding="utf-8").split("__DATA__")
    for name in ("__TITLE__", "__FIGURES__"):
        before = before.replace(name, parts[name])
    with opened(file) as out:
        out.write(parts["__DATA__"].join([before, *rest]).encode())


def _data(drawing: Drawing) -> dict[str, Any]:
    """Returns the data for the page's script: nodes in the order of PageRank, and edges, the heaviest first."""
    shades = [*drawing.colours.values(), OTHER]
    shrink = min(1.0, (FEW / len(drawing.nodes)) ** 0.25)
    nodes = [
        {
            **{"name": one_line(node.name), "x": round(node.x, 3), "y": round(node.y, 3)},
            **{"r": round(shrink * (SMALL + (LARGE - SMALL) * size), 2), "c": shades.index(drawing.colour(node))},
            "told": node.told or _told(node),
        }
        for node, size in zip(drawing.nodes, sizes(drawing).tolist(), strict=True)
    ]
    heaviest = np.argsort(-drawing.edges[:, 2], kind="stable")
    legend = [
        (colour, _members(one_line(name), members, has_title=bool(drawing.titles)))
        for colour, name, members in drawing.communities
    ]
    return {
        "nodes": nodes,
        "edges": drawing.edges[heaviest, :2].ravel().tolist(),
        "colours": shades,
        "legend": legend,
        "kinds": "Groups, with their accounts" if drawing.titles else "Colours: communities",
    }


def _members(name: str, members: int, *, has_title: bool) -> str:
    """Returns a community in words, by its title, else by its first node."""
    if has_title:
        return f"\u2068{name}\u2069: {members:,}"
    return f"\u2068{name}\u2069 and {members - 1:,} more" if members > 1 else name


def _told(node: Node) -> str:
    posts = f"posts in {node.in_weight:,}, out {node.out_weight:,}"
    return f"PageRank {node.pagerank:.2%}\n{posts}\ncommunity {node.community}"


def _json(data: Any) -> str:
    """Returns JSON that may stand inside a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _safe(text: str) -> str:
    return html.escape(one_line(text))

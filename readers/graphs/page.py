"""An interactive page of a drawing, one file that needs no network: drawn by WebGL, so that it stays quick."""

import html
import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from readers.files import opened
from readers.graphs.drawing import Drawing
from readers.graphs.png import sizes
from readers.plain import one_line

NAMED = 40
FIND = """
<div style="position:absolute;top:14px;right:64px;z-index:9">
<input id="find" list="names" placeholder="find a node" aria-label="find a node"
 style="font:14px sans-serif;padding:5px 8px;border:1px solid #bbb;border-radius:4px">
<datalist id="names"></datalist></div>
<script>
(() => {
  const plot = document.getElementById("graph"), input = document.getElementById("find");
  const names = __NAMES__, nodes = plot.data.findIndex(trace => trace.name === "nodes");
  const option = name => Object.assign(document.createElement("option"), {value: name});
  document.getElementById("names").append(...names.map(option));
  const place = new Map(names.map((name, number) => [name.toLowerCase(), number]));
  const [left, right] = plot.layout.xaxis.range, [low, high] = plot.layout.yaxis.range;
  input.addEventListener("change", () => {
    const number = place.get(input.value.replace(/^[@#]/, "").toLowerCase());
    if (number === undefined) { input.setCustomValidity("no such node here"); input.reportValidity(); return; }
    input.setCustomValidity("");
    const x = plot.data[nodes].x[number], y = plot.data[nodes].y[number];
    const wide = (right - left) / 12, tall = (high - low) / 12;
    Plotly.relayout(plot, {"xaxis.range": [x - wide, x + wide], "yaxis.range": [y - tall, y + tall]})
      .then(() => Plotly.Fx.hover(plot, [{curveNumber: nodes, pointNumber: number}]));
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
})();
</script>
"""


def write_page(drawing: Drawing, title: str, figures: str, file: Path) -> None:
    """Writes the page, in place of what the file held."""
    plot = figure_of(drawing, title, figures).to_html(
        full_html=False, include_plotlyjs=True, div_id="graph", config={"scrollZoom": True, "displaylogo": False}
    )
    names = json.dumps([one_line(node.name) for node in drawing.nodes]).replace("<", "\\u003c")
    text = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(one_line(title))}</title>'
        "<style>html,body{margin:0;height:100%}#graph{height:100vh}</style></head>\n<body>"
        f"{plot}{FIND.replace('__NAMES__', names)}</body></html>\n"
    )
    with opened(file) as out:
        out.write(text.encode())


def figure_of(drawing: Drawing, title: str, figures: str) -> go.Figure:
    """The figure: one trace of edges, one of nodes, one of names."""
    places = np.array([(node.x, node.y) for node in drawing.nodes])
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.maximum((high - low) * 0.05, 1.0)
    axis = {"visible": False, "showgrid": False, "zeroline": False}
    figure = go.Figure([_edges(drawing, places), _nodes(drawing, places), _names(drawing, places)])
    figure.update_layout(
        title={"text": f"<b>{_safe(title)}</b><br><sub>{_safe(figures)}</sub>", "x": 0.01},
        template="plotly_white",
        showlegend=False,
        hovermode="closest",
        dragmode="pan",
        margin={"l": 10, "r": 10, "t": 70, "b": 10},
        xaxis={**axis, "range": [low[0] - room[0], high[0] + room[0]]},
        yaxis={**axis, "range": [low[1] - room[1], high[1] + room[1]], "scaleanchor": "x"},
    )
    return figure


def _edges(drawing: Drawing, places: np.ndarray) -> go.Scattergl:
    ends = places[drawing.edges[:, :2]]
    gaps = np.full((len(ends), 1, 2), np.nan)
    x, y = np.concatenate([ends, gaps], axis=1).reshape(-1, 2).T
    line = {"width": 0.6, "color": f"rgba(90,90,90,{0.35 if len(ends) < 2000 else 0.15})"}
    return go.Scattergl(x=x, y=y, mode="lines", name="edges", hoverinfo="skip", line=line)


def _nodes(drawing: Drawing, places: np.ndarray) -> go.Scattergl:
    told = [
        f"<b>{_safe(node.name)}</b><br>PageRank {node.pagerank:.2%}<br>posts in {node.in_weight:,}, out "
        f"{node.out_weight:,}<br>community {node.community}"
        for node in drawing.nodes
    ]
    marker = {
        "size": 4 + 30 * sizes(drawing),
        "color": [drawing.colour(node) for node in drawing.nodes],
        "line": {"width": 0.5, "color": "white"},
        "opacity": 1,
    }
    return go.Scattergl(
        x=places[:, 0], y=places[:, 1], mode="markers", name="nodes", marker=marker, text=told, hoverinfo="text"
    )


def _names(drawing: Drawing, places: np.ndarray) -> go.Scatter:
    first = drawing.nodes[:NAMED]
    return go.Scatter(
        x=places[: len(first), 0],
        y=places[: len(first), 1],
        mode="text",
        name="names",
        text=[_safe(node.name) for node in first],
        textfont={"size": 11, "color": "#222"},
        hoverinfo="skip",
    )


def _safe(text: str) -> str:
    return html.escape(one_line(text))

"""A still picture of a drawing: communities coloured, nodes as large as their PageRank, the first ones named."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from readers.files import opened
from readers.graphs.drawing import Drawing, Floats
from readers.plain import one_line

SIZE, DPI = (14, 10), 120
"""Inches, and dots an inch."""
NAMED = 40
"""Nodes that get a name, where it covers no other's."""
LONGEST_NAME = 28


def write_png(drawing: Drawing, title: str, figures: str, file: Path) -> None:
    """Writes the picture, in place of what the file held."""
    with mpl.rc_context({"text.parse_math": False, "font.family": ["DejaVu Sans"]}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # such a letter is drawn as a box
        figure = Figure(SIZE, DPI, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal", adjustable="datalim")
        _draw(axes, drawing)
        axes.set_title(f"{one_line(title)}\n", loc="left", fontsize=15, fontweight="bold")
        axes.text(0, 1.005, one_line(figures), transform=axes.transAxes, fontsize=10, color="#555")
        _legend(axes, drawing)
        canvas.draw()  # type: ignore[no-untyped-call]  # its own
        _drop_covered(list(_named(axes, drawing)), canvas)
        with opened(file) as out:
            figure.savefig(out, format="png", facecolor="white")


def sizes(drawing: Drawing) -> Floats:
    """Each node's size, 0..1: its area is in proportion to PageRank."""
    ranks = np.array([node.pagerank for node in drawing.nodes])
    return np.asarray(np.sqrt(ranks / ranks.max()))


def _draw(axes: Axes, drawing: Drawing) -> None:
    places = np.array([(node.x, node.y) for node in drawing.nodes])
    src, dst, weight = drawing.edges.T
    strength = np.log2(1 + weight)
    width = 0.3 + 1.7 * strength / max(strength.max(initial=0), 1)
    alpha = 0.35 if len(weight) < 2000 else 0.15
    colours = [drawing.colour(drawing.nodes[n]) for n in src]
    axes.add_collection(
        LineCollection(
            list(np.stack([places[src], places[dst]], 1)), linewidths=width, colors=colours, alpha=alpha, zorder=1
        )
    )
    area = 8 + 700 * sizes(drawing) ** 2
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=area,
        c=[drawing.colour(node) for node in drawing.nodes],
        edgecolors="white",
        linewidths=0.5,
        zorder=2,
    )


def _named(axes: Axes, drawing: Drawing) -> Iterator[Text]:
    for node in drawing.nodes[:NAMED]:
        name = one_line(node.name)
        shown = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        text = axes.text(node.x, node.y, shown, fontsize=9, ha="center", va="center", zorder=3)
        text.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground="white")])
        yield text


def _drop_covered(texts: list[Text], canvas: FigureCanvasAgg) -> None:
    """Takes away the names that would cover one of a node with a higher PageRank."""
    boxes: list[Any] = []
    for text in texts:
        box = text.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
        if any(box.overlaps(other) for other in boxes):
            text.remove()
        else:
            boxes.append(box)


def _legend(axes: Axes, drawing: Drawing) -> None:
    handles = [
        axes.scatter([], [], s=60, c=[colour], label=f"around {one_line(name)[:LONGEST_NAME]} ({nodes:,})")
        for colour, name, nodes in drawing.communities
        if nodes > 1
    ]
    if handles:
        axes.legend(handles=handles, title="communities (nodes)", loc="lower left", frameon=False, fontsize=9)

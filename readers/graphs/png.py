"""A PNG of a drawing.

Communities have colours, the area of a node grows with its PageRank, and the nodes with the highest PageRank have
names.

Everything is placed in pixels: title and figures at the top, the legend at the right, and the nodes in the area that
these leave. The nodes fill that area, and nothing is cut off at the picture's edge.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from readers.files import opened
from readers.graphs.drawing import Drawing, Floats
from readers.graphs.lettering import installed_fonts, measure_of, plain, shortened, wrapped

SIZE, DPI = (14, 10), 120
"""Inches, and dots an inch."""
MARGIN, GAP = 24, 14
"""Pixels: the margin around the picture's content, and the gap between title, figures, legend and nodes."""
MOST_LINES = 4
"""Lines that the title may take, and the figures."""
NAMED = 40
"""The number of nodes that get a name; a name that would cover another one is left out."""
NAME_SIZE, WIDEST_NAME = 9, 260
"""Points, and pixels; a longer name is cut."""
SMALLEST, LARGEST = 8, 700
"""Areas of nodes, in square points: with PageRank 0, and what the node with the highest PageRank has in addition."""
MOST_STRETCH = 1.6
"""The greatest ratio between the scales of the two directions.

Stretching fills an area of another shape than the graph; it is allowed, since distances in a force layout have no unit.
"""
_ISOLATED = "\u2068{}\u2069"
"""Isolates a name, so that a name written from right to left does not reorder the text around it."""


def write_png(drawing: Drawing, title: str, figures: str, file: Path) -> None:
    """Writes the picture, in place of what the file held."""
    with mpl.rc_context({"text.parse_math": False, "font.family": installed_fonts()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # such a letter is drawn as a box
        figure = Figure(SIZE, DPI)
        renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # its own
        top = _header(figure, renderer, title, figures)
        area = Bbox.from_extents(MARGIN, MARGIN, _legend(figure, renderer, drawing, top), top)
        axes = _axes(figure, area)
        places = _fitted(drawing, area)
        _draw(axes, drawing, places)
        _write_names(axes, renderer, drawing, places)
        with opened(file) as out:
            figure.savefig(out, format="png", facecolor="white")


def sizes(drawing: Drawing) -> Floats:
    """Each node's size, 0..1: its area is in proportion to PageRank."""
    ranks = np.array([node.pagerank for node in drawing.nodes])
    return np.asarray(np.sqrt(ranks / ranks.max()))


def _header(figure: Figure, renderer: RendererAgg, title: str, figures: str) -> float:
    """Writes title and figures, wrapped; returns how far up what stands below them may reach."""
    top = figure.bbox.height - MARGIN
    for text, size, weight, colour in ((title, 15, "bold", "black"), (figures, 10, "normal", "#555")):
        font = FontProperties(size=size, weight=weight)
        lines = wrapped(plain(text), figure.bbox.width - 2 * MARGIN, MOST_LINES, measure_of(renderer, font))
        if lines:
            where = IdentityTransform()
            written = figure.text(
                MARGIN, top, "\n".join(lines), transform=where, va="top", color=colour, fontproperties=font
            )
            top = _box(written, renderer).y0 - GAP
    return top


def _legend(figure: Figure, renderer: RendererAgg, drawing: Drawing, top: float) -> float:
    """Writes the communities of more than one node at the right; returns how far right the nodes may reach."""
    right = figure.bbox.width - MARGIN
    before = "" if drawing.titles else "around "
    handles = [_entry(renderer, before, *community) for community in drawing.communities if community[2] > 1]
    if not handles:
        return right
    legend = figure.legend(
        handles=handles,
        title="groups (accounts)" if drawing.titles else "communities (nodes)",
        alignment="left",
        fontsize=NAME_SIZE,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        loc="upper right",
        bbox_to_anchor=(right, top),
        bbox_transform=IdentityTransform(),
    )
    return float(legend.get_window_extent(renderer).x0) - GAP


def _entry(renderer: RendererAgg, before: str, colour: str, name: str, nodes: int) -> Line2D:
    shown = shortened(plain(name), WIDEST_NAME, measure_of(renderer, FontProperties(size=NAME_SIZE)))
    label = f"{before}{_ISOLATED.format(shown)} ({nodes:,})"
    return Line2D([], [], linestyle="", marker="o", markersize=8, color=colour, label=label)


def _axes(figure: Figure, area: Bbox) -> Axes:
    """Axes over the area, on which a unit is a pixel of the picture."""
    axes = figure.add_axes(area.transformed(figure.transFigure.inverted()).bounds)
    axes.set_axis_off()
    axes.set(xlim=area.intervalx, ylim=area.intervaly)
    return axes


def _fitted(drawing: Drawing, area: Bbox) -> Floats:
    """Where nodes stand in the picture, so that their outermost discs touch the area's edges."""
    places = np.array([(node.x, node.y) for node in drawing.nodes])
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.array(area.size) - 2 * _pixels(np.sqrt(_areas(drawing).max()) / 2 + 1)
    scale = room / np.maximum(high - low, 1e-9)
    scale = np.minimum(scale, MOST_STRETCH * scale.min())
    return np.asarray((places - (low + high) / 2) * scale + (area.p0 + area.p1) / 2)


def _areas(drawing: Drawing) -> Floats:
    return np.asarray(SMALLEST + LARGEST * sizes(drawing) ** 2)


def _pixels(points: float) -> float:
    return points * DPI / 72


def _draw(axes: Axes, drawing: Drawing, places: Floats) -> None:
    src, dst, weight = drawing.edges.T
    strength = np.log2(1 + weight)
    width = 0.3 + 1.7 * strength / max(strength.max(initial=0), 1)
    alpha = 0.35 if len(weight) < 2000 else 0.15
    colours = [drawing.colour(node) for node in drawing.nodes]
    lines = list(np.stack([places[src], places[dst]], 1))
    axes.add_collection(
        LineCollection(lines, linewidths=width, colors=[colours[n] for n in src], alpha=alpha, zorder=1),
        autolim=False,
    )
    x, y = places.T
    axes.scatter(x, y, s=_areas(drawing), c=colours, edgecolors="white", linewidths=0.5, zorder=2)


def _write_names(axes: Axes, renderer: RendererAgg, drawing: Drawing, places: Floats) -> None:
    """Names the first nodes, but takes away a name that would cover one of a node with a higher PageRank."""
    boxes: list[Bbox] = []
    for text in _named(axes, renderer, drawing, places):
        _move_into(text, axes.bbox, renderer)
        box = _box(text, renderer)
        if any(box.overlaps(other) for other in boxes):
            text.remove()
        else:
            boxes.append(box)


def _named(axes: Axes, renderer: RendererAgg, drawing: Drawing, places: Floats) -> Iterator[Text]:
    measure = measure_of(renderer, FontProperties(size=NAME_SIZE))
    for node, (x, y) in zip(drawing.nodes[:NAMED], places, strict=False):
        if name := shortened(plain(node.name), WIDEST_NAME, measure):
            text = axes.text(x, y, name, fontsize=NAME_SIZE, ha="center", va="center", zorder=3)
            text.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground="white")])
            yield text


def _move_into(text: Text, area: Bbox, renderer: RendererAgg) -> None:
    """Moves a name that reaches over the area's edge as far as it must."""
    box = _box(text, renderer)
    low, high = np.maximum(area.p0 - box.p0, 0), np.minimum(area.p1 - box.p1, 0)
    text.set_position(np.array(text.get_position()) + low + high)


def _box(text: Text, renderer: RendererAgg) -> Bbox:
    """The pixels that a text takes."""
    return text.get_window_extent(renderer)

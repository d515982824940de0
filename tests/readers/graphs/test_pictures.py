"""Pictures of graphs of many shapes: they fill their frame, and nothing in them is clipped."""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox, BboxBase

from readers.graphs.drawing import COLOURS, Drawing, Node, layout
from readers.graphs.lettering import CUT, plain, shortened, wrapped
from readers.graphs.png import DPI, MOST_LINES, write_png

Edges = list[tuple[int, int]]
TITLE = (
    "Philippine presidential and vice-presidential race: retweet graph, 2016-05-01 00:00 to 2016-05-09 00:00 "
    "(Asia/Manila)"
)
FIGURES = (
    "300 nodes and 512 edges drawn, of: 18,231 nodes; 71,003 edges of 112,871 posts; 1,201 self-edges left out; 801 "
    "components, the largest with 88.1% of the nodes; 92 communities (modularity 0.61); reciprocity 3.2%"
)
EDGE = 8
"""Pixels at the edge of a picture that must stay white."""
NAMES = (
    "duterte",
    "選挙ニュースを伝える公式アカウント" * 3,
    "وكالة_الأنباء_العربية_الدولية_للانتخابات",
    "W" * 60,
    "q̂" + "\u0301" * 60,
)
LONG = {"words": f"{TITLE} " * 4, "endless": f"{TITLE} " * 40, "one word": "W" * 300, "日本語": "大統領選挙" * 60}


def web(nodes: int, seed: int = 3) -> Edges:
    """A random tree, and the edges of a regular one."""
    draw = random.Random(seed)
    return [(n, draw.randrange(n)) for n in range(1, nodes)] + [(a, a // 3) for a in range(1, nodes)]


def pairs(nodes: Iterable[int]) -> Edges:
    return [(n, n + 1) for n in nodes]


ROUND = {
    "hub": (300, [(n, 0) for n in range(1, 300)]),
    "web": (300, web(300)),
    "pairs": (300, pairs(range(0, 300, 2))),
    "lone nodes": (300, []),
    "web and pairs": (300, web(150) + pairs(range(150, 300, 2))),
}
LINES: dict[str, tuple[int, Edges]] = {"two": (2, [(0, 1)]), "chain": (30, pairs(range(29)))}
SHAPES: dict[str, tuple[int, Edges]] = {**ROUND, **LINES, "one": (1, [])}


def drawing_of(nodes: int, ends: Edges) -> Drawing:
    """Nodes of falling PageRank, each tenth in the same community, with names of all kinds."""
    edges = np.array([(a, b, 1 + n % 9) for n, (a, b) in enumerate(ends)], np.int64).reshape(-1, 3)
    made = [
        Node(f"{n}{NAMES[n % len(NAMES)]}", 1 / (1 + n), 1, 1, n % 10, float(x), float(y))
        for n, (x, y) in enumerate(layout(nodes, edges))
    ]
    return Drawing(made, edges, dict(zip(range(min(10, nodes)), COLOURS, strict=False)))


class Picture:
    """A saved figure, measured in pixels from its lower left corner; `pixels` are those of the file."""

    def __init__(self, figure: Figure, pixels: Any) -> None:
        (axes,) = figure.axes
        self.pixels = pixels
        self.frame = figure.bbox
        self.header = figure.texts
        self.legends = [legend for legend in [*figure.legends, axes.get_legend()] if legend]
        written = [*self.header, axes.title, *axes.texts]
        for legend in self.legends:
            written += [*legend.get_texts(), legend.get_title()]
        self.texts = [text for text in written if text.get_text()]
        (self.nodes,) = [_discs(found) for found in axes.collections if isinstance(found, PathCollection)]

    @property
    def filled(self) -> tuple[float, float]:
        """The nodes' width and height, as fractions of the room's."""
        return self.nodes.width / self.room.width, self.nodes.height / self.room.height

    @property
    def room(self) -> Bbox:
        """The part of the picture below the title and the figures, and left of the legend."""
        top = min((text.get_window_extent().y0 for text in self.header), default=self.frame.y1)
        right = min((legend.get_window_extent().x0 for legend in self.legends), default=self.frame.x1)
        return Bbox.from_extents(0, 0, right, top)


def _discs(nodes: PathCollection) -> Bbox:
    """The box around all nodes."""
    radius = np.sqrt(nodes.get_sizes())[:, None] / 2 * DPI / 72
    places = nodes.get_offset_transform().transform(nodes.get_offsets())
    return Bbox([(places - radius).min(axis=0), (places + radius).max(axis=0)])


def within(box: BboxBase, frame: BboxBase) -> bool:
    return bool(np.all(box.p0 >= frame.p0) and np.all(box.p1 <= frame.p1))


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Picture]]:
    """Writes a picture of a shape, once, and measures the figure that was saved."""
    found: list[Figure] = []
    save, file = Figure.savefig, tmp_path_factory.mktemp("pictures") / "g.png"

    def save_and_keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        found.append(figure)
        save(figure, *arguments, **options)

    @cache
    def draw(shape: str, title: str) -> Picture:
        write_png(drawing_of(*SHAPES[shape]), title, FIGURES, file)
        return Picture(found[-1], matplotlib.image.imread(file)[..., :3])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", save_and_keep)
        yield draw


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_clipped(draw: Callable[..., Picture], shape: str) -> None:
    picture = draw(shape, TITLE)
    outside = [text.get_text() for text in picture.texts if not within(text.get_window_extent(), picture.frame)]
    assert not outside
    assert within(picture.nodes, picture.frame)
    assert within(picture.nodes, picture.room), "the legend or the header stands over nodes"
    pixels = picture.pixels
    edges = [pixels[:EDGE], pixels[-EDGE:], pixels[:, :EDGE], pixels[:, -EDGE:]]
    assert all((edge == 1).all() for edge in edges), "something reaches the edge of the picture"


@pytest.mark.parametrize("shape", ROUND)
def test_a_round_graph_fills_what_title_and_legend_leave(draw: Callable[..., Picture], shape: str) -> None:
    picture = draw(shape, TITLE)
    assert min(picture.filled) > 0.9, picture.filled
    assert picture.room.width * picture.room.height > 0.6 * picture.frame.width * picture.frame.height


@pytest.mark.parametrize("shape", LINES)
def test_a_long_graph_fills_one_direction(draw: Callable[..., Picture], shape: str) -> None:
    picture = draw(shape, TITLE)
    assert max(picture.filled) > 0.9


@pytest.mark.parametrize("title", [TITLE, *LONG.values()], ids=["usual", *LONG])
def test_titles_and_figures_are_wrapped(draw: Callable[..., Picture], title: str) -> None:
    picture = draw("web", title)
    assert all(within(text.get_window_extent(), picture.frame) for text in picture.texts)
    shown_title, shown_figures = (text.get_text() for text in picture.header)
    assert shown_figures.replace("\n", " ") == FIGURES
    told, whole = (re.sub(r"\s", "", text) for text in (shown_title, title))
    assert whole.startswith(told.removesuffix(CUT))
    assert told.endswith(CUT) == (told != whole)
    assert shown_title.count("\n") < MOST_LINES
    assert picture.nodes.height > 0.6 * picture.frame.height


def test_names_cover_no_other_and_no_legend(draw: Callable[..., Picture]) -> None:
    picture = draw("pairs", TITLE)
    boxes = [text.get_window_extent() for text in picture.texts]
    assert len(boxes) > 20
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)]


LINE = st.text(st.sampled_from("ab é選نm\u0301 "), max_size=60).map(plain)


@given(LINE, st.integers(2, 20))
def test_wrapping_loses_nothing_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrapped(text, width, 1000, len)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= width or len(regex.findall(r"\X", line)) == 1 for line in lines)


@given(LINE, st.integers(2, 20), st.integers(1, 3))
def test_what_is_cut_says_so(text: str, width: int, most: int) -> None:
    lines = wrapped(text, width, most, len)
    assert len(lines) <= most
    whole = "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert whole != bool(lines and lines[-1].endswith(CUT))


def test_a_letter_is_cut_with_all_its_marks_or_not_at_all() -> None:
    assert shortened("aq\u0302\u0301b", 3, len) == f"a{CUT}"
    assert shortened("aq\u0302\u0301b", 5, len) == "aq\u0302\u0301b"
    assert plain("q" + "\u0301" * 60) == "q" + "\u0301" * 4

"""Tables that fit the terminal: no heading and no figure is broken in two, and less important columns are left out.

Columns without any value are left out, too. Files contain all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

SHORTEST = 7
"""Cells that a heading may take in any case; a text that has fewer says nothing."""
GAP = 3
"""Cells between two columns."""


@dataclass(frozen=True)
class Layout:
    """How columns are shown, by their names.

    `texts` get the room that is left: at most `longest` cells each, at least `least` if columns can be left out. They
    are cut, or continued in further lines if they are `wrapped`. `left` stand on the left of their column. `spare` are
    the columns that are left out if there is no room, in this order. A Latin letter takes one cell, a Chinese one two.
    """

    texts: Sequence[str]
    left: Sequence[str]
    spare: Sequence[str]
    least: int = 24
    longest: int = 72
    wrapped: bool = False


def print_table(cells: Mapping[str, Sequence[str]], layout: Layout, console: Console) -> None:
    """Prints columns, given by their names, as a table, and says which are left out for lack of room."""
    known = {name: shown for name, shown in cells.items() if any(shown)}
    kept, cut = _fitting(known, layout, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in kept.items():
        justify: Literal["left", "right"] = "left" if name in layout.left else "right"
        whole = not (layout.wrapped and name in layout.texts)
        table.add_column(_heading(name, width), justify=justify, no_wrap=whole, min_width=width, overflow="fold")
    for row in zip(*(known[name] for name in kept), strict=True):
        table.add_row(*(_text(name, value, kept[name], layout) for name, value in zip(kept, row, strict=True)))
    console.print(table)
    if cut:
        console.print(f"No room for {', '.join(cut)}: a wider terminal shows more, and --format csv all.")


def _text(name: str, value: str, width: int, layout: Layout) -> Text:
    text = Text(value)
    if name not in layout.texts or not layout.wrapped:
        text.truncate(width, overflow="ellipsis")
    return text


def _fitting(cells: Mapping[str, Sequence[str]], layout: Layout, width: int) -> tuple[dict[str, int], list[str]]:
    """Returns the width of each column that fits into `width` cells, and the names of the others."""
    wanted = {name: _width(name, shown, layout) for name, shown in cells.items()}
    kept = {name: min(of, layout.least) if name in layout.texts else of for name, of in wanted.items()}
    cut = list[str]()
    for name in layout.spare:
        if name in kept and sum(kept.values()) + GAP * len(kept) > width:
            del kept[name]
            cut.append(name)
    room = width - sum(kept.values()) - GAP * len(kept)
    for name in layout.texts:
        if name in kept:
            more = max(min(0, SHORTEST - kept[name]), min(wanted[name] - kept[name], room))
            kept[name], room = kept[name] + more, room - more
    return kept, cut


def _width(name: str, shown: Sequence[str], layout: Layout) -> int:
    widest = min(max(map(cell_len, shown)), layout.longest)
    if name in layout.texts:
        return max(widest, cell_len(name))
    return max(widest, *map(cell_len, _heading(name, widest).split("\n")))


def _heading(name: str, width: int) -> str:
    """Returns the name of a column, in several lines if it is wider than the column."""
    return "\n".join(wrap(name, max(width, SHORTEST), break_long_words=False)) or name

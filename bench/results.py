"""What a benchmark found: rows of figures with their spread, as Markdown and on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

HEADER = ("what", "posts", "seconds", "posts/s", "ratio")


@dataclass(frozen=True)
class Row:
    """One thing measured, once a round. `ratios` are what the section compares, round by round."""

    what: str
    posts: int | None
    seconds: Sequence[float]
    ratios: Sequence[float] = ()

    @property
    def rate(self) -> float | None:
        """Posts a second, of the median round."""
        return self.posts / median(self.seconds) if self.posts else None

    def cells(self) -> tuple[str, ...]:
        """As texts, in the order of HEADER."""
        return (
            self.what,
            f"{self.posts:,}" if self.posts else "",
            _with_spread(self.seconds, ".2f"),
            f"{self.rate:,.0f}" if self.rate else "",
            f"{_with_spread(self.ratios, _precision(self.ratios))} x" if self.ratios else "",
        )


@dataclass(frozen=True)
class Section:
    """What one benchmark reports: its rows, then sentences on what they say and how they were measured."""

    title: str
    rows: Sequence[Row]
    text: Sequence[str]


def verdict(what: str, found: float, target: float) -> str:
    """A sentence that holds a figure against its target."""
    return f"Target {what} at least {target:,g}: {'met' if found >= target else 'MISSED'}, {found:,.0f}."


def over(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Round by round, the one over the other."""
    return [this / that for this, that in zip(these, those, strict=True)]


def print_sections(sections: Sequence[Section]) -> None:
    """The tables on stdout."""
    console = Console(highlight=False, width=None if Console().is_terminal else 140)
    for section in sections:
        table = Table(*HEADER[:1], box=None, header_style="bold", title=section.title, title_justify="left")
        for name in HEADER[1:]:
            table.add_column(name, justify="right")
        for row in section.rows:
            table.add_row(*row.cells())
        console.print(table)
        for sentence in section.text:
            console.print(f"  {sentence}", markup=False)
        console.print()


def write_markdown(path: Path, machine: Sequence[str], method: str, sections: Sequence[Section]) -> None:
    """Writes the report, whole or not at all."""
    lines = ["# Benchmarks", "", "Written by `make bench`.", "", *[f"- {fact}" for fact in machine], "", method, ""]
    for section in sections:
        lines += [f"## {section.title}", "", *_markdown_table(section.rows), ""]
        lines += [f"- {sentence}" for sentence in section.text]
        lines.append("")
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    part.replace(path)


def _markdown_table(rows: Sequence[Row]) -> list[str]:
    return [
        f"| {' | '.join(HEADER)} |",
        "|---|---:|---:|---:|---:|",
        *[f"| {' | '.join(row.cells())} |" for row in rows],
    ]


def _with_spread(values: Sequence[float], spec: str) -> str:
    """The median, and the least and the greatest where there are several."""
    middle = format(median(values), spec)
    return f"{middle} ({min(values):{spec}} to {max(values):{spec}})" if len(values) > 1 else middle


def _precision(values: Sequence[float]) -> str:
    return ".0f" if median(values) >= 20 else ".1f"

"""The results of a benchmark: rows of figures with their spread, as Markdown and on a terminal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

from rich.console import Console
from rich.table import Table

INTRODUCTION = """\
# Benchmarks

Written by `make bench`. `python -m bench NAME` writes its sections again; those of `jobs` are written only by name.

Each figure is the median of the rounds, with the least and the greatest. Things that are compared run in turn in the \
same minutes, so a busy machine slows them all. The engines are the embedded ones, not tuned for the benchmarks. \
Ratios vary less than seconds: on a shared machine expect them a quarter higher or lower, and more where the load \
average exceeds the number of cores.

The sections `jobs` time whole jobs by spark-submit, each a cold process, beside the commit before jobs were made \
faster (row 4: beside DuckDB over the same posts as NDJSON; row 6: beside the poll over all posts). Both commits \
have the same posts in keyspaces of their own, each stored by its own code. What is compared runs by turns, every \
second round in the opposite order. "found" is the ratio of the medians of the seconds, unless it says otherwise. \
CPU is that of the command's processes, plus that of Cassandra meanwhile; DuckDB uses no Cassandra. A row is here \
only if its checks passed: every run read all posts of its window, what both commits publish is equal (counts \
exactly, other figures to 1e-9), and DuckDB's posts, authors, shares and intervals by hour, day and window equal \
ours to 1e-9. The load average is that of a minute, before the first run of the row and after its last; rows \
measured in the same rounds have the same."""
HEADER = ("what", "posts", "seconds", "posts/s", "ratio")


class Cells(Protocol):
    """A row of a table."""

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of the table's header."""
        ...


@dataclass(frozen=True)
class Row:
    """One thing measured, once per round. `ratios` are the section's comparison, round by round."""

    what: str
    posts: int | None
    seconds: Sequence[float]
    ratios: Sequence[float] = ()

    @property
    def rate(self) -> float | None:
        """Posts per second in the median round; None where posts are not counted."""
        return self.posts / median(self.seconds) if self.posts else None

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        return (
            self.what,
            f"{self.posts:,}" if self.posts else "",
            with_spread(self.seconds, ".2f"),
            f"{self.rate:,.0f}" if self.rate else "",
            f"{with_spread(self.ratios, _precision(self.ratios))} x" if self.ratios else "",
        )


@dataclass(frozen=True)
class Section:
    """The report of one benchmark: a title, rows, and sentences on the results and how they were measured.

    `header` is the heads of the rows' columns.
    """

    title: str
    rows: Sequence[Cells]
    text: Sequence[str]
    header: Sequence[str] = HEADER


def verdict(what: str, found: float, target: float) -> str:
    """Returns a sentence that compares a figure with its target."""
    form = ",.0f" if abs(found) >= 10 else ".3f"  # a ratio of 0.897 is not 0.9
    return f"Target {what} at least {target:,g}: {'met' if found >= target else 'MISSED'}, {found:{form}}."


def over(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Returns the ratios of the first figures to the second, round by round."""
    return [this / that for this, that in zip(these, those, strict=True)]


def print_sections(sections: Mapping[str, Section]) -> None:
    """Prints the tables on stdout, each under its benchmark's name."""
    console = Console(highlight=False, width=None if Console().is_terminal else 140)
    for name, section in sections.items():
        table = Table(
            *section.header[:1], box=None, header_style="bold", title=f"{name}: {section.title}", title_justify="left"
        )
        for column in section.header[1:]:
            table.add_column(column, justify="right")
        for row in section.rows:
            table.add_row(*row.cells())
        console.print(table)
        for sentence in section.text:
            console.print(f"  {sentence}", markup=False)
        console.print()


def write_section(path: Path, order: Sequence[str], name: str, section: Section, facts: Sequence[str]) -> None:
    """Replaces a benchmark's section in the report and leaves the others.

    The file is replaced as a whole or not at all. `order` is the names of all benchmarks, in the order of their
    sections. `facts` are lines under the section's text.
    """
    lines = [f"## {name}: {section.title}", "", *_markdown_table(section), ""]
    lines += [f"- {told}" for told in (*section.text, *facts)]
    sections = _sections(path.read_text(encoding="utf-8")) if path.is_file() else {}
    sections[name] = "\n".join(lines)
    part = path.with_suffix(".part")
    texts = [INTRODUCTION, *(sections[known] for known in order if known in sections)]
    part.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    part.replace(path)


def _sections(report: str) -> dict[str, str]:
    """Returns the sections of a report by the names of their benchmarks."""
    _, *texts = re.split(r"^(?=## )", report, flags=re.MULTILINE)
    return {text.removeprefix("## ").partition(":")[0]: text.strip() for text in texts}


def _markdown_table(section: Section) -> list[str]:
    return [
        f"| {' | '.join(section.header)} |",
        f"|---{'|---:' * (len(section.header) - 1)}|",
        *[f"| {' | '.join(row.cells())} |" for row in section.rows],
    ]


def with_spread(values: Sequence[float], spec: str) -> str:
    """Returns the median as text, with the least and the greatest where there are several values."""
    middle = format(median(values), spec)
    return f"{middle} ({min(values):{spec}} to {max(values):{spec}})" if len(values) > 1 else middle


def _precision(values: Sequence[float]) -> str:
    return next(form for least, form in ((20, ".0f"), (2, ".1f"), (0, ".2f")) if median(values) >= least)

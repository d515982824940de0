"""The rows of the report: our posts a second beside what they are compared with, and the least ratio."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.pulso import Pass
from bench.results import over, with_spread

HEADER = ("what", "posts", "posts/s", "CPU µs a post", "against", "posts/s", "ratio", "at least", "target", "load")


@dataclass
class Rate:
    """One thing measured, once a round: posts a second of ours and of `against`, and our CPU seconds a post.

    `fixed` is what is compared with, where that is a number. `load` is the load average after each round.
    """

    number: int
    what: str
    posts: int
    against: str
    least: float
    fixed: float | None = None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    """Ours, with the CPU time of each process."""

    @property
    def ratios(self) -> list[float]:
        """Our rate over the other, round by round."""
        return over(self.ours, self.theirs or [self.fixed or 1.0] * len(self.ours))

    @property
    def met(self) -> bool:
        """Whether the median of the ratios is as great as it must be."""
        return median(self.ratios) >= self.least

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        theirs = with_spread(self.theirs, ",.0f") if self.theirs else f"{self.fixed or 0:,.0f}"
        digits = ",.0f" if self.least >= 20 else ".2f"
        return (
            f"{self.number}. {self.what}",
            f"{self.posts:,}",
            with_spread(self.ours, ",.0f"),
            with_spread([seconds * 1e6 for seconds in self.cpu], ".0f") if self.cpu else "",
            self.against,
            theirs,
            f"{with_spread(self.ratios, digits)} x",
            f"{self.least:g} x",
            "met" if self.met else "MISSED",
            f"{min(self.load):.1f} to {max(self.load):.1f}" if self.load else "",
        )


def told_targets(rows: Sequence[Rate]) -> str:
    """Returns one sentence on which targets were missed."""
    missed = ", ".join(f"{row.number} ({row.what})" for row in rows if not row.met)
    return f"Targets: {f'MISSED by row {missed}' if missed else 'all met'}."

"""The rows of the report: this commit beside what it is compared with, the figure found, and its target."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.jobs.figures import ratio_of_medians
from bench.jobs.submits import Measured, median_of, seconds_of
from bench.results import with_spread

HEADER = (
    *("what", "posts", "beside, s", "this commit, s", "CPU beside, s", "CPU this commit, s"),
    *("found", "at most", "target", "load average"),
)


@dataclass(frozen=True)
class Target:
    """The figure that was found, the most that it may be, and how both are written."""

    found: float
    most: float
    form: str = "{:.2f}"

    def cells(self) -> tuple[str, str, str]:
        """Returns both figures as texts, and whether the target was met."""
        return self.form.format(self.found), self.form.format(self.most), "met" if self.met else "MISSED"

    @property
    def met(self) -> bool:
        """Whether the figure is within the target."""
        return self.found <= self.most


@dataclass(frozen=True)
class Compared:
    """One row: the runs of this commit, those beside which they are set, and the load average before and after.

    `number` is the number of the row in the list of targets.
    """

    number: int
    what: str
    posts: int | None
    ours: Sequence[Measured]
    load: tuple[float, float]
    beside: Sequence[Measured] = ()
    target: Target | None = None

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        return (
            f"{self.number}. {self.what}",
            f"{self.posts:,}" if self.posts is not None else "",
            *(with_spread(seconds_of(runs), ".1f") if runs else "" for runs in (self.beside, self.ours)),
            *(_cpu(runs) for runs in (self.beside, self.ours)),
            *(self.target.cells() if self.target else ("", "", "")),
            "{:.1f} to {:.1f}".format(*self.load),
        )


def by_ratio(ours: Sequence[Measured], beside: Sequence[Measured], most: float) -> Target:
    """Returns the ratio of the medians of the seconds, with its target."""
    return Target(ratio_of_medians(seconds_of(ours), seconds_of(beside)), most, "{:.2f} x")


def _cpu(runs: Sequence[Measured]) -> str:
    """Returns the median CPU seconds of the command, and after a plus sign those of Cassandra."""
    return f"{median_of(runs, 'cpu'):.1f} + {median_of(runs, 'cassandra'):.1f}" if runs else ""

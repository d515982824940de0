"""The figures by which a frame is judged: for each expectation, how many rows break it, or the share that does not."""

from dataclasses import dataclass
from pathlib import Path

from jobs.framework.job import Severity


@dataclass(frozen=True)
class Counts:
    """The number of a frame's rows, and how many break each expectation, by its text.

    If such rows could not be counted, the error stands in place of their number.
    """

    rows: int
    broken: dict[str, int | str]


@dataclass(frozen=True)
class Look:
    """A second look at the rows that break an expectation.

    `rows` is their exact number, or None if they can't be counted. `observed` has the number and a sample in words.
    """

    rows: int | None
    observed: str


@dataclass(frozen=True)
class Figure:
    """A figure: the text of its expectation, its value (None if unknown), and the limits of that value.

    `shown` is the value in words, for the pages.
    """

    says: str
    value: float | None
    least: float | None
    most: float | None
    severity: Severity
    shown: str


@dataclass(frozen=True)
class Verdict:
    """Whether a figure is within its limits. `error` is the exception, if it could not be judged."""

    success: bool
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of one expectation for one frame."""

    target: str
    says: str
    severity: str
    success: bool
    observed: str

    def __str__(self) -> str:
        return f"{self.target}: {self.says}: {self.observed}"


@dataclass(frozen=True)
class Docs:
    """The folder that keeps the results for the pages (Data Docs), and what the pages call a run's job and window."""

    folder: Path
    job: str
    topic: str
    window: str


@dataclass(frozen=True)
class Page:
    """The page of one frame of a run."""

    docs: Docs
    table: str

    @property
    def run(self) -> str:
        """The name of the run."""
        return f"{self.docs.job}, {self.docs.topic}"

    @property
    def title(self) -> str:
        """The name of the page."""
        return f"{self.run}, {self.table}, {self.docs.window}"

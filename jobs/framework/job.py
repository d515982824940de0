"""The parts of a job: inputs, outputs, transform and rules. `runner.py` runs jobs."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pyspark.sql import DataFrame

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.schema import Table
from conf.topic import Topic
from jobs.framework.window import Window

if TYPE_CHECKING:
    from jobs.framework.inputs import Input

Frames = Mapping[str, DataFrame]
"""The frames that a transform returns, by the name of the table in which each is published."""
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """A rule for a frame, in addition to its table's declaration. `says` is the rule in words.

    `broken` is a condition in SQL that is true for rows that break the rule; with `by`, for groups of the rows that are
    the same in these columns. `shown` is what a sample shows of such a row or group. If there is one, the severity
    decides: with `error`, nothing is published; with `warning`, a line is printed and the result is published.
    """

    says: str
    broken: str
    shown: str
    by: str = ""
    severity: Severity = "error"


@dataclass(frozen=True)
class Output:
    """A table that a job publishes, and the job's own rules for its rows."""

    table: Table
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Inputs(Mapping[str, DataFrame]):
    """The input of a transform: a frame for each table, by the table's name.

    An optional input without rows to read is left out.

    `methods` and `runs` are, by the name of each published table, the `method` and the id of the run that was read.
    `posts` is the number of the window's posts, `posts_read` that of all posts that were read for the job, or for the
    jobs that share them; None if nobody has counted them.
    """

    frames: Frames
    methods: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, uuid.UUID] = field(default_factory=dict)
    posts: int | None = None
    posts_read: int | None = None

    def __getitem__(self, table: str) -> DataFrame:
        return self.frames[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


def by_name(version: str) -> Callable[[Topic, Inputs], Mapping[str, str]]:
    """Returns the `methods` function of a job whose figures depend only on its code and on the folding.

    `version` is a name and number for the way of counting, such as "hashtags/1". Change it when the way of counting
    changes.
    """
    return lambda _topic, _inputs: {"": digest(version, FOLDING)}


def anything(_topic: Topic, _window: Window) -> None:
    """Accepts every topic and window: the default `requires` of a job."""


@dataclass(frozen=True)
class Job:
    """What a job reads, the tables that it publishes, and its transform.

    `inputs` describe the rows to read, and read them (`jobs/framework/inputs.py`). `transform(inputs, topic, window)`
    returns a frame for each output, without `bucket`, `coverage` and the run's own columns, which the runner adds.
    `methods(topic, inputs)` returns digests of what the figures depend on: a mapping from race id to digest or, if the
    job does not count by race, a single digest under the empty text. `requires(topic, window)` raises WrongUse if the
    job can't be run for that topic or window; it is called before anything is read.
    """

    name: str
    inputs: tuple["Input", ...]
    outputs: tuple[Output, ...]
    transform: Callable[[Inputs, Topic, Window], Frames]
    methods: Callable[[Topic, Inputs], Mapping[str, str]]
    requires: Callable[[Topic, Window], None] = anything


@dataclass(frozen=True)
class JobResult:
    """The result of a run, in numbers. `check_seconds` is the part of `seconds` that the checks took.

    `rows_read` are the window's posts, and `posts_held` all that were read, also those before the window. `superseded`
    says that a later run of the job has already replaced the result, or a part of it.
    """

    run_id: uuid.UUID
    rows_read: int
    rows_written: int
    seconds: float
    check_seconds: float = 0.0
    warnings: Sequence[str] = ()
    superseded: bool = False
    posts_held: int = 0

"""What a job is: one shape for all of them (`runner.py` runs it)."""

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
"""The frames that a transform returns, by the name of the table that each is published in."""
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """What must hold of a frame beyond its table's declaration.

    `broken` is a query over `{batch}` that returns the rows which break the rule. A broken `error` stops the
    publication; a broken `warning` is printed, and the result is published all the same.
    """

    says: str
    broken: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Output:
    """A table that a job publishes, and the job's own rules for its rows."""

    table: Table
    rules: tuple[Rule, ...] = ()

    @property
    def periods(self) -> Sequence[str]:
        """The kinds of period that the table holds; none for a table without periods."""
        return self.table.columns["period"].values if "period" in self.table.columns else ()


@dataclass(frozen=True)
class Inputs(Mapping[str, DataFrame]):
    """What a transform is given: frames by the name of their table; a missing optional one is not among them.

    `methods` and `runs` tell, of each published table, the `method` of the run that was read, and its id.
    """

    frames: Frames
    methods: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, uuid.UUID] = field(default_factory=dict)

    def __getitem__(self, table: str) -> DataFrame:
        return self.frames[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


def by_name(version: str) -> Callable[[Topic, Inputs], Mapping[str, str]]:
    """The `methods` of a job whose figures follow from its code and the folding alone.

    `version` names the way of counting; it is to be raised when that changes.
    """
    return lambda _topic, _inputs: {"": digest(version, FOLDING)}


@dataclass(frozen=True)
class Job:
    """What a job reads, the tables that it publishes, and its transform.

    `inputs` are values that read themselves (`jobs/framework/inputs.py`). `transform(inputs, topic, window)` returns a
    frame for each output, without `bucket`, `coverage` and the run's own columns, which the runner adds.
    `methods(topic, inputs)` returns a digest of all that shapes the figures: one a race, under its id, or one under "".
    """

    name: str
    inputs: tuple["Input", ...]
    outputs: tuple[Output, ...]
    transform: Callable[[Inputs, Topic, Window], Frames]
    methods: Callable[[Topic, Inputs], Mapping[str, str]]


@dataclass(frozen=True)
class JobResult:
    """What a run did; `check_seconds` is the part of `seconds` that its checks took.

    `superseded` says that a later run of the job has replaced the result, or a part of it, already.
    """

    run_id: uuid.UUID
    rows_read: int
    rows_written: int
    seconds: float
    check_seconds: float = 0.0
    warnings: Sequence[str] = ()
    superseded: bool = False

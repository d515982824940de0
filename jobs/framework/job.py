"""What a job is: one shape for all of them (`runner.py` runs it)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame

from conf.schema import Table
from conf.tables import POSTS
from conf.topic import Topic
from jobs.framework.window import Window

Frames = Mapping[str, DataFrame]
"""Frames by the name of the table that they come from, or go to."""
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """What must hold of a frame beyond what its table's declaration says.

    `broken` is a query over `{batch}` that gives the rows which break it. An `error` stops the publishing, a `warning`
    is published with the run.
    """

    says: str
    broken: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Output:
    """A table that a job publishes, and which of its partitions a run replaces.

    `parts(topic)` gives the partition's columns beside topic, period and bucket, for every partition that the job owns,
    those that end up empty included.
    """

    table: Table
    parts: Callable[[Topic], Sequence[Mapping[str, str]]] = lambda _: [{}]
    rules: tuple[Rule, ...] = ()

    @property
    def periods(self) -> Sequence[str]:
        """The kinds of period that the table holds."""
        return self.table.columns["period"].values


def same_window(window: Window, _: Topic) -> Window:
    """A job that reads no more than its window."""
    return window


@dataclass(frozen=True)
class Job:
    """What a job reads, the tables it publishes, and its transform.

    `inputs` names the columns that it reads of each table: `posts`, and if need be `author_activity` (rows of the run
    that covers the window; the frame is missing where there is none). `transform(inputs, topic, window)` gives a frame
    for each output, without bucket, the run's own columns and `coverage`, which the runner knows.
    `reach(window, topic)` is the span of posts that the transform is given, where it looks at more than its window.
    """

    name: str
    inputs: Mapping[str, Sequence[str]]
    outputs: tuple[Output, ...]
    transform: Callable[[Frames, Topic, Window], Frames]
    reach: Callable[[Window, Topic], Window] = same_window

    @property
    def post_columns(self) -> Sequence[str]:
        """The columns of `posts` that it reads."""
        return self.inputs[POSTS.name]


@dataclass(frozen=True)
class JobResult:
    """What a run did; `check_seconds` are those of `seconds` that went into its checks."""

    run_id: uuid.UUID
    rows_read: int
    rows_written: int
    seconds: float
    check_seconds: float = 0.0
    warnings: Sequence[str] = ()

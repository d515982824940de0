"""What is expected of a frame: each expectation in words, and the rows that break it.

`expectations.py` makes these, `counting.py` counts the rows, and Great Expectations judges the counts (`judge.py`).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame

from jobs.framework.figures import Counts, Figure, Look, Outcome
from jobs.framework.job import Severity

HASHES = 100_000
"""The hashes of keys per list. With more than 128 lists, for very many rows, Spark sorts them and needs less memory."""


@dataclass(frozen=True)
class Where:
    """The rows for which a condition is true. A sample of them shows the columns `shown`."""

    condition: Column
    shown: tuple[Column, ...]


@dataclass(frozen=True)
class Ruled:
    """The rows for which a condition in SQL is true; with `by`, the groups of rows that are the same in these columns.

    A sample shows `shown`.
    """

    condition: str
    shown: str
    by: str = ""

    @property
    def query(self) -> str:
        """A query over `{batch}`, the frame, that returns these rows or groups."""
        rows = f"SELECT {self.shown} FROM {{batch}}"
        return f"{rows} GROUP BY {self.by} HAVING {self.condition}" if self.by else f"{rows} WHERE {self.condition}"


@dataclass(frozen=True)
class Repeated:
    """The keys that more than one row has."""

    key: tuple[str, ...]

    @property
    def query(self) -> str:
        """A query over `{batch}`, the frame, that returns these keys, and the number of rows that each has."""
        names = ", ".join(map(quoted, self.key))
        return f"SELECT {names}, count(*) AS n FROM {{batch}} GROUP BY {names} HAVING count(*) > 1"

    def counted(self, rows: int) -> str:
        """Returns a query for the number of rows, of so many, that are left over when each key keeps one row, as `n`.

        It compares hashes of 64 bits, in lists of about HASHES: that takes half as long as `count(DISTINCT ...)`, which
        moves each hash by itself. If two keys have the same hash, the number is too high. This happens in only one of
        thirty million frames with a million keys.
        """
        hashes = f"SELECT xxhash64({', '.join(map(quoted, self.key))}) AS hash FROM {{batch}}"
        lists = f"SELECT collect_list(hash) AS hashes FROM ({hashes}) GROUP BY pmod(hash, {rows // HASHES + 1})"
        return f"SELECT sum(size(hashes) - size(array_distinct(hashes))) AS n FROM ({lists})"


@dataclass(frozen=True)
class Expected:
    """One expectation: its text (`says`), and the rows that break it.

    It holds if at least the share `mostly` of all rows does not break it. With severity `error`, a broken expectation
    stops the publication; with `warning`, it does not.
    """

    says: str
    broken: Where | Ruled | Repeated
    severity: Severity = "error"
    mostly: float = 1.0

    def figure(self, counts: Counts, look: Look | None = None) -> Figure:
        """Returns the figure to judge, with the exact number if the rows were looked at again.

        It is the number of rows that break the expectation, at most 0; with `mostly`, the share of the other rows.
        """
        found = look.rows if look else counts.broken.get(self.says, 0)
        broken = None if isinstance(found, str) else found
        if broken is None:
            return Figure(self.says, None, None, 0, self.severity, look.observed if look else "")
        if self.mostly == 1:
            shown = look.observed if look and broken else f"{broken:,} of {counts.rows:,} rows break it"
            return Figure(self.says, broken, None, 0, self.severity, shown)
        share = (counts.rows - broken) / counts.rows if counts.rows else 1.0
        shown = look.observed if look else f"{share:.2%} of {counts.rows:,} rows"
        return Figure(self.says, share, self.mostly, None, self.severity, shown)


@dataclass(frozen=True)
class Checks:
    """A frame, and what is expected of it.

    `counts` are those that the first pass over the frame returned; None if there was no pass yet. `outcomes` is filled
    when the frame is checked. Jobs that share a frame may run at once: one checks it, under `lock`.
    """

    frame: DataFrame
    expected: Sequence[Expected]
    counts: Counts | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)


def quoted(name: str) -> str:
    """Returns a column's name as Spark's SQL wants it, whatever characters it has."""
    return f"`{name.replace('`', '``')}`"

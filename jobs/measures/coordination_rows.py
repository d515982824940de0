"""The rows of the coordination tables, from what was found of each kind and period, and what is known of accounts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from conf.instants import instant
from conf.tables import COORDINATION_TABLES
from jobs.framework.local import arrow_schema
from jobs.measures.authors import without_prefix
from jobs.measures.ballots import Spans
from jobs.measures.coordinated import MOST_GROUPS, TOP_OBJECTS, Found

Row = dict[str, Any]
_SPARK = {"text": "string", "frozen<list<text>>": "array<string>"}
_OF_RUN = ("bucket", "run_id", "computed_at")
SCHEMAS = {
    table.name: ", ".join(
        f"{name} {_SPARK.get(column.cql, column.cql)}" for name, column in table.columns.items() if name not in _OF_RUN
    )
    for table in COORDINATION_TABLES
}
"""The schema of each table's rows, without the columns that the runner adds."""


class Period(NamedTuple):
    """A kind of objects, and a period."""

    kind: str
    period: str
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class Known:
    """What is known of accounts, by their keys, and the texts of families. `flagged` is None if flags are unknown."""

    labels: Mapping[str, str]
    followers: Mapping[str, int]
    flagged: frozenset[str] | None
    texts: Mapping[str, str]


def accounts_in(found: Sequence[Found]) -> set[str]:
    """Returns the accounts of groups."""
    return {account for one in found for account in one.members["author"].to_pylist()}


def period_of(spans: Spans, kind: str, place: int) -> Period:
    """Returns one of the periods of `spans`, for a kind of objects."""
    start, end = (instant(int(bound[place])) for bound in (spans.starts, spans.ends))
    return Period(kind, spans.period, start, end)


def rows_of(
    found: Sequence[tuple[Period, Found]], known: Known, topic: str, window_seconds: int, method: str
) -> dict[str, pa.Table]:
    """Returns the rows of all tables, by the tables' names, as in SCHEMAS."""
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for period, one in found:
        summary = {"window_seconds": window_seconds, **one.figures, "method": method}
        of_tables = _Tables(one, known)
        for name, some in (
            ("coordination_summary", [summary]),
            ("coordination_pairs", of_tables.pairs()),
            ("coordination_groups", of_tables.groups()),
            ("coordination_objects", of_tables.objects()),
            ("coordination_accounts", of_tables.accounts()),
        ):
            rows[name] += [{"topic": topic, **period._asdict(), **row} for row in some]
    return {name: pa.Table.from_pylist(some, arrow_schema(SCHEMAS[name])) for name, some in rows.items()}


class _Tables:
    """The rows of one kind and period. Groups are numbered by size, pairs, time and their first account."""

    def __init__(self, found: Found, known: Known) -> None:
        self._found, self._known = found, known
        self._members: dict[int, list[str]] = defaultdict(list)
        for row in found.members.select(["group", "author"]).to_pylist():
            self._members[row["group"]].append(row["author"])
        ranked = sorted(found.groups.to_pylist(), key=self._rank)[:MOST_GROUPS]
        self._groups = ranked
        self._number = {row["group"]: number for number, row in enumerate(ranked, 1)}

    def _rank(self, row: Row) -> tuple[Any, ...]:
        return -row["accounts"], -row["pairs"], row["first_ms"], min(self._members[row["group"]])

    def pairs(self) -> Iterator[Row]:
        for row in self._found.pairs.to_pylist():
            src, dst = sorted((row["src"], row["dst"]))
            yield {**row, "src": src, "dst": dst, "group": self._number.get(row["group"])}

    def groups(self) -> Iterator[Row]:
        top = self._top()
        for row in self._groups:
            members = self._members[row["group"]]
            flagged = self._known.flagged
            share = None if flagged is None else sum(one in flagged for one in members) / len(members)
            more = {"share_flagged": share, "top_objects": top[row["group"]]}
            yield {**_timed(row), "group": self._number[row["group"]], **more}

    def _top(self) -> dict[int, list[str]]:
        top: dict[int, list[str]] = defaultdict(list)
        for row in self._in_order():
            if len(top[row["group"]]) < TOP_OBJECTS:
                top[row["group"]].append(self._shown(row["object"]))
        return top

    def objects(self) -> Iterator[Row]:
        for row in self._in_order():
            if row["group"] in self._number:
                yield {**_timed(row), "group": self._number[row["group"]], "shown": self._shown(row["object"])}

    def _in_order(self) -> list[Row]:
        rows = self._found.objects.to_pylist()
        return sorted(rows, key=lambda row: (row["group"], -row["accounts"], row["first_ms"], row["object"]))

    def _shown(self, object_: str) -> str:
        return self._known.texts.get(object_, object_)

    def accounts(self) -> Iterator[Row]:
        for row in self._found.members.to_pylist():
            if row["group"] in self._number:
                author = row["author"]
                label = self._known.labels.get(author) or without_prefix(author)
                more = {"label": label, "followers": self._known.followers.get(author)}
                yield {**_timed(row), "group": self._number[row["group"]], **more}


def _timed(row: Row) -> Row:
    """Returns a row with its times as instants."""
    times = {"first_at": instant(row["first_ms"] * 1000), "last_at": instant(row["last_ms"] * 1000)}
    return {name: value for name, value in row.items() if not name.endswith("_ms")} | times

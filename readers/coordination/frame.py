"""Groups of accounts that act together as a frame, for files and notebooks. Private persons are not named in it."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from conf.tables import COORDINATION_GROUPS
from readers.coordination.stored import Result
from readers.private import Naming, People
from stores.published import utc

COLUMNS = (*COORDINATION_GROUPS.columns, "named")
"""Those of the table, and the accounts of a group that may be named."""
_TIMES = ("period_start", "period_end", "first_at", "last_at", "computed_at")


def groups_frame(result: Result) -> pd.DataFrame:
    """Returns a row for each group, with the accounts in it that are named; lists are texts, parted by ` | `."""
    people, public = People(result.accounts, Naming(result.topic)), dict[int, list[str]]()
    for row in result.accounts:
        if people.is_named(row.author):
            public.setdefault(row.group, []).append(people.name(row.author))
    frame = pd.DataFrame(_rows(result, public), columns=list(COLUMNS))
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("object"), "string"))
    return frame.astype(dict.fromkeys(_TIMES, "datetime64[ns, UTC]")) if frame.empty else frame


def _rows(result: Result, public: dict[int, list[str]]) -> Iterator[dict[str, Any]]:
    for row in result.groups:
        tops = " | ".join(row.top_objects or ())
        times = {name: utc(getattr(row, name)) for name in _TIMES}
        named = " | ".join(public.get(row.group, ()))
        yield {**row._asdict(), **times, "top_objects": tops, "run_id": str(row.run_id), "named": named}

"""The rows of published tables as files and views show them: private persons are not named (`readers/private.py`).

The numbers that stand for accounts in `coordination_accounts` and `coordination_pairs` are those of one run, kind and
period: by these columns, and the number, the two tables can be joined.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from conf.schema import Table
from conf.tables import CONVERSATIONS, COORDINATION_ACCOUNTS, COORDINATION_PAIRS
from readers.packs.summaries import Window
from readers.partitions import rows_of_run
from readers.private import LEADING, UNNAMED, Naming, People, are_named
from stores.published import Period, utc


def unnamed(window: Window, table: Table, rows: Iterator[Any], least: int) -> Iterator[Any]:
    """Returns a table's rows; accounts with fewer than `least` followers are not named. With 0, all are.

    Raises Replaced if a later run replaces, meanwhile, what says how many followers they have.
    """
    return _HOW[table.name](window, rows, least) if least > 0 and table.name in _HOW else rows


def _conversations(window: Window, rows: Iterator[Any], least: int) -> Iterator[Any]:
    found = list(rows)  # 100 of each day and window
    accounts = [(row.author, row.label) for row in found]
    named = are_named(window.session, window.keyspace, window.topic, accounts, least)
    for row, is_named in zip(found, named, strict=True):
        yield row if is_named else row._replace(label=row.label and UNNAMED, **dict.fromkeys(LEADING))


def _accounts(window: Window, rows: Iterator[Any], least: int) -> Iterator[Any]:
    for _, of_period in groupby(rows, _run_and_period):
        found = list(of_period)
        people = _people(found, window, least)
        for row in found:
            hidden = {"author": people.id(row.author), "label": UNNAMED, "followers": None}
            yield row if people.is_named(row.author) else row._replace(**hidden)


def _pairs(window: Window, rows: Iterator[Any], least: int) -> Iterator[Any]:
    for (run_id, period), of_period in groupby(rows, _run_and_period):
        of_run = (window.session, window.keyspace, COORDINATION_ACCOUNTS, window.topic, period, run_id)
        people = _people(rows_of_run(*of_run, _TOLD), window, least)
        for row in of_period:
            yield row._replace(src=people.id(row.src), dst=people.id(row.dst))


_TOLD = ("group", "author", "label", "followers")
_HOW: Mapping[str, Callable[[Window, Iterator[Any], int], Iterator[Any]]] = {
    CONVERSATIONS.name: _conversations,
    COORDINATION_ACCOUNTS.name: _accounts,
    COORDINATION_PAIRS.name: _pairs,
}


def _run_and_period(row: Any) -> tuple[UUID, Period]:
    return row.run_id, Period(row.kind, row.period, utc(row.period_start), utc(row.period_end))


def _people(accounts: Iterable[Any], window: Window, least: int) -> People:
    return People(sorted(accounts, key=lambda row: (row.group, row.author)), Naming(window.topic, least))

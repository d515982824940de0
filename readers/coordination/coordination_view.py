"""Prints groups of accounts that act together; of one group, its accounts and what they used together."""

from typing import Any

from rich.console import Console
from rich.text import Text

from conf.plain import one_line
from readers.coordination.stored import Result
from readers.coordination.words import NOBODY, SENTENCE, WHAT
from readers.private import People
from readers.tables import Layout, print_table
from readers.texts.texts_view import duration
from stores.published import utc

MOST_ROWS = 20
GROUPS = ("group", "accounts", "pairs", "objects", "posts", "flagged", "within", "first", "last", "together")
_GROUPS = Layout(
    texts=("together",), left=("together",), spare=("last", "first", "posts", "flagged", "pairs"), least=30, longest=200
)
ACCOUNTS = ("account", "followers", "pairs", "objects", "first", "last")
_ACCOUNTS = Layout(texts=("account",), left=("account",), spare=("last", "first", "followers"))
OBJECTS = ("accounts", "first", "last", "object")
_OBJECTS = Layout(texts=("object",), left=("object",), spare=("last", "first"), least=30, longest=300, wrapped=True)


def print_result(found: Result, people: People, console: Console, *, detailed: bool) -> None:
    """Prints the figures and the first 20 groups; with `detailed`, the accounts and objects of these."""
    row, topic = found.summary, found.topic
    console.print(Text(f"Accounts that {WHAT[row.kind]}: {topic.title or topic.topic}", style="bold"))
    span = [f"{utc(at).astimezone(topic.zone):%Y-%m-%d %H:%M}" for at in (row.period_start, row.period_end)]
    console.print(f"{span[0]} to {span[1]} ({topic.timezone}), within {duration(row.window_seconds)} of one another")
    console.print(_figures(row))
    shown = found.groups[:MOST_ROWS]
    if shown:
        _print(GROUPS, [_of_group(found, one) for one in shown], _GROUPS, console)
    if detailed:
        _print(ACCOUNTS, [_of_account(found, people, one) for one in found.accounts], _ACCOUNTS, console)
        _print(OBJECTS, [_of_object(found, one) for one in found.objects], _OBJECTS, console)
    elif len(found.groups) > MOST_ROWS:
        console.print(f"{len(found.groups) - MOST_ROWS:,} more groups are in --format csv --nodes.")
    console.print(f"{SENTENCE if shown else NOBODY} Run {str(row.run_id)[:8]}.")


def _print(names: tuple[str, ...], rows: list[list[str]], layout: Layout, console: Console) -> None:
    if rows:
        print_table(dict(zip(names, zip(*rows, strict=True), strict=True)), layout, console)


def _figures(row: Any) -> str:
    told = [
        f"{row.accounts:,} accounts and {row.objects:,} objects compared",
        f"{row.pairs:,} pairs met at least twice, {row.significant_pairs:,} of them more often than chance",
        f"{row.groups:,} group{'' if row.groups == 1 else 's'}",
    ]
    if row.declared:
        told.append(f"{row.declared:,} automated by their own word left out")
    if row.objects_cut:
        told.append(f"{row.objects_cut:,} objects too crowded to pair all their {row.actions_cut:,} uses")
    return "; ".join(told)


def _of_group(found: Result, row: Any) -> list[str]:
    counts = [f"{getattr(row, name):,}" for name in ("accounts", "pairs", "objects", "posts")]
    flagged = "" if row.share_flagged is None else f"{row.share_flagged:.0%}"
    top = ", ".join(map(one_line, row.top_objects or ()))
    return [str(row.group), *counts, flagged, duration(row.degree), *_times(found, row), top]


def _of_account(found: Result, people: People, row: Any) -> list[str]:
    followers = f"{row.followers:,}" if row.followers is not None and people.is_named(row.author) else ""
    return [people.name(row.author), followers, f"{row.pairs:,}", f"{row.objects:,}", *_times(found, row)]


def _of_object(found: Result, row: Any) -> list[str]:
    return [f"{row.accounts:,}", *_times(found, row), one_line(row.shown)]


def _times(found: Result, row: Any) -> list[str]:
    zone = found.topic.zone
    return [f"{utc(at).astimezone(zone):%m-%d %H:%M}" for at in (row.first_at, row.last_at)]

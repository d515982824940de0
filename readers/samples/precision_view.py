"""Prints the precision of a candidate's rules for people."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.plain import one_line
from readers.samples.interval import Estimate, wilson
from readers.samples.precision import Precision


def print_precision(found: Precision, console: Console) -> None:
    """Prints one line per rule, all rules together, and the corrected share."""
    constants = found.sheet.constants
    console.print(Text(one_line(f"{constants.topic}: {constants.race}, {constants.candidate}"), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("counted by", "posts", "read", "right", "precision", "95 % interval"):
        table.add_column(name, justify="left" if name == "counted by" else "right")
    for rule, answers in found.rules.items():
        counts = (f"{answers.posts:,}", f"{answers.read:,}", f"{answers.right:,}")
        table.add_row(Text(one_line(rule)), *counts, *_cells(wilson(answers)))
    for rule in found.unread:
        table.add_row(Text(one_line(rule)), f"{found.sheet.rule_posts[rule]:,}", "0", "", "not read", "")
    console.print(table)
    for line in _lines(found):
        console.print(Text(line))


def _cells(estimate: Estimate) -> tuple[str, str]:
    return f"{estimate.value:.1%}", f"{estimate.low:.1%} to {estimate.high:.1%}"


def _lines(found: Precision) -> Iterator[str]:
    sheet, constants = found.sheet, found.sheet.constants
    if found.overall:
        posts = sum(answers.posts for answers in found.rules.values())
        of = "of the posts counted are right" if not found.unread else "of the posts of the rules that were read"
        value, interval = _cells(found.overall)
        yield f"Together: {value} ({interval}) {of}: {posts:,} posts, each rule weighted by its posts."
    if found.share:
        value, interval = _cells(found.share)
        yield (
            f"Share of posts in these days: {found.as_counted:.1%} as counted, {value} corrected ({interval}), "
            "if the posts of the other candidates are all right."
        )
    else:
        yield f"Share of posts in these days: {found.as_counted:.1%} as counted; not corrected: a rule is not read."
    if empty := sheet.empty.total():
        yield f"{empty:,} of {sheet.rows:,} rows have no answer, and are not counted."
        if not sheet.wrong.total():
            yield "No row says no. Write no where a post is not about the candidate: an empty row is not a no."
    if missing := constants.rows - sheet.rows:
        yield f"{missing:,} of the sample's {constants.rows:,} rows are not in the file, and are not counted."

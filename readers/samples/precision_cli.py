"""`python -m readers precision`: the precision of each rule, by a sheet of `sample` that people have filled in."""

from pathlib import Path
from typing import Annotated

import typer

from conf.errors import PulsoError
from conf.terminal import out_console
from readers import options


def precision(
    sheet: Annotated[Path, typer.Argument(help="CSV file of `sample`, with answers in the column right.")],
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
) -> None:
    """Show which part of the posts that count is right: by rule, in all, and the share corrected by it."""
    from readers.output import write_frame
    from readers.samples.answers import TOLD
    from readers.samples.precision import as_frame, precision_of
    from readers.samples.precision_view import print_precision
    from readers.samples.sheet import read_sheet

    found = precision_of(read_sheet(sheet))
    if not found.rules:
        raise PulsoError(f"{sheet}: no row has an answer in the column right", f"Write {TOLD}")
    if format_ != "table":
        write_frame(as_frame(found), format_, out)
        return
    print_precision(found, out_console())

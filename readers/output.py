"""Writes frames to files or stdout, for other programs: a whole frame, or posts page by page while they are read."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pandas as pd

from conf.plain import printable
from readers.files import opened, refuse_terminal

BOM = "\ufeff"
CSV_TIMES = "%Y-%m-%dT%H:%M:%S.%fZ"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet reads a cell that begins with one of these as a formula."""
_JSON = {"orient": "records", "date_format": "iso", "date_unit": "ms", "double_precision": 15}


def write_frame(frame: pd.DataFrame, format_: str, out: Path | None, begin: str = "") -> None:
    """Writes a frame as JSON (one array of objects, ISO times), or in one of the formats of `write_pages`.

    `begin` stands before CSV: a spreadsheet reads a file as UTF-8 if it begins with BOM.

    Raises WrongUse if Parquet would go to a terminal.
    """
    if format_ != "json":
        write_pages([frame], format_, out, begin)
        return
    with opened(out) as file:
        file.write(_shown(f"{frame.to_json(**_JSON)}\n", out))


def write_pages(
    pages: Iterable[pd.DataFrame], format_: str, out: Path | None, begin: str = "", description: str = ""
) -> int:
    """Writes pages of the same columns as CSV, NDJSON or Parquet, page by page; returns the number of rows.

    In CSV, a list is written as its items with spaces between them, and an apostrophe is put before a text that a
    spreadsheet would read as a formula. NDJSON and Parquet contain texts unchanged. In output to a terminal, control
    characters are replaced. The first page defines the columns, even if it has no rows. A file gets its name only when
    it is complete. `description` goes into the metadata of Parquet; the other formats have no place for it.

    Raises WrongUse if Parquet would go to a terminal.
    """
    if format_ == "parquet":
        refuse_terminal(out)
        with opened(out) as file:
            return _write_parquet(pages, file, {"description": description} if description else None)
    rows = 0
    with opened(out) as file:
        for number, page in enumerate(pages):
            text = _csv(page, header=number == 0) if format_ == "csv" else _ndjson(page)
            file.write(_shown(begin + text if number == 0 else text, out))
            rows += len(page)
    return rows


def _shown(text: str, out: Path | None) -> bytes:
    """Returns the text in UTF-8; if it goes to a terminal, without control characters."""
    return (printable(text) if out is None and sys.stdout.isatty() else text).encode(errors="replace")


def _csv(page: pd.DataFrame, *, header: bool) -> str:
    cells = pd.DataFrame({name: _csv_cells(page[name]) for name in page}, index=page.index)
    # Only characters of the line's end are quoted: an unquoted \r inside a cell would end the row for most readers.
    text = cells.to_csv(index=False, header=header, date_format=CSV_TIMES, lineterminator="\r\n")
    return str(text).replace("\r\n", "\n")


def _csv_cells(column: "pd.Series[object]") -> "pd.Series[object]":
    if column.dtype == object:
        column = column.map(" ".join, na_action="ignore").astype("string")
    if column.dtype != "string":
        return column
    return column.mask(column.str.startswith(FORMULA).fillna(value=False), "'" + column)


def _ndjson(page: pd.DataFrame) -> str:
    if page.empty:
        return ""
    return str(page.to_json(lines=True, force_ascii=False, **_JSON))


def _write_parquet(pages: Iterable[pd.DataFrame], file: IO[bytes], metadata: dict[str, str] | None) -> int:
    import pyarrow as pa  # noqa: PLC0415 - only Parquet needs it, and its 45 MB
    import pyarrow.parquet as pq  # noqa: PLC0415

    writer, rows = None, 0
    try:
        for page in pages:
            table = pa.Table.from_pandas(page, preserve_index=False)
            if writer is None:
                lists = [name for name in page if page[name].dtype == object]
                fields = [pa.field(f.name, pa.list_(pa.string())) if f.name in lists else f for f in table.schema]
                writer = pq.ParquetWriter(file, pa.schema(fields, metadata))
            writer.write_table(table.cast(writer.schema))
            rows += len(page)
    finally:
        if writer is not None:
            writer.close()
    return rows

"""A table as a capture: what kind of table it is, what its columns mean, and each of its rows as a message."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conf.column_map import ColumnMap, load_map
from conf.errors import WrongUse
from conf.lines import SEPARATORS, WESTERN, Lines, hinted_separator, is_other_alphabet
from ingest.formats import Refused, Unit
from ingest.formats.malformed import MALFORMED, reason_of
from ingest.replay.captures import Capture
from ingest.replay.kinds import may_be_table
from ingest.replay.part import Part as FilePart
from ingest.replay.tables.delimited import (
    Broken,
    Damaged,
    Record,
    Rows,
    as_csv,
    header_of,
)
from ingest.replay.tables.facts import Facts
from ingest.replay.tables.mapped import Mapped, found_map, given_map, lacking, unknown
from ingest.replay.tables.preview import preview
from stores.elsewhere import is_address

if TYPE_CHECKING:
    from ingest.replay.tables.parquet import ParquetRows

MAGIC = b"PAR1"
"""The first bytes of a Parquet file."""
SAMPLE = 256 * 1024
"""Bytes that are looked at to tell what a file is."""
Part = Unit | Refused | None
"""A row: a message, or what is wrong with it, or nothing if it is empty."""


@dataclass
class Table:
    """A table whose map is known. `notes` says what a person should know before it is read."""

    capture: Capture
    mapped: Mapped
    is_parquet: bool = False
    notes: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Yields each row with its origin, `file:row`. The number is that which a spreadsheet shows.

        If the file ends early or is damaged, no more rows are yielded, and the capture's `broken` says so.
        """
        facts, name = Facts(self.mapped.map, self.mapped.header), self.capture.shown
        for record in self._records():
            yield f"{name}:{record.place}", _part_of(record, facts)

    def _records(self) -> Iterator[Record]:
        if self.is_parquet:
            return self._parquet_records()
        last = [1]
        return self.capture.read(partial(self._csv_records, last=last), lambda: f"row {last[0]:,}")

    def _csv_records(self, files: Iterator[FilePart], last: list[int]) -> Iterator[Record]:
        for record in _rows_of(Lines(next(files).stream, self.mapped.map.encoding), self.mapped):
            last[0] = record.number
            yield record
        for other in files:
            other.notes.append(f"{other.name} stands behind a table and is left out: unpack it, and give it alone")

    def _parquet_records(self) -> Iterator[Record]:
        rows = _parquet(self.capture.name)
        try:
            for record in rows.rows(self.mapped.header):
                yield record
                self.capture.share_read = rows.share
        except Damaged as error:
            self.capture.broken = f"{self.capture.shown} is damaged after row {rows.done + 1:,} ({error})"
        finally:
            rows.close()


def open_table(capture: Capture, columns: str | None) -> Table | None:
    """Returns a capture as a table; None if it is none. `columns` is a map that was asked for: a name or a file.

    A table without a map is told by its header. Raises WrongUse if no map fits it, and PulsoError if the map fits none
    of its first rows.
    """
    head = capture.head(SAMPLE)
    if head.startswith(MAGIC):
        return _open_parquet(capture, columns)
    if not head.strip() or _is_json(head):
        if columns and head.strip():
            raise WrongUse(f"{capture.shown} holds JSON, not a table", "Leave --columns out")
        return None
    return _open_csv(capture, head, columns)


def _open_parquet(capture: Capture, columns: str | None) -> Table:
    if capture.is_read_once or is_address(capture.name) or not _starts_with(capture.name, MAGIC):
        raise WrongUse(
            f"{capture.shown} is Parquet that is packed, comes through a pipe or is elsewhere",
            "Give the plain file here",
        )
    rows = _parquet(capture.name)
    try:
        headers = {"": rows.header}
        mapped = given_map(capture.shown, headers, columns) if columns else found_map(capture.shown, headers)
        if mapped is None:
            raise unknown(capture.shown, headers)
        names = list(dict.fromkeys(mapped.map.names))
        mapped = Mapped(mapped.map, "", names, mapped.title)
        facts = Facts(mapped.map, names)
        preview(capture.shown, rows.rows(names), facts)
    except Damaged as error:
        raise WrongUse(f"{capture.shown} is damaged ({error})", "Get the whole file again") from None
    finally:
        rows.close()
    return Table(capture, mapped, is_parquet=True, notes=_notes(capture.shown, mapped, facts, Lines(io.BytesIO())))


def _parquet(path: str) -> "ParquetRows":
    from ingest.replay.tables.parquet import ParquetRows  # noqa: PLC0415 - brings Arrow, which no other file needs

    return ParquetRows(path)


def _open_csv(capture: Capture, head: bytes, columns: str | None) -> Table | None:
    asked = load_map(columns) if columns else None
    lines = Lines(io.BytesIO(head), asked.encoding if asked else None)
    sample = "".join(lines)
    separators = _separators(sample, asked)
    headers = {separator: header for separator in separators if (header := header_of(sample, separator))}
    if columns and not headers:
        raise WrongUse(f"{capture.shown} has no header: its first row can't be read", "Give a table with column names")
    mapped = given_map(capture.shown, headers, columns) if columns else found_map(capture.shown, headers)
    if mapped is None:
        if may_be_table(head) and any(_looks_like_header(header, sample, each) for each, header in headers.items()):
            raise unknown(capture.shown, headers)
        return None
    if lines.is_western and is_other_alphabet(head):
        raise WrongUse(
            f"{capture.shown} is neither UTF-8 nor {WESTERN}",
            "Save it as UTF-8, or say its encoding: in the map, such as cp1251 (Cyrillic) or cp932 (Japanese)",
        )
    facts = Facts(mapped.map, mapped.header)
    is_cut = len(head) >= SAMPLE or capture.is_read_once
    looked_at = Lines(io.BytesIO(head[: head.rfind(b"\n") + 1] if is_cut else head), mapped.map.encoding)
    preview(capture.shown, _whole(_rows_of(looked_at, mapped), is_cut), facts)
    return Table(capture, mapped, notes=_notes(capture.shown, mapped, facts, looked_at))


def _rows_of(lines: Lines, mapped: Mapped) -> Iterator[Record]:
    return iter(Rows(lines, mapped.separator, len(mapped.header)))


def _whole(records: Iterator[Record], is_cut: bool) -> Iterable[Record]:
    """Yields the rows of a sample, without those at its end that may be cut."""
    if not is_cut:
        yield from records
        return
    before: Record | None = None
    for record in records:
        if isinstance(record.cells, Broken) and "not closed" in record.cells.reason:
            return
        if before is not None:
            yield before
        before = record


def _separators(sample: str, asked: ColumnMap | None) -> str:
    named = (asked.separator if asked else None) or hinted_separator(sample)
    return named or SEPARATORS


def _notes(file: str, mapped: Mapped, facts: Facts, lines: Lines) -> list[str]:
    notes = [f"{file}: read as {mapped.title}", *(f"{file}: {what}" for what in lacking(mapped))]
    if facts.took_utc:
        notes.append(
            f"{file}: its times name no zone and are read as UTC; if they are local, add zone: to time in the map"
        )
    if lines.is_western:
        notes.append(
            f"{file}: is not UTF-8 and is read as {WESTERN}; if letters look wrong, name its encoding: in the map"
        )
    return notes


def _part_of(record: Record, facts: Facts) -> Part:
    if isinstance(record.cells, Broken):
        return Refused(record.cells.reason, record.raw.encode(errors="replace"))
    if record.is_empty:
        return None
    try:
        return facts.unit(record.cells)
    except MALFORMED as error:
        raw = (record.raw or as_csv(record.cells)).encode(errors="replace")
        return Refused(reason_of(error), raw)


def _is_json(head: bytes) -> bool:
    """Whether the text begins as JSON does, whatever its encoding."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"{", b"["))


def _looks_like_header(header: list[str], sample: str, separator: str) -> bool:
    """Whether a first row has three or more names, all different and short, and the second row as many cells."""
    names = {name for name in header if name and len(name) <= 80 and name.isprintable()}
    if len(names) < 3 or len(names) < len(header):
        return False
    second = next(iter(Rows(Lines(io.BytesIO(sample.encode(errors="replace"))), separator, len(header))), None)
    return second is not None and not isinstance(second.cells, Broken)


def _starts_with(path: str, magic: bytes) -> bool:
    with Path(path).open("rb") as file:
        return file.read(len(magic)) == magic

"""CSV and TSV: its separator, its header, and its rows, whatever is broken in some of them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conf.lines import Lines, hinted_separator
from ingest.formats.detect import LONGEST_LINE


class Damaged(Exception):
    """What is wrong with a file, of which no more can be read."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that can't be read, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a table: its number, from 1 for the header, the line where it begins, its cells, and how it was written.

    The number is that which a spreadsheet shows. `cells` is Broken for a row that can't be read.
    """

    number: int
    line: int
    cells: Sequence[object] | Broken
    raw: str

    @property
    def place(self) -> str:
        """Where the row stands."""
        return str(self.number) if self.line == self.number else f"{self.number} (line {self.line})"

    @property
    def is_empty(self) -> bool:
        """Whether no cell has a value."""
        return not isinstance(self.cells, Broken) and not any(self.cells)


def header_of(text: str, separator: str) -> list[str]:
    """Returns the names in the first row of a text; none if it has no row that can be read."""
    try:
        first = next(_reader(_without_hint(text).splitlines(keepends=True), separator), [])
    except csv.Error:
        return []
    return [name.strip() for name in first]


def _reader(lines: Iterable[str], separator: str) -> "Iterator[list[str]]":
    csv.field_size_limit(2 * LONGEST_LINE)  # of the whole process, and other libraries set it, too
    return csv.reader(lines, delimiter=separator, strict=True)


def _without_hint(text: str) -> str:
    return text.split("\n", 1)[-1] if hinted_separator(text) else text


def as_csv(cells: Sequence[object]) -> str:
    """Returns cells as a line of CSV: what a dead letter keeps of a row."""
    out = io.StringIO()
    csv.writer(out).writerow(["" if value is None else value for value in cells])
    return out.getvalue()


class Rows:
    """The rows of a text, after the header; all are to have as many cells as it.

    A quote that is not closed, or cells that are missing, spoil the row where they are, not the rows after it: these
    are read again, line by line. A row of more than LONGEST_LINE characters is skipped as a whole.
    """

    def __init__(self, lines: Lines, separator: str, width: int) -> None:
        self._source = lines
        self._lines = iter(lines)
        self._separator = separator
        self._width = width
        self._again: list[str] = []
        self._taken: list[str] = []
        self._size = 0
        self._line = 0

    def __iter__(self) -> Iterator[Record]:
        """Yields each row after the header, also empty ones, whose cells are all empty."""
        reader = self._reader()
        number = 0
        is_first = True
        while True:
            self._taken, self._size = [], 0
            begins = self._line + 1
            cells: Sequence[object] | Broken
            try:
                found = next(reader, None)
                if found is None:
                    return
                cells = found if len(found) == self._width else self._other_width(found)
            except _TooLong:
                cells = self._too_long()
                reader = self._reader()
            except csv.Error as error:
                cells = Broken(_told(error))
                self._read_again()
            if is_first and hinted_separator(self._taken[0]) and len(self._taken) == 1:
                is_first = False
                continue
            is_first = False
            number += 1
            if number > 1:
                yield Record(number, begins, cells, "".join(self._taken))

    def _reader(self) -> "Iterator[list[str]]":
        return _reader(_Feed(self), self._separator)

    def take(self) -> str:
        """Returns the next line for the row that is being read. Raises _TooLong if the row is too long."""
        line = self._again.pop() if self._again else next(self._lines)
        self._line += 1
        self._taken.append(line)
        self._size += len(line)
        if self._size > LONGEST_LINE:
            raise _TooLong
        return line

    def _other_width(self, found: list[str]) -> Sequence[object] | Broken:
        """Returns a row whose cells are not as many as the header's, if only empty cells are too many."""
        if not any(found):
            return [""] * self._width
        if len(found) > self._width and not any(found[self._width :]):
            return found[: self._width]
        self._read_again()
        count = f"{len(found):,} cell{'s' * (len(found) != 1)}, the header has {self._width:,}"
        return Broken(f"a row of {count}: a quote or a separator is missing, or one is too many")

    def _read_again(self) -> None:
        """Leaves only the first line to the row at hand; the others are read again, as rows of their own."""
        self._again += reversed(self._taken[1:])
        self._line -= len(self._taken) - 1
        del self._taken[1:]

    def _too_long(self) -> Broken:
        """Skips a row that is too long, or, if its first quote was merely not closed, only its first line."""
        if len(self._taken) > 1 and self._is_row(self._taken[1]):
            self._read_again()
            return Broken("a quote is not closed")
        last = self._taken[-1]
        quotes = sum(line.count('"') for line in self._taken)
        if len(last) > LONGEST_LINE and not last.endswith("\n"):
            quotes += self._source.quotes_cut
        size = self._size
        del self._taken[1:]
        self._taken[0] = self._taken[0][:LONGEST_LINE]
        while quotes % 2 and (line := self._again.pop() if self._again else next(self._lines, "")):
            self._line += 1
            size += len(line)
            quotes += line.count('"')
        return Broken(f"over-long row: more than {LONGEST_LINE:,} characters")

    def _is_row(self, line: str) -> bool:
        try:
            found = next(csv.reader([line], delimiter=self._separator, strict=True), [])
        except csv.Error:
            return False
        return len(found) >= self._width and not any(found[self._width :])


class _TooLong(Exception):
    """A row that has more than LONGEST_LINE characters."""


class _Feed:
    """What the csv module reads lines from. It can go on after an error, unlike a generator."""

    def __init__(self, rows: Rows) -> None:
        self._take = rows.take

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        return self._take()


def _told(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is not closed"
    if "expected after" in text:
        return "a quote inside a quoted cell is not doubled, or a quote is not closed"
    return f"not a row of a CSV file: {text}"

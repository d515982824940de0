"""Rows of CSV files: separators, encodings, quotes, broken rows, and rows that are far too long."""

import codecs
import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest

from conf.lines import Lines, hinted_separator, is_other_alphabet
from ingest.formats.detect import LONGEST_LINE
from ingest.replay.tables.delimited import Broken, Record, Rows


def rows(content: str | bytes, separator: str = ",", width: int = 3, encoding: str | None = None) -> list[Record]:
    raw = content.encode() if isinstance(content, str) else content
    return list(Rows(Lines(io.BytesIO(raw), encoding), separator, width))


def cells(content: str | bytes, separator: str = ",", width: int = 3, encoding: str | None = None) -> list[object]:
    return [
        None if isinstance(row.cells, Broken) else list(row.cells) for row in rows(content, separator, width, encoding)
    ]


GOOD = 'a,b,c\n1,"x, y\nz ""q""",3\n4,5,6\n'
RIGHT = [["1", 'x, y\nz "q"', "3"], ["4", "5", "6"]]


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        codecs.BOM_UTF8 + GOOD.encode(),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        GOOD.encode("utf-32"),
        GOOD.encode("utf-32-le"),
        codecs.BOM_UTF16_BE + GOOD.replace("\n", "\r").encode("utf-16-be"),
        GOOD.rstrip().encode(),
        ("sep=,\n" + GOOD).encode(),
    ],
)
def test_a_table_is_the_same_in_every_unicode_encoding(content: bytes) -> None:
    assert cells(content) == RIGHT


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_windows_and_old_macintoshes_are_read(end: str) -> None:
    assert cells(f"a,b,c{end}1,2,3{end}4,5,6{end}") == [["1", "2", "3"], ["4", "5", "6"]]


def test_a_line_that_is_not_utf8_is_what_windows_writes_in_western_europe() -> None:
    lines = Lines(io.BytesIO("a;b\n1;café “x” €\n".encode("cp1252")))
    assert [list(row.cells) for row in Rows(lines, ";", 2) if not isinstance(row.cells, Broken)] == [
        ["1", "café “x” €"]
    ]
    assert lines.is_western


def test_a_bad_byte_after_utf8_is_replaced_and_costs_no_letter_of_other_lines() -> None:
    lines = Lines(io.BytesIO("é\n".encode() + b"\xff\n" + "ü\n".encode()))
    assert list(lines) == ["é\n", "\ufffd\n", "ü\n"]
    assert not lines.is_western


@pytest.mark.parametrize(
    ("text", "encoding", "other"),
    [
        ("Привет всем", "cp1251", True),
        ("こんにちは世界", "cp932", True),
        ("naïve café, Übergröße, señor", "cp1252", False),
        ("Привет, こんにちは", "utf-8", False),
    ],
)
def test_another_alphabet_is_not_taken_for_western(text: str, encoding: str, other: bool) -> None:
    assert is_other_alphabet(f"a,b\n{text}\n".encode(encoding)) is other


def test_an_encoding_that_is_named_is_used() -> None:
    assert cells("a,b,c\n1,Привет,表ソ\n".encode("cp932"), encoding="cp932") == [["1", "Привет", "表ソ"]]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('2,"never closed,4\n', "quote"),
        ('2,"he "x" said",4\n', "not doubled"),
        ("2,3\n", "2 cells"),
        ("2,3,4,5\n", "4 cells"),
    ],
)
def test_a_broken_row_is_told_and_costs_no_neighbour(broken: str, why: str) -> None:
    found = rows(f'a,b,c\n1,1,1\n{broken}3,"good, text",3\n4,4,4\n')
    assert [row.number for row in found] == [2, 3, 4, 5]
    assert isinstance(found[1].cells, Broken)
    assert why in found[1].cells.reason
    assert [list(row.cells) for row in found if not isinstance(row.cells, Broken)] == [
        ["1", "1", "1"],
        ["3", "good, text", "3"],
        ["4", "4", "4"],
    ]


def test_a_quote_that_is_never_closed_in_a_long_file_costs_one_row() -> None:
    many, ten = LONGEST_LINE // 80 + 10, 74 * "0" + "10"
    found = cells('a,b,c\n1,"never\n' + f"8,9,{ten}\n" * many)
    assert (found[0], found[1:]) == (None, [["8", "9", ten]] * many)


def test_cells_after_the_last_column_that_are_empty_are_nothing() -> None:
    assert cells("a,b,c\n1,2,3,,\n\n4,5,6\n") == [["1", "2", "3"], ["", "", ""], ["4", "5", "6"]]


@pytest.mark.parametrize("cell", ["x" * 10_000_000, "x y\n" * 2_500_000, 'x ""y""\n' * 1_200_000])
def test_a_cell_of_ten_megabytes_is_one_broken_row(cell: str) -> None:
    csv.field_size_limit(131_072)  # Python's own, which another library may set
    found = rows(f'a,b,c\n1,1,1\n2,"{cell}",2\n3,3,3\n')
    assert [row.number for row in found] == [2, 3, 4]
    assert isinstance(found[1].cells, Broken)
    assert "over-long row" in found[1].cells.reason
    assert list(found[2].cells) == ["3", "3", "3"]  # type: ignore[arg-type]


def test_rows_keep_the_numbers_that_a_spreadsheet_shows() -> None:
    assert [row.place for row in rows('a,b,c\n1,"x\ny",3\n4,5,6\n')] == ["2", "3 (line 4)"]


def test_the_separator_that_excel_names_is_found() -> None:
    assert (hinted_separator("sep=;\r\na;b\n"), hinted_separator("a;b\n"), hinted_separator("")) == (";", None, None)


class Endless(io.RawIOBase):
    """Rows without end, up to a number of bytes."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._rows = b'1,"a text, with a comma",3\n' * 1000

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._rows[: min(len(buffer), self._left)]
        buffer[: len(part)] = part
        self._left -= len(part)
        return len(part)


def _through(total: int) -> Iterator[Record]:
    return iter(Rows(Lines(io.BufferedReader(Endless(total))), ",", 3))


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for total in (2**20, 8 * 2**20):
        tracemalloc.start()
        assert sum(1 for _ in _through(total)) > total / 30
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2**20

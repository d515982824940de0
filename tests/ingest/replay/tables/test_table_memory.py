"""What reading a table takes of memory depends neither on the size of the file nor on that of a row."""

import gzip
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf import ROOT

PEAK = """
import re, sys
from pathlib import Path
from ingest.replay.captures import open_captures
from ingest.replay.tables.table import open_table
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
[capture] = open_captures([sys.argv[1]])
table = open_table(capture, None)
print(sum(1 for _ in table.parts()), peak(), capture.broken)
"""
HEADER = ["id", "conversation_id", "author_id", "created_at", "text"]
SMALL, LARGE = 10_000, 60_000
"""Rows of 1 kB each: 10 and 60 MB."""
FEW = 300
"""Rows around a long one."""
on_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc"
)


def row(number: int, text: str) -> list[str]:
    return [str(1895000000000000000 + number), "5", "10", "2025-03-01T10:00:00.000Z", text]


def rows(count: int) -> Iterator[list[str]]:
    """Yields rows whose texts hardly compress."""
    draws = random.Random(1)
    for number in range(count):
        yield row(number, draws.randbytes(450).hex())


def lines(count: int) -> Iterator[str]:
    for each in (HEADER, *rows(count)):
        yield f"{','.join(each)}\n"


def write_csv(file: Path, count: int) -> None:
    with file.open("w") as out:
        out.writelines(lines(count))


def write_utf_16(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-16") as out:
        out.writelines(lines(count))


def write_gzip(file: Path, count: int) -> None:
    with gzip.open(file, "wt", compresslevel=1) as out:
        out.writelines(lines(count))


def write_zip(file: Path, count: int) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("posts.csv", "".join(lines(count)))


def write_parquet(file: Path, count: int) -> None:
    """Writes all rows as one group, as pandas does with up to a million rows."""
    columns = dict(zip(HEADER, zip(*rows(count), strict=True), strict=True))
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), file, row_group_size=count)


def write_parquet_of_one_text(file: Path, count: int) -> None:
    """Writes one text of 20 kB for all rows, which is in the file once."""
    names = [row(number, "")[0] for number in range(count)]
    columns: dict[str, object] = {name: pa.DictionaryArray.from_arrays([0] * count, [value]) for name, value in zip(
        HEADER, row(0, "x" * 20_000), strict=True)}  # fmt: skip
    pq.write_table(pa.table({**columns, "id": names}), file, row_group_size=count)


def read(file: Path) -> tuple[int, int]:
    """Returns how many rows a table has, and the peak of the memory of a process that reads it, in kB."""
    done = subprocess.run([sys.executable, "-c", PEAK, str(file)], capture_output=True, text=True, check=True, cwd=ROOT)
    count, kilobytes = re.findall(r"\d+", done.stdout)
    return int(count), int(kilobytes)


@on_linux
@pytest.mark.parametrize(
    "write", [write_csv, write_utf_16, write_gzip, write_zip, write_parquet, write_parquet_of_one_text]
)
def test_memory_does_not_grow_with_a_table(write: Callable[[Path, int], None], tmp_path: Path) -> None:
    peaks = []
    for count in (SMALL, LARGE):
        write(tmp_path / "table", count)
        found, peak = read(tmp_path / "table")
        assert found == count
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 20_000, peaks


LONG: dict[str, Callable[[str], str]] = {
    "a cell": lambda text: text,
    "a quoted cell": lambda text: f'"{text}"',
    "a cell that is not closed": lambda text: f'"{text}',
    "cells": lambda text: text.replace("x", "x,"),
    "a quoted cell of many lines": lambda text: '"' + text.replace(40 * "x", 39 * "x" + "\n") + '"',
}


@on_linux
@pytest.mark.parametrize("kind", LONG)
def test_memory_does_not_grow_with_a_row(kind: str, tmp_path: Path) -> None:
    peaks = []
    for megabytes in (20, 100):
        long = LONG[kind]("x" * (megabytes * 1_000_000))
        text = "".join([*lines(FEW), ",".join(row(FEW, "")), long, "\n"])
        (tmp_path / "table").write_text(text)
        found, peak = read(tmp_path / "table")
        assert found >= FEW
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 20_000, peaks

"""What reading a table takes of memory does not depend on the size of the file."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
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
SMALL, LARGE = 10_000, 100_000
"""Rows of 1 kB each: 10 and 100 MB."""


def rows(count: int) -> list[list[str]]:
    """Returns rows whose texts hardly compress."""
    draws = random.Random(1)
    return [
        [str(1895000000000000000 + n), "5", "10", "2025-03-01T10:00:00.000Z", draws.randbytes(450).hex()]
        for n in range(count)
    ]


def write_csv(file: Path, count: int) -> None:
    file.write_text("".join(f"{','.join(row)}\n" for row in [HEADER, *rows(count)]))


def write_parquet(file: Path, count: int) -> None:
    """Writes all rows as one group, as pandas does with up to a million rows."""
    columns = dict(zip(HEADER, zip(*rows(count), strict=True), strict=True))
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), file, row_group_size=count)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_memory_does_not_grow_with_a_table(write: Callable[[Path, int], None], tmp_path: Path) -> None:
    peaks = []
    for count in (SMALL, LARGE):
        write(tmp_path / "table", count)
        command = [sys.executable, "-c", PEAK, str(tmp_path / "table")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        read, kilobytes = re.findall(r"\d+", done.stdout)
        assert int(read) == count
        peaks.append(int(kilobytes))
    assert peaks[1] < peaks[0] + 20_000, peaks

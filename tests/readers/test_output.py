import csv
import errno
from pathlib import Path

import pandas as pd
import pytest

from conf.errors import PulsoError
from readers.files import opened
from readers.output import write_pages
from tests.support.commands import run_python


def test_any_character_of_a_text_stays_in_its_cell(tmp_path: Path) -> None:
    texts = ["a\rb", "\r=1", "a\nb", 'a"b', "a,b", "a\x00b", "a\u2028b", ""]
    page = pd.DataFrame({"text": pd.array(texts, dtype="string"), "id": range(len(texts))})
    write_pages([page, page], "csv", tmp_path / "texts.csv")
    with (tmp_path / "texts.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1:] == 2 * [
            ["'\r=1" if text == "\r=1" else text, str(number)] for number, text in enumerate(texts)
        ]


def test_two_that_write_the_same_file_leave_a_whole_one(tmp_path: Path) -> None:
    out = tmp_path / ("名" * 80 + ".csv")
    with opened(out) as first:
        with opened(out) as second:
            first.write(b"one\n")
            second.write(b"two\n")
        assert out.read_bytes() == b"two\n"
        first.write(b"one\n")
    assert (out.read_bytes(), list(tmp_path.iterdir())) == (b"one\none\n", [out])


def write_to_a_full_disk(out: Path) -> None:
    with opened(out) as file:
        file.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_where_nothing_can_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    for out, says in ((tmp_path / "no" / "a.csv", "No such file"), (tmp_path, "is a folder")):
        with pytest.raises(PulsoError, match=says), opened(out):
            raise AssertionError
    with pytest.raises(PulsoError, match=r"the disk of .* is full"):
        write_to_a_full_disk(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_command_loads_no_frames_before_it_is_called() -> None:
    """They take a second, and 40 MB of the page, which does without pyarrow for as long as nothing has loaded it."""
    code = "import sys, readers.cli; print(sorted({'pandas', 'pyarrow'} & sys.modules.keys()))"
    assert run_python("-c", code).stdout == "[]\n"

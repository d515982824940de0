import csv
from pathlib import Path

import pandas as pd

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


def test_a_command_loads_no_frames_before_it_is_called() -> None:
    """They take a second, and 40 MB of the page, which does without pyarrow for as long as nothing has loaded it."""
    code = "import sys, readers.cli; print(sorted({'pandas', 'pyarrow'} & sys.modules.keys()))"
    assert run_python("-c", code).stdout == "[]\n"

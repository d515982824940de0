"""Great Expectations judges figures: at their limits, unknown ones, and with pages that people can read."""

import html
import subprocess
import sys
from pathlib import Path

import pytest

from conf import ROOT
from jobs.framework.expectations import DATED_AT_LEAST
from jobs.framework.expected import Expected, Ruled
from jobs.framework.figures import Counts, Docs, Figure, Look, Page
from jobs.framework.judge import build_docs, judge, record

RULE = Expected("a rule", Ruled("true", "number"))
DATED = Expected("dated", Ruled("true", "number"), mostly=DATED_AT_LEAST)


@pytest.mark.parametrize(
    ("expected", "rows", "broken", "holds"),
    [
        (RULE, 1_000_000, 0, True),
        (RULE, 1_000_000, 1, False),
        (RULE, 0, 0, True),
        (DATED, 1000, 1, True),
        (DATED, 1000, 2, False),
        (DATED, 999, 1, False),
        (DATED, 0, 0, True),
    ],
)
def test_a_figure_is_judged_by_its_limit(expected: Expected, rows: int, broken: int, holds: bool) -> None:
    assert [verdict.success for verdict in judge([expected.figure(Counts(rows, {expected.says: broken}))])] == [holds]


def test_the_exact_number_of_a_second_look_is_what_counts() -> None:
    doubted = Counts(10, {"a rule": 1})
    figures = [RULE.figure(doubted), RULE.figure(doubted, Look(0, "")), RULE.figure(doubted, Look(2, "2 rows"))]
    assert [judge([figure])[0].success for figure in figures] == [False, True, False]


def test_what_could_not_be_counted_does_not_hold() -> None:
    unknown = RULE.figure(Counts(10, {"a rule": "no such column"}))
    assert not judge([unknown])[0].success
    assert not judge([RULE.figure(Counts(10, {"a rule": 0}), Look(None, "could not be checked"))])[0].success


def test_verdicts_are_in_the_order_of_the_figures() -> None:
    figures = [Figure(f"figure {n}", n % 3, None, 0, "error", "") for n in range(60)]
    assert [verdict.success for verdict in judge(figures)] == [n % 3 == 0 for n in range(60)]


HOSTILE = "1 rows, such as ['<script>alert(1)</script> $cost']"


def test_pages_are_named_for_people_and_escape_what_strangers_sent(tmp_path: Path) -> None:
    figures = [
        Figure("posts < authors & more", 0, None, 0, "error", "0 of 41 rows break it"),
        Figure("a rule", 1, None, 0, "warning", HOSTILE),
    ]
    page = Page(Docs(tmp_path, "candidate_poll", "ph2016", "2016-05-01 16:00 to 2016-05-02 16:00 UTC"), "posts")
    assert [verdict.success for verdict in record(figures, page)] == [True, False]
    index = Path(build_docs(tmp_path).removeprefix("file://"))
    name = "candidate_poll, ph2016, posts, 2016-05-01 16:00 to 2016-05-02 16:00 UTC"
    assert name in index.read_text()
    (result,) = index.parent.glob("validations/**/*.html")
    page_text = result.read_text()
    for shown in (name, "posts < authors & more", "0 of 41 rows break it", "a rule", HOSTILE):
        assert shown in html.unescape(page_text)
    assert "<script>alert" not in page_text


ALONE = "from jobs.framework.quality import import_ahead, _judged; import_ahead()"


def alone(code: str, path: Path) -> "subprocess.CompletedProcess[str]":
    """Runs code in a process of its own, which looks for modules in this folder first."""
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": f"{path}:{ROOT}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


def test_a_process_ends_without_waiting_for_the_import(tmp_path: Path) -> None:
    code = f"import atexit, sys; atexit.register(lambda: print('jobs.framework.judge.judge' in sys.modules)); {ALONE}"
    for delay in (0, 0.4, 0.9):
        ended = alone(f"{code}; import time; time.sleep({delay})", tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_an_error_of_the_import_is_raised_by_the_first_check(tmp_path: Path) -> None:
    (tmp_path / "great_expectations.py").write_text("raise ImportError('it is broken')")
    ended = alone(f"{ALONE}; _judged([])", tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "ImportError: it is broken"
    assert ended.stderr.count("Traceback") == 1

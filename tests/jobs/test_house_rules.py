"""Rules of the house that a reader would otherwise have to look for in every job."""

import ast
from pathlib import Path

from conf import ROOT
from jobs import daily

JOBS = sorted((ROOT / "jobs").rglob("*.py"))


def _joins(file: Path) -> list[ast.Call]:
    """The calls of `join` on frames: all but those on a text."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "join"
        and not isinstance(call.func.value, ast.Constant)
        and len(call.args) + len(call.keywords) > 1
    ]


def test_every_join_says_on_what_and_how() -> None:
    joins = [(file, call) for file in JOBS for call in _joins(file)]
    assert len(joins) > 20
    vague = [f"{file.name}:{c.lineno}" for file, c in joins if {k.arg for k in c.keywords} < {"on", "how"}]
    assert vague == []


def test_the_folder_of_jobs_holds_only_what_one_submits() -> None:
    files = {file.name for file in (ROOT / "jobs").glob("*.py")} - {"__init__.py"}
    assert files
    for name in files - {"daily.py"}:
        text = (ROOT / "jobs" / name).read_text()
        assert "\nJOB = Job(" in text, name
        assert text.endswith('if __name__ == "__main__":\n    sys.exit(run(JOB))\n'), name


def test_the_set_of_jobs_has_every_job() -> None:
    files = {file.stem for file in (ROOT / "jobs").glob("*.py")} - {"__init__", "daily"}
    assert {job.name for job in daily.JOBS} == files

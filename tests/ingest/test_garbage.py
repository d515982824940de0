"""A command of ingest looks for garbage seldom: with Python's default a worker spends a quarter of its time on it."""

from conf.garbage import AFTER
from tests.support.commands import run_code

LOOKS = """
import gc, runpy, sys
sys.argv = ["ingest", "--help"]
try:
    runpy.run_module("ingest", run_name="__main__")
except SystemExit as end:
    assert end.code == 0
sys.exit(0 if gc.get_threshold()[0] == {after} and gc.get_freeze_count() > 10_000 else 1)
"""


def test_a_command_of_ingest_looks_seldom_and_not_at_modules() -> None:
    assert AFTER == 50_000
    assert run_code(LOOKS.format(after=AFTER)) == 0

"""A run that is stopped leaves no engine behind, whichever of its processes had started it."""

import subprocess
import sys
from pathlib import Path

from tests.support.leftovers import end_in


def test_what_names_the_folder_of_a_run_is_ended_and_nothing_else(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    own, of_another = (subprocess.Popen([*sleep, f"-D{tmp_path / name}/x"]) for name in ("run", "run1"))
    try:
        assert end_in(tmp_path / "none") == []
        assert len(end_in(tmp_path / "run")) == 1
        assert own.wait(60) == -9
        assert of_another.poll() is None
    finally:
        for each in (own, of_another):
            each.kill()
            each.wait()

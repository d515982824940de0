"""What several tests of the start of Spark need."""

from pathlib import Path

import pytest

from tests.support.spark_start import Start


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """A start in a folder of the test's own."""
    return Start(tmp_path)

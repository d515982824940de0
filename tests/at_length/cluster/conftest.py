"""What `make dist` builds, and a Spark cluster that gets nothing else of the project."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from deploy.package.dist import build
from deploy.package.libs import this_arch
from tests.support.engine_set import HOME
from tests.support.spark_cluster import SparkCluster, spark_cluster


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder with the parts. The libraries are packed once for all runs."""
    folder = HOME / "dist"
    build(HOME, Console(quiet=True), this_arch(), dist=folder)
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Iterator[SparkCluster]:
    """Two workers that can't see the driver's folder."""
    with spark_cluster(tmp_path_factory.mktemp("spark") / uuid.uuid4().hex[:8], dist) as made:
        yield made

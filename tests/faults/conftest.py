"""What tests of faults share: engines that may be killed, engines with logins, roles and TLS, and queued posts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ground import POSTS, SEED, Ground, Key, generated, ground
from tests.support.guarded import Guarded, guarded_engines


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Engines that may be killed."""
    with ground(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test, whatever became of it, its engines run and take requests: one failure is one failure."""
    own: Ground | None = request.getfixturevalue("own") if "own" in request.fixturenames else None
    yield
    if own:
        own.mend()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of POSTS posts."""
    return generated(POSTS, SEED, tmp_path_factory.mktemp("c") / "c.jsonl")


@pytest.fixture(scope="session")
def clean(own: Ground, corpus: Path) -> dict[Key, Any]:
    """What a run without any fault stores of the capture."""
    return own.clean_run(corpus, POSTS)


@pytest.fixture
def topic(own: Ground, corpus: Path, clean: dict[Key, Any]) -> str:
    """A topic whose posts wait in the queue."""
    name = own.new_topic()
    own.replay(corpus, name)
    return name


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A Cassandra and a Redis with logins, roles and TLS."""
    with guarded_engines(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.fixture(scope="session")
def long_faults(pytestconfig: pytest.Config) -> bool:
    """Whether faults last as long as docs/faults.md tells; without it, they are as short as they can be."""
    return bool(pytestconfig.getoption("--long-faults"))

"""The engines that tests of faults share: some that may be killed, and some with logins, roles and TLS."""

from collections.abc import Iterator

import pytest

from tests.support.ground import Ground, ground
from tests.support.guarded import Guarded, guarded_engines


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Engines that may be killed."""
    with ground(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A Cassandra and a Redis with logins, roles and TLS."""
    with guarded_engines(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.fixture(scope="session")
def long_faults(pytestconfig: pytest.Config) -> bool:
    """Whether faults last as long as docs/faults.md tells; without it, they are as short as they can be."""
    return bool(pytestconfig.getoption("--long-faults"))

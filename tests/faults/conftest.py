"""The guarded engines, which the tests of roles and of refused connections share."""

from collections.abc import Iterator

import pytest

from tests.support.guarded import Guarded, guarded_engines


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A Cassandra and a Redis with logins, roles and TLS."""
    with guarded_engines(tmp_path_factory.mktemp("guarded")) as made:
        yield made

"""One set of engines for all tests of Airflow, and an Airflow for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cassandra.cluster import Session

from stores.connect import cassandra_session
from tests.at_length.airflow.stage import Stage, made_in
from tests.support.ground import Ground, generated, ground


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Engines of these tests."""
    with ground(tmp_path_factory.mktemp("ground")) as made:
        yield made


@pytest.fixture(scope="session")
def session(own: Ground) -> Iterator[Session]:
    """A Cassandra session."""
    with cassandra_session(own.settings) as session:
        yield session


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of 20,000 generated posts of three months."""
    return generated(20_000, 2016, tmp_path_factory.mktemp("c") / "c.jsonl")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, own: Ground, session: Session) -> Stage:
    """Airflow, prepared, with the settings of the tests."""
    made = made_in(tmp_path_factory.mktemp("stage"), own, session)
    made.schedule()
    made.prepare()
    return made

"""A `migrate` that makes only what workers and readers of posts use: to make all tables takes seconds each time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conf.tables import AUTHOR_ACTIVITY, GRAPH_EDGES, TABLES

FEW = (*(table for table in TABLES if not table.job), AUTHOR_ACTIVITY, GRAPH_EDGES)
"""The tables that no job publishes, and two that one does."""


@contextmanager
def few_tables() -> Iterator[None]:
    """Lets `migrate` make FEW tables in the block, as if no others were declared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.write.migrate.TABLES", FEW)
        yield

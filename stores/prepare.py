"""Prepares statements on the declared tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from cassandra import InvalidRequest
from cassandra.cluster import Session
from cassandra.query import PreparedStatement

from conf.errors import PulsoError

MIGRATE = "Run `.venv/bin/python -m ingest migrate`"
"""What to do where the tables are not as declared."""
MOST_KEPT = 500
"""The most statements that a session keeps."""


def prepared(session: Session, cql: str) -> PreparedStatement:
    """Prepares a statement and returns it. Raises PulsoError, with the fix, where a table or column is missing.

    On a session that keeps its statements, it is asked of Cassandra only the first time. Then it belongs to all:
    nothing may be set on it.
    """
    kept: dict[str, PreparedStatement] | None = getattr(session, "kept_statements", None)
    if kept is not None and (known := kept.get(cql)):
        return known
    try:
        statement = session.prepare(cql)
    except InvalidRequest as error:
        raise _not_as_declared(error) from None
    if kept is not None:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[cql] = statement
    return statement


def keep_prepared(session: Session) -> None:
    """Makes a session keep what is prepared on it: each statement would cost a request more, each time."""
    session.kept_statements = {}


@contextmanager
def change_told(session: Session) -> Iterator[Session]:
    """Yields a session that keeps its statements. Raises PulsoError where one of them fits the tables no longer."""
    try:
        yield session
    except InvalidRequest as error:
        session.kept_statements.clear()
        raise _not_as_declared(error) from None


def _not_as_declared(error: InvalidRequest) -> PulsoError:
    reason = " ".join(str(error).split())[-160:]
    return PulsoError(f"the tables are not as declared ({reason})", MIGRATE)

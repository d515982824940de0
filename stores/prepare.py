"""Prepares statements on the declared tables."""

from cassandra import InvalidRequest
from cassandra.cluster import Session
from cassandra.query import PreparedStatement

from conf.errors import PulsoError

MIGRATE = "Run `.venv/bin/python -m ingest migrate`"
"""What to do where the tables are not as declared."""


def prepared(session: Session, cql: str) -> PreparedStatement:
    """Prepares a statement and returns it. Raises PulsoError, with the fix, where a table or column is missing."""
    try:
        return session.prepare(cql)
    except InvalidRequest as error:
        reason = " ".join(str(error).split())[-160:]
        raise PulsoError(f"the tables are not as declared ({reason})", MIGRATE) from None

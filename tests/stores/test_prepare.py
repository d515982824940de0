"""Statements that a session keeps: prepared once, and told of where the tables have changed since."""

import uuid

import pytest
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings
from stores.connect import cassandra_session
from stores.prepare import MOST_KEPT, change_told, keep_prepared, prepared


def test_a_kept_statement_is_prepared_once_and_a_changed_table_is_told_of(settings: Settings, session: Session) -> None:
    assert prepared(session, "SELECT key FROM system.local") is not prepared(session, "SELECT key FROM system.local")
    table = f"{settings.keyspace}.kept_{uuid.uuid4().hex[:8]}"
    session.execute(f"CREATE TABLE {table} (k int PRIMARY KEY, a int, b int)")
    with cassandra_session(settings) as own:
        keep_prepared(own)
        asked = prepared(own, f"SELECT a, b FROM {table} WHERE k = ?")
        assert prepared(own, f"SELECT a, b FROM {table} WHERE k = ?") is asked
        assert own.execute(asked, (1,)).all() == []
        session.execute(f"ALTER TABLE {table} DROP b")
        with pytest.raises(PulsoError, match=r"not as declared.*ingest migrate"), change_told(own):
            own.execute(prepared(own, f"SELECT a, b FROM {table} WHERE k = ?"), (1,))
        with pytest.raises(PulsoError, match="not as declared"):
            prepared(own, f"SELECT a, b FROM {table} WHERE k = ?")
        for number in range(MOST_KEPT):
            own.kept_statements[str(number)] = asked
        prepared(own, "SELECT key FROM system.local")
        assert len(own.kept_statements) == 1
    session.execute(f"DROP TABLE {table}")

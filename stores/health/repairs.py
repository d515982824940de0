"""When the tables of posts were last repaired, as Cassandra notes it in a table that all nodes share."""

from datetime import UTC

from cassandra import ConsistencyLevel, InvalidRequest, Unauthorized
from cassandra.cluster import Session
from cassandra.query import SimpleStatement

from conf.tables import HIDDEN_POSTS, POST_TABLES
from stores.health.state import Repair
from stores.refused import FAILURES

REPAIRED = (*POST_TABLES, HIDDEN_POSTS)
"""The tables that hold what can't be computed again."""
LOOKED_AT = 50
"""The newest parts of repairs that are looked at, by table: each part is one range of the ring."""
TIMEOUT = 4.0
SECONDS_A_DAY = 86_400


def read_repairs(session: Session, keyspace: str) -> tuple[Repair, ...]:
    """Returns the newest repair of each table of posts; nothing if this user may not read the record, or it is away."""
    try:
        known = session.cluster.metadata.keyspaces[keyspace].tables
        return tuple(_newest(session, keyspace, table.name) for table in REPAIRED if table.name in known)
    except (*FAILURES, Unauthorized, InvalidRequest):
        return ()


def _newest(session: Session, keyspace: str, table: str) -> Repair:
    history = "SELECT finished_at, status FROM system_distributed.repair_history"
    query = f"{history} WHERE keyspace_name = %s AND columnfamily_name = %s ORDER BY id DESC LIMIT {LOOKED_AT}"
    asked = SimpleStatement(query, consistency_level=ConsistencyLevel.ONE)
    rows = session.execute(asked, (keyspace, table), timeout=TIMEOUT)
    ended = [row.finished_at.replace(tzinfo=UTC) for row in rows if row.status == "SUCCESS" and row.finished_at]
    grace = session.cluster.metadata.keyspaces[keyspace].tables[table].options.get("gc_grace_seconds", 0)
    return Repair(table, max(ended, default=None), round(grace / SECONDS_A_DAY, 1))

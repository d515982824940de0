"""Cluster: the health of Cassandra's nodes and of Redis; what does not answer first, then what needs a hand."""

from typing import Any

from conf.errors import StoreDown
from conf.topic import Topic
from readers.page.address import View
from readers.page.source import Source
from readers.page.texts import NONE, at, count, duration, shown
from stores.health.read import read_health, read_without_cassandra
from stores.health.state import Cassandra, Health, Node, Redis
from stores.health.totals import TableTotal, totals

OWN: tuple[str, ...] = ()


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows; of a store that does not answer, why."""
    health = _health(source)
    return {
        "troubles": [shown(line, 600) for line in health.troubles],
        "warnings": [shown(line, 600) for line in health.warnings],
        "nodes": [_node(node) for node in health.cassandra.nodes],
        "tables": [_table(table, view.topic) for table in totals(health.cassandra)],
        "redis": _redis(health.redis),
        "lead": _lead(health.cassandra, source.keyspace),
        "now": at(health.at, view.topic, "%-d %b %Y, %H:%M:%S"),
        "repairs": health.cassandra.copies > 1,
    }


def _health(source: Source) -> Health:
    try:
        with source.session() as session:
            return read_health(source.settings, session)
    except StoreDown as error:
        return read_without_cassandra(source.settings, str(error))


def _lead(cassandra: Cassandra, keyspace: str) -> str:
    copies = {0: "no tables yet", 1: "one copy of each row"}.get(
        cassandra.copies, f"{cassandra.copies} copies of each row"
    )
    return f"Keyspace {keyspace}: {copies}; reads and writes at {cassandra.consistency}."


def _node(node: Node) -> dict[str, str]:
    return {
        "address": shown(node.address),
        "state": node.state,
        "place": shown(f"{node.data_centre} {node.rack}"),
        "owns": f"{node.owns:.0%}",
        "stores": _mib(node.load_mib),
        "compactions": count(node.pending_compactions),
        "dropped": count(node.dropped_messages),
        "hints": count(node.hinted_nodes),
        "version": shown(node.version) or NONE,
    }


def _table(table: TableTotal, topic: Topic) -> dict[str, str]:
    return {
        "name": table.name,
        "stores": _mib(table.disk_mib),
        "largest": _mib(table.largest_partition_mib),
        "read": _ms(table.read_ms),
        "write": _ms(table.write_ms),
        "marks": f"{table.tombstones_a_read:,.0f}",
        "repaired": at(table.repaired_at, topic),
    }


def _redis(redis: Redis) -> dict[str, str]:
    limit = f"of {redis.limit_mib:,.0f} MiB" if redis.limit_mib else "without a limit"
    return {
        "problem": redis.problem,
        "version": shown(redis.version),
        "memory": _mib(redis.memory_mib),
        "limit": limit,
        "waiting": count(redis.waiting),
        "oldest": f"the oldest for {duration(redis.lag_seconds)}" if redis.lag_seconds is not None else "none waits",
        "log": "all writes" if redis.has_log else "no log",
        "workers": count(redis.workers),
    }


def _ms(value: float) -> str:
    """Returns a time; a dash where nothing was read or written since the node started."""
    return NONE if not value else "under 0.1 ms" if value < 0.05 else f"{value:,.1f} ms"


def _mib(value: float | None) -> str:
    if value is None:
        return NONE
    return "under 1 MiB" if value < 0.5 else f"{value:,.0f} MiB"  # of tables, Cassandra tells whole numbers

"""Says in plain words what does not answer, and what needs a hand. All limits are here."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from stores.health.state import Cassandra, Node, Redis

REFUSED = "this user may not read system_views"
"""The problem of a node that refuses its figures to this user."""
ALLOW = "As a superuser, run `.venv/bin/python -m deploy roles`, or GRANT SELECT ON KEYSPACE system_views TO it"
WORK = "`.venv/bin/python -m ingest work`"
MOST_COMPACTIONS = 20
"""Compactions that may wait on a node."""
MOST_PARTITION_MIB = 100
"""Cassandra's advice for the size of a partition."""
MOST_READ_MS = 200
"""The 99th percentile of a node's own reads, in ms."""
MOST_TOMBSTONES = 1_000
"""Deletion marks that a read may go over: from here on, Cassandra itself warns (tombstone_warn_threshold)."""
MOST_MEMORY = 0.8
"""The part of Redis's memory from which publishers are held back."""
MOST_LAG = 600.0
"""Seconds for which a message may wait."""


def troubles(cassandra: Cassandra, redis: Redis) -> Iterator[str]:
    """Yields a line for each thing that does not answer."""
    if cassandra.problem:
        yield f"Cassandra: {cassandra.problem}"
    away = [node for node in cassandra.nodes if node.state in ("down", "silent")]
    for node in away:
        what = "is down" if node.state == "down" else "does not answer (it stands still, or is overloaded)"
        yield f"node {node.address} {what}. {_what_goes_on(cassandra, len(away))}"
    if redis.problem:
        yield f"Redis: {redis.problem}"


def _what_goes_on(cassandra: Cassandra, away: int) -> str:
    """Returns what the absence of so many nodes means, where each may have a copy of any row."""
    copies = cassandra.copies
    needed = {"ONE": 1, "LOCAL_ONE": 1, "TWO": 2, "THREE": 3, "ALL": copies}.get(cassandra.consistency, copies // 2 + 1)
    start = "Start it again; see its log"
    if not copies:
        return start
    if copies - away >= needed:
        spare = copies - away - needed
        more = f"{spare} more may fail" if spare else "no other may fail"
        return f"Work goes on with the {copies - away} other copies, and {more}. {start}, and then run nodetool repair"
    return f"Rows whose copies are there can't be read or written until it is back; workers wait. {start}"


def warnings(cassandra: Cassandra, redis: Redis, now: datetime) -> Iterator[str]:
    """Yields a line for each thing that needs a hand."""
    if len({node.schema for node in cassandra.nodes if node.schema}) > 1:
        yield "the nodes do not have the same tables yet. If that lasts, restart the node that differs"
    for problem in dict.fromkeys(node.problem for node in cassandra.nodes if node.problem):
        nodes = ", ".join(node.address for node in cassandra.nodes if node.problem == problem)
        fix = f". {ALLOW}" if problem == REFUSED else ""
        yield f"{nodes}: {problem}, so the figures are missing{fix}"
    for node in cassandra.nodes:
        yield from (f"node {node.address}: {line}" for line in _of_node(node))
    yield from _of_tables(cassandra)
    yield from _of_repairs(cassandra, now)
    yield from _of_redis(redis)


def _of_node(node: Node) -> Iterator[str]:
    if (node.pending_compactions or 0) > MOST_COMPACTIONS:
        yield (
            f"{node.pending_compactions:,} compactions wait. If they do not get fewer in an hour, its disk is too slow "
            "or compaction_throughput too low; reads get slower"
        )
    if node.dropped_messages:
        yield (
            f"{node.dropped_messages:,} messages between nodes were dropped since it started: a node was away or "
            "overloaded. Run nodetool repair"
        )
    if node.hinted_nodes:
        yield f"it keeps writes for {node.hinted_nodes} node(s) that were away, until these are back"


def _of_tables(cassandra: Cassandra) -> Iterator[str]:
    for node in cassandra.nodes:
        for table in node.tables:
            where = f"table {table.name} on {node.address}"
            if table.largest_partition_mib > MOST_PARTITION_MIB:
                yield (
                    f"{where}: a partition has {table.largest_partition_mib:,} MiB; {MOST_PARTITION_MIB} are advised. "
                    "See `.venv/bin/python -m ingest topics layout T`, and raise the topic's buckets"
                )
            if table.read_ms > MOST_READ_MS:
                yield f"{where}: one read in a hundred takes over {table.read_ms:,.0f} ms; is the disk busy?"
            if table.tombstones_a_read > MOST_TOMBSTONES:
                yield (
                    f"{where}: one read in a hundred goes over {table.tombstones_a_read:,.0f} deletion marks; "
                    "nodetool repair and then a compaction remove those that are old enough"
                )


def _of_repairs(cassandra: Cassandra, now: datetime) -> Iterator[str]:
    for repair in cassandra.repairs:
        if repair.repaired_at is None:
            yield f"table {repair.table} was never repaired. Run nodetool repair every {repair.within_days:,.0f} days"
        elif now - repair.repaired_at > timedelta(days=repair.within_days):
            yield (
                f"table {repair.table} was last repaired on {repair.repaired_at:%Y-%m-%d}: deleted posts may come back "
                f"from a node that missed the deletion. Run nodetool repair every {repair.within_days:,.0f} days"
            )


def _of_redis(redis: Redis) -> Iterator[str]:
    if redis.problem:
        return
    for what in redis.failing:
        yield f"Redis: {what} failed. Is its disk full? Until it can write, it may refuse messages"
    if redis.limit_mib and redis.memory_mib > MOST_MEMORY * redis.limit_mib:
        yield (
            f"Redis has {redis.memory_mib:,.0f} of {redis.limit_mib:,.0f} MiB in use, so replays and live collection "
            "are held back. Start more workers, or raise maxmemory"
        )
    if redis.policy not in ("noeviction", ""):
        yield f"Redis drops messages when its memory is full: set maxmemory-policy to noeviction, not {redis.policy}"
    if not redis.has_log:
        yield "Redis keeps no log of writes: a crash loses what came after the last snapshot. Set appendonly yes"
    if redis.waiting and not redis.workers:
        yield f"{redis.waiting:,} messages wait, and no worker runs. Start one: {WORK}"
    elif (redis.lag_seconds or 0) > MOST_LAG:
        yield f"the oldest message waits for {redis.lag_seconds:,.0f} s. Start more workers: {WORK}"

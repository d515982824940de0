"""Metrics of the health of Cassandra's nodes and of Redis, for Prometheus: what `python -m ingest cluster` shows."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Family

from stores.health.state import MIB, Cassandra, Health, Node, Redis

DAY = 86_400.0


class HealthFigures(Family):
    """Asks both stores each time that it is asked. A node that stands still costs 8 seconds."""

    def __init__(self, read: Callable[[], Health]) -> None:
        self._read = read

    def describe(self) -> list[Metric]:
        """Nothing: while it is registered, nothing is read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now. A store that does not answer is told, and no error."""
        health = self._read()
        up = GaugeMetricFamily("pulso_store_up", "1 if the store answers.", labels=["store"])
        for store, problem in (("cassandra", health.cassandra.problem), ("redis", health.redis.problem)):
            up.add_metric([store], int(not problem))
        yield up
        yield from _of_nodes(health.cassandra)
        yield from _of_repairs(health.cassandra)
        if not health.redis.problem:
            yield from _of_redis(health.redis)


def _of_nodes(cassandra: Cassandra) -> Iterator[Metric]:
    """What a node did not tell has no sample. Nodes of other data centres are not asked, so they have none at all."""
    asked = [node for node in cassandra.nodes if node.state != "not asked"]
    yield _by_node("up", "1 if the node answers.", asked, lambda node: int(node.state == "up"))
    yield _by_node("load_bytes", "What it stores.", asked, lambda node: _bytes(node.load_mib))
    yield _by_node("pending_compactions", "Compactions that wait.", asked, lambda node: node.pending_compactions)
    yield _by_node("hinted_nodes", "Nodes for which it keeps writes.", asked, lambda node: node.hinted_nodes)
    told = "Messages between nodes that it dropped: too late, or too many."
    dropped = CounterMetricFamily("pulso_cassandra_node_dropped_messages", told, labels=["node"])
    for node in asked:
        if node.dropped_messages is not None:
            dropped.add_metric([node.address], node.dropped_messages)
    yield dropped


def _by_node(name: str, told: str, nodes: list[Node], value_of: Callable[[Node], float | None]) -> Metric:
    family = GaugeMetricFamily(f"pulso_cassandra_node_{name}", told, labels=["node"])
    for node in nodes:
        value = value_of(node)
        if value is not None:
            family.add_metric([node.address], value)
    return family


def _bytes(mib: float | None) -> float | None:
    return None if mib is None else mib * MIB


def _of_repairs(cassandra: Cassandra) -> Iterator[Metric]:
    """Only with more than one copy of each row is there something to repair."""
    repaired = GaugeMetricFamily(
        "pulso_cassandra_repaired_seconds",
        "When the table was last repaired, Unix time; 0: not known.",
        labels=["table"],
    )
    within = GaugeMetricFamily(
        "pulso_cassandra_repair_within_seconds", "Seconds within which it must be repaired again.", labels=["table"]
    )
    for repair in cassandra.repairs:
        repaired.add_metric([repair.table], repair.repaired_at.timestamp() if repair.repaired_at else 0.0)
        within.add_metric([repair.table], repair.within_days * DAY)
    yield repaired
    yield within


def _of_redis(redis: Redis) -> Iterator[Metric]:
    share = redis.memory_mib / redis.limit_mib if redis.limit_mib else 0.0
    told = {
        "memory_share": (share, "Part of the memory that Redis may use that is in use, 0..1; 0 without a limit."),
        "failing_writes": (len(redis.failing), "Kinds of files that Redis last failed to write: log, snapshot."),
        "has_log": (int(redis.has_log), "1 if each write goes to a log on disk."),
    }
    for name, (value, doc) in told.items():
        yield GaugeMetricFamily(f"pulso_redis_{name}", doc, value=value)

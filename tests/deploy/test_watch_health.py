"""What `watch` tells of the stores' health: of a ring with a node that stands still, and of stores that are away."""

from dataclasses import replace
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from deploy.watch.health import HealthFigures
from stores.health.state import Cassandra, Health, Node, Redis, Repair

AT = datetime(2026, 11, 27, tzinfo=UTC)
NODE = Node(
    "10.0.0.1", "dc1", "r1", "up", 0.33, load_mib=3.0, pending_compactions=21, dropped_messages=4, hinted_nodes=1
)
SILENT = Node("10.0.0.2", "dc1", "r2", "silent", 0.33)
FAR = Node("10.0.1.1", "dc2", "r1", "not asked", 0.33)
REPAIRS = (Repair("posts", AT, 10.0), Repair("hidden_posts", None, 10.0))
REDIS = Redis(memory_mib=80, limit_mib=100, failing=("the snapshot",), has_log=True)
RING = Health(AT, Cassandra((NODE, SILENT, FAR), 3, "LOCAL_QUORUM", REPAIRS), REDIS)


def told(health: Health) -> dict[str, float]:
    """The samples that `watch` would serve, by name and labels."""
    registry = CollectorRegistry()
    registry.register(HealthFigures(lambda: health))
    return {
        sample.name + "".join(f'{{{name}="{value}"}}' for name, value in sample.labels.items()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_a_ring_is_told_node_by_node_and_what_is_not_known_has_no_sample() -> None:
    node = "pulso_cassandra_node_"
    assert told(RING) == {
        'pulso_store_up{store="cassandra"}': 1,
        'pulso_store_up{store="redis"}': 1,
        f'{node}up{{node="10.0.0.1"}}': 1,
        f'{node}up{{node="10.0.0.2"}}': 0,
        f'{node}load_bytes{{node="10.0.0.1"}}': 3 * 2**20,
        f'{node}pending_compactions{{node="10.0.0.1"}}': 21,
        f'{node}hinted_nodes{{node="10.0.0.1"}}': 1,
        f'{node}dropped_messages_total{{node="10.0.0.1"}}': 4,
        'pulso_cassandra_repaired_seconds{table="posts"}': AT.timestamp(),
        'pulso_cassandra_repaired_seconds{table="hidden_posts"}': 0,
        'pulso_cassandra_repair_within_seconds{table="posts"}': 864_000,
        'pulso_cassandra_repair_within_seconds{table="hidden_posts"}': 864_000,
        "pulso_redis_memory_share": 0.8,
        "pulso_redis_failing_writes": 1,
        "pulso_redis_has_log": 1,
    }


def test_stores_that_are_away_are_told_and_nothing_more_of_them() -> None:
    away = Health(AT, Cassandra(problem="does not answer"), Redis(problem="does not answer"))
    assert told(away) == {'pulso_store_up{store="cassandra"}': 0, 'pulso_store_up{store="redis"}': 0}


def test_memory_without_a_limit_has_no_full_share() -> None:
    assert told(replace(RING, redis=Redis(memory_mib=80)))["pulso_redis_memory_share"] == 0

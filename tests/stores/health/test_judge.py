"""What is said of the stores: each line at its limit, and none where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stores.health.judge import troubles, warnings
from stores.health.state import Cassandra, Node, NodeState, NodeTable, Redis, Repair

NOW = datetime(2026, 5, 25, tzinfo=UTC)
REDIS = Redis(version="7.2", memory_mib=80, limit_mib=100, policy="noeviction", has_log=True)
TABLE = NodeTable("posts", 900, 100, 200.0, 1.0, 1000.0)
NODE = Node("10.0.0.1", "dc1", "r1", "up", 0.33, "5.0.9", "s", 900.0, 20, 0, 5, 0, (TABLE,))


def ring(*states: NodeState, copies: int = 3, consistency: str = "LOCAL_QUORUM") -> Cassandra:
    nodes = tuple(replace(NODE, address=f"10.0.0.{number}", state=state) for number, state in enumerate(states, 1))
    return Cassandra(nodes, copies, consistency)


def said(cassandra: Cassandra = Cassandra((NODE,), 1, "ONE"), redis: Redis = REDIS) -> list[str]:  # noqa: B008  # frozen
    return list(warnings(cassandra, redis, NOW))


def test_all_that_is_within_its_limits_is_not_told() -> None:
    assert said() == []
    assert list(troubles(ring("up", "up", "not asked"), REDIS)) == []


@pytest.mark.parametrize(
    ("cassandra", "told"),
    [
        (ring("up", "down", "up"), "10.0.0.2 is down. Work goes on with the 2 other copies, and no other may fail"),
        (ring("silent", "up", "up"), "10.0.0.1 does not answer (it stands still, or is overloaded). Work goes on"),
        (ring("down", "up", "up", copies=3, consistency="ONE"), "Work goes on with the 2 other copies, and 1 more may"),
        (ring("down", "up", copies=1), "Rows whose copies are there can't be read or written until it is back"),
        (ring("down", "up", "up", consistency="ALL"), "Rows whose copies are there can't be read"),
        (ring("down", "up", copies=0), "10.0.0.1 is down. Start it again"),
        (Cassandra(problem="Cassandra does not answer at x"), "Cassandra does not answer at x"),
    ],
)
def test_what_is_away_is_told_with_what_goes_on_meanwhile(cassandra: Cassandra, told: str) -> None:
    [line] = troubles(cassandra, REDIS)
    assert told in line


def test_redis_that_does_not_answer_is_told_last_and_nothing_more_of_it() -> None:
    away = Redis(problem="Redis does not answer at x")
    assert [line.split()[0] for line in troubles(ring("down", "up", "up"), away)] == ["node", "Redis:"]
    assert said(redis=away) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pending_compactions": 21}, "node 10.0.0.1: 21 compactions wait"),
        ({"dropped_messages": 1}, "node 10.0.0.1: 1 messages between nodes were dropped"),
        ({"hinted_nodes": 1}, "node 10.0.0.1: it keeps writes for 1 node(s)"),
        ({"tables": (replace(TABLE, largest_partition_mib=101),)}, "table posts on 10.0.0.1: a partition has 101 MiB"),
        ({"tables": (replace(TABLE, read_ms=200.1),)}, "one read in a hundred takes over 200 ms"),
        ({"tables": (replace(TABLE, tombstones_a_read=1001.0),)}, "goes over 1,001 deletion marks"),
        (
            {"problem": "this user may not read system_views"},
            "system_views, so the figures are missing. As a superuser, run",
        ),
        ({"problem": "it does not tell its figures (x)"}, "10.0.0.1: it does not tell its figures (x), so the figures"),
    ],
)
def test_each_figure_of_a_node_has_a_limit(changes: dict[str, object], told: str) -> None:
    [line] = said(Cassandra((replace(NODE, **changes),), 1, "ONE"))  # type: ignore[arg-type]
    assert told in line


def test_nodes_that_may_not_be_asked_are_told_in_one_line() -> None:
    nodes = [replace(node, problem="this user may not read system_views") for node in ring("up", "up", "up").nodes]
    [line] = said(Cassandra(tuple(nodes), 3, "LOCAL_QUORUM"))
    assert line.startswith("10.0.0.1, 10.0.0.2, 10.0.0.3: this user may not read system_views")


def test_nodes_with_other_tables_are_told() -> None:
    [line] = said(Cassandra((NODE, replace(NODE, schema="other"), replace(NODE, schema="")), 1, "ONE"))
    assert line.startswith("the nodes do not have the same tables yet")


@pytest.mark.parametrize(
    ("repaired", "told"),
    [
        (NOW - timedelta(days=10), ""),
        (NOW - timedelta(days=10, seconds=1), "was last repaired on 2026-05-14: deleted posts may come back"),
        (None, "table posts was never repaired. Run nodetool repair every 10 days"),
    ],
)
def test_a_repair_is_due_within_the_time_in_which_deletions_are_kept(repaired: datetime | None, told: str) -> None:
    lines = said(replace(Cassandra((NODE,), 3, "LOCAL_QUORUM"), repairs=(Repair("posts", repaired, 10.0),)))
    assert [told in line for line in lines] == ([True] if told else [])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"memory_mib": 80.1}, "Redis has 80 of 100 MiB in use, so replays and live collection are held back"),
        ({"memory_mib": 1e6, "limit_mib": 0.0}, ""),
        ({"policy": "allkeys-lru"}, "set maxmemory-policy to noeviction, not allkeys-lru"),
        ({"has_log": False}, "Redis keeps no log of writes"),
        ({"failing": ("the log of writes",)}, "Redis: the log of writes failed. Is its disk full?"),
        ({"waiting": 5}, "5 messages wait, and no worker runs"),
        ({"waiting": 5, "workers": 1, "lag_seconds": 600.0}, ""),
        ({"waiting": 5, "workers": 1, "lag_seconds": 601.0}, "the oldest message waits for 601 s"),
    ],
)
def test_each_figure_of_redis_has_a_limit(changes: dict[str, object], told: str) -> None:
    lines = said(redis=replace(REDIS, **changes))  # type: ignore[arg-type]
    assert [told in line for line in lines] == ([True] if told else [])

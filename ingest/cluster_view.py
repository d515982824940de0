"""The health of both stores for people: what does not answer, what needs a hand, then nodes, tables and Redis."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.terminal import out_console
from stores.health.state import Cassandra, Health, Node, Redis
from stores.health.totals import totals


def print_health(health: Health) -> None:
    """Prints it to stdout."""
    console = out_console()
    for line in health.troubles:
        console.print(Text(f"TROUBLE: {line}", style="bold red"), soft_wrap=True)
    for line in health.warnings:
        console.print(Text(f"warning: {line}", style="yellow"), soft_wrap=True)
    if not health.troubles and not health.warnings:
        console.print("all is well")
    if health.cassandra.nodes:
        _print_nodes(health.cassandra, console)
        _print_tables(health.cassandra, console)
    if not health.redis.problem:
        console.print(_redis_line(health.redis), soft_wrap=True)


def _print_nodes(cassandra: Cassandra, console: Console) -> None:
    table = _table(("node", "state", "data centre", "rack"), ("owns", "stores", "compactions"))
    for name in ("dropped", "blocked", "hints for"):
        table.add_column(name, justify="right")
    table.add_column("version")
    for node in cassandra.nodes:
        table.add_row(
            *(node.address, node.state, node.data_centre, node.rack, f"{node.owns:.0%}", _load(node)),
            *map(_count, (node.pending_compactions, node.dropped_messages, node.blocked_requests, node.hinted_nodes)),
            node.version,
            style="bold red" if node.state in ("down", "silent") else "",
        )
    console.print(table)


def _load(node: Node) -> str:
    return "" if node.load_mib is None else f"{node.load_mib:,.0f} MiB"


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _print_tables(cassandra: Cassandra, console: Console) -> None:
    """Prints the tables that were used: the sum of their sizes on all nodes, and the worst figure of any node."""
    shown = _table(("table",), ("stores", "largest partition", "reads, 99 %", "writes, 99 %", "deletion marks"))
    shown.add_column("last repair")
    for table in totals(cassandra):
        shown.add_row(
            *(table.name, f"{table.disk_mib:,} MiB", f"{table.largest_partition_mib:,} MiB"),
            *(f"{table.read_ms:,.1f} ms", f"{table.write_ms:,.1f} ms", f"{table.tombstones_a_read:,.0f}"),
            f"{table.repaired_at:%Y-%m-%d}" if table.repaired_at else "",
        )
    if shown.row_count:
        console.print(shown)


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(*left, box=None, header_style="bold", pad_edge=False)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _redis_line(redis: Redis) -> str:
    limit = f" of {redis.limit_mib:,.0f}" if redis.limit_mib else ", without a limit"
    lag = f", the oldest for {redis.lag_seconds:,.0f} s" if redis.lag_seconds is not None else ""
    saved = f", last snapshot {redis.saved_at:%Y-%m-%d %H:%M}Z" if redis.saved_at else ""
    return (
        f"Redis {redis.version}: {redis.memory_mib:,.0f}{limit} MiB; {redis.waiting:,} messages wait{lag}, "
        f"{redis.with_workers:,} of them with {redis.workers:,} workers; "
        f"{'a log of all writes' if redis.has_log else 'no log of writes'} on disk{saved}"
    )

"""Prometheus metrics of a collector or a worker, computed when asked for; on loopback unless told otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from cassandra.metadata import Metadata
from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Family

from conf.errors import PulsoError
from conf.instants import micros
from ingest.live.collector import Collector
from ingest.live.matching import REASONS
from ingest.queue.posts_queue import PostsQueue
from ingest.status import LIVE_STATES, Status, read_status
from ingest.write.worker import Worker

HOST = "127.0.0.1"
MetricsPort = Annotated[int | None, typer.Option(help="Serve Prometheus metrics on this port.", min=1, max=65535)]
MetricsHost = Annotated[str, typer.Option(help="The address on which; anybody who reaches it can read them.")]
BATCH_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


@contextmanager
def served(port: int | None, host: str = HOST) -> Iterator[CollectorRegistry]:
    """Yields a registry.

    If a port is given, serves its metrics on that port of `host` until the block ends. Raises PulsoError if that can't
    be done, as when the port is in use.
    """
    registry = CollectorRegistry()
    if port is None:
        yield registry
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise PulsoError(f"metrics can't be served on {host}:{port}: {error.strerror}", "Give another port") from None
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def watch_collector(registry: CollectorRegistry, collector: Collector) -> None:
    """Registers what a collector has received, accepted, refused and shed, whether it is up, and its gaps."""
    registry.register(_Live(collector))


def watch_worker(registry: CollectorRegistry, worker: Worker, queue: PostsQueue, nodes: Metadata) -> None:
    """Registers what a worker has done, how long its batches take, and the state of the queue and of `nodes`."""
    registry.register(_Work(worker, queue))
    registry.register(_Nodes(nodes))
    latency = Histogram(
        "pulso_worker_batch_seconds", "Seconds from a batch read to its ack.", registry=registry, buckets=BATCH_SECONDS
    )
    worker.on_batch_seconds = latency.observe


class _Live(Family):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now."""
        state = self._collector.state
        labels, values = ("topic", "source"), (state.topic, state.source)
        now_us = micros(self._collector.clock.now())
        lasting_us = now_us - state.gap.start_us if state.gap and state.gap.start_us else 0
        counted = {
            "received": (state.received, "Messages received from the source."),
            "accepted": (state.accepted, "Received messages that were put into the queue."),
            "rejected": (state.refused, "Received messages that could not be read."),
            "shed": (state.shed, "Messages dropped because the buffer was full."),
            "connects": (state.connects, "Number of connections to the source."),
            "gaps": (state.gaps, "Gaps that have ended."),
            "gap_seconds": ((state.gap_us + lasting_us) / 1e6, "Seconds without collection since the first start."),
        }
        for name, (value, doc) in counted.items():
            family = CounterMetricFamily(f"pulso_stream_{name}", doc, labels=labels)
            family.add_metric(values, value)
            yield family
        left_out = CounterMetricFamily(
            "pulso_stream_left_out", "Posts that the topic does not ask for, by reason.", labels=(*labels, "reason")
        )
        for reason in REASONS:
            left_out.add_metric((*values, reason), state.left_out.get(reason, 0))
        yield left_out
        gauges = {
            "up": (int(state.up), "1 while connected."),
            "buffer_bytes": (self._collector.buffer.size, "Bytes of messages in the buffer, not yet sent to Redis."),
            "spilled_bytes": (self._collector.buffer.spilled, "Bytes of messages on disk, not yet sent to Redis."),
        }
        for name, (level, doc) in gauges.items():
            gauge = GaugeMetricFamily(f"pulso_stream_{name}", doc, labels=labels)
            gauge.add_metric(values, level)
            yield gauge


class _Work(Family):
    def __init__(self, worker: Worker, queue: PostsQueue) -> None:
        self._worker, self._queue = worker, queue

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now."""
        done = CounterMetricFamily("pulso_worker_messages", "Messages acked, by outcome.", labels=("outcome",))
        for outcome, count in sorted(self._worker.done.items()):
            done.add_metric((outcome,), count)
        yield done
        status = read_status(self._queue)
        gauges = {
            "length": (status.backlog, "Messages not yet acked."),
            "pending": (status.pending, "Messages that a worker has read but not acked."),
            "oldest_waiting_seconds": (status.oldest_waiting_seconds or 0.0, "Age of the oldest message, seconds."),
            "oldest_pending_seconds": (status.oldest_pending_seconds or 0.0, "Age of the oldest pending one, seconds."),
            "dead_letters": (status.dead_letters, "Messages that could not be read or stored."),
            "redis_bytes": (status.redis_memory_bytes, "Memory that Redis uses."),
            "redis_limit_bytes": (status.redis_limit_bytes, "Memory that Redis may use; 0: no limit."),
        }
        for name, (value, doc) in gauges.items():
            yield GaugeMetricFamily(f"pulso_queue_{name}", doc, value=value)
        yield _collections(status)


def _collections(status: Status) -> Metric:
    """Each collection's state as Redis has it: a collector that is gone can't tell its own."""
    labels = ("topic", "source", "state")
    family = GaugeMetricFamily("pulso_collection", "1 for the state that a live collection is in.", labels=labels)
    for live in status.live:
        for state in LIVE_STATES:
            family.add_metric((live.topic, live.source, state), int(live.state == state))
    return family


class _Nodes(Family):
    """Cassandra's nodes as the worker's driver sees them. It keeps watch of them anyway, so nothing is asked."""

    def __init__(self, nodes: Metadata) -> None:
        self._nodes = nodes

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now."""
        away = [host.is_up is False for host in self._nodes.all_hosts()]
        nodes = GaugeMetricFamily(
            "pulso_cassandra_nodes", "Cassandra's nodes, as a worker sees them.", labels=["state"]
        )
        nodes.add_metric(["up"], away.count(False))
        nodes.add_metric(["down"], away.count(True))
        yield nodes

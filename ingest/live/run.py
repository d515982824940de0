"""Runs one live collection from start to end."""

import signal
from collections.abc import Callable

from conf.errors import PulsoError
from conf.settings import Settings
from conf.stopping import asking_to_stop
from conf.topic import Topic
from ingest.live.archive import Archive
from ingest.live.collector import Collector
from ingest.live.matching import TopicMatcher
from ingest.live.selection import Selection
from ingest.live.spill import Spill, spill_path
from ingest.live.state import LiveState
from ingest.queue.posts_queue import open_queue
from ingest.sources import make_source
from ingest.sources.base import Clock

NOTHING_CAME = "Nothing was collected. Check the network and the address of the source; collection goes on at a start"
PLAYED_BACK = ("bluesky",)
"""Sources that send again what found no room."""


def make_collector(
    settings: Settings,
    topic: Topic,
    source_name: str,
    clock: Clock,
    on_batch: Callable[[Collector], None] = lambda _: None,
) -> Collector:
    """Returns a collector with the sizes and limits of the settings. Raises StoreDown when Redis does not answer."""
    return Collector(
        open_queue(settings),
        Selection(topic.topic, source_name, TopicMatcher(topic)),
        topic.topic,
        source_name,
        clock,
        archive=Archive(settings.home, topic.topic, source_name) if topic.collect.archive else None,
        limit_bytes=settings.live_buffer_bytes,
        spill=_spill(settings, topic.topic, source_name),
        queue_limit=settings.live_queue_limit,
        batch=settings.publish_batch,
        on_batch=on_batch,
    )


def _spill(settings: Settings, topic: str, source: str) -> Spill | None:
    """Returns the file for messages that find no room in memory. What a network plays back by itself needs none.

    Without a limit, only what an earlier process has left is queued.
    """
    path = spill_path(settings.home, settings.stream, topic, source)
    if source in PLAYED_BACK or not (settings.live_spill_bytes or path.exists()):
        return None
    return Spill(path, settings.live_spill_bytes)


def collect(
    settings: Settings,
    topic: Topic,
    source_name: str,
    on_start: Callable[[Collector], None],
    on_batch: Callable[[Collector], None],
) -> LiveState:
    """Collects until SIGTERM or Ctrl-C, then queues all messages taken so far, and returns the final state.

    A second signal ends the process at once. `on_start` is called when the collector has started, `on_batch` after each
    batch. Raises WrongUse for an address or a topic that can't be used. Raises PulsoError when the source refuses and
    waiting does not help, when another process collects the same topic from the same source, and when there was never
    a connection in this run.
    """
    clock = Clock()
    source = make_source(source_name, settings, topic, clock)
    collector = make_collector(settings, topic, source_name, clock, on_batch)
    _stop_on_signals(clock)
    collector.start()
    reason = "stopped by an error"
    try:
        on_start(collector)
        source.run(collector)
        reason = "stopped"
    finally:
        collector.finish(reason)
    if collector.failure:
        raise collector.failure
    if not collector.connected:
        why = f" ({collector.trouble})" if collector.trouble else ""
        raise PulsoError(f"{topic.topic} from {source_name}: never connected{why}", NOTHING_CAME)
    return collector.state


def _stop_on_signals(clock: Clock) -> None:
    """Stops the clock at the first signal, or when the terminal is closed; the second one ends the process."""

    def stop(number: int, _frame: object) -> None:
        clock.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in asking_to_stop():
        signal.signal(number, stop)

"""A live collection from X at a steady rate: a local server, real sockets, the commands `stream` and `work`."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import cycle

import psutil

from bench import pulso
from bench.commands import python, running
from bench.lab import TOPIC, Lab
from conf.errors import PulsoError
from ingest.formats import Unit
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.x.rules import tag_of
from ingest.status import Status, read_status
from tests.support.x_server import XServer

A_SECOND = 5_000
CHUNK = 100
"""Posts that the server sends at once."""
LOOK_EVERY = 5.0
MOST_LAG = 5.0
MIB = 2**20
_ID = re.compile(rb'"id":"(\d+)"')


@dataclass(frozen=True)
class Live:
    """What was seen: posts sent, received and shed, the lag at the end, and memory after a quarter and at the end."""

    seconds: float
    sent: int
    received: int
    shed: int
    lag: float
    collector: tuple[float, float]
    redis: tuple[float, float]

    def told(self) -> str:
        """Returns one sentence for the report."""
        held = not self.shed and self.lag < MOST_LAG and self.received == self.sent
        return (
            f"Row 8. Live from a local server, {self.sent / self.seconds:,.0f} posts/s for {self.seconds:,.0f} s:"
            f" {self.received:,} of {self.sent:,} received, {self.shed:,} shed, lag at the end {self.lag:.1f} s;"
            f" memory after a quarter and at the end, MiB: collector {_span(self.collector)}, Redis"
            f" {_span(self.redis)}. Target: nothing shed, lag under {MOST_LAG:g} s: {'met' if held else 'MISSED'}."
        )


class Feed(Iterable[bytes]):
    """What the server sends: posts at a steady rate, those of the corpus again and again under new ids."""

    def __init__(self, units: Sequence[Unit], a_second: int, seconds: float) -> None:
        self._units, self._a_second = units, a_second
        self.total = int(a_second * seconds)
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        began, sent = time.monotonic(), 0
        posts = _renewed(self._units)
        while sent < self.total:
            some = min(CHUNK, self.total - sent)
            yield b"".join(next(posts) + b"\r\n" for _ in range(some))
            sent += some
            time.sleep(max(0.0, began + sent / self._a_second - time.monotonic()))
        self.ended = True
        while True:  # the connection stays
            time.sleep(1)
            yield b"\r\n"


def run(lab: Lab, units: Sequence[Unit], seconds: float, a_second: int = A_SECOND) -> Live:
    """Collects for so many seconds beside one worker."""
    pulso.empty(lab)
    feed = Feed(units, a_second, seconds)
    with XServer(feed) as server, ExitStack() as stack:
        server.rules.have(("halalan2016", tag_of(TOPIC)))
        stack.enter_context(running(lab, python("ingest", "work"), ready=lambda: pulso.waits(lab)))
        collecting = _told(lab, PULSO_X_API=server.address, X_BEARER_TOKEN=server.token)
        stream = python("ingest", "stream", "--topic", TOPIC, "--source", "x")
        collector = stack.enter_context(running(collecting, stream, ready=lambda: bool(server.connects)))
        return _watched(lab, feed, collector, seconds)


def _watched(lab: Lab, feed: Feed, collector: psutil.Process, seconds: float) -> Live:
    queue, began = PostsQueue(lab.redis, lab.settings.stream), time.monotonic()
    memory: list[tuple[float, float]] = []
    while not feed.ended:
        time.sleep(min(LOOK_EVERY, seconds / 8))
        memory.append((collector.memory_info().rss / MIB, read_status(queue).redis_memory_bytes / MIB))
        if time.monotonic() > began + 3 * seconds + 60:
            raise PulsoError("the collector does not take what the server sends", "The rate is too high for it")
    took, status = time.monotonic() - began, _caught_up(queue, feed.total)
    [live] = status.live
    (first, redis_first), (last, redis_last) = memory[len(memory) // 4], memory[-1]
    lag = status.oldest_waiting_seconds or 0.0
    return Live(took, feed.total, live.received, live.shed, lag, (first, last), (redis_first, redis_last))


def _caught_up(queue: PostsQueue, total: int) -> Status:
    """Returns the state once the collector has what was sent; waits for its last batches no longer than MOST_LAG."""
    until = time.monotonic() + MOST_LAG
    while (status := read_status(queue)).live[0].received < total and time.monotonic() < until:
        time.sleep(0.05)
    return status


def _told(lab: Lab, **more: str) -> Lab:
    return replace(lab, more={**lab.more, **more})


def _renewed(units: Sequence[Unit]) -> Iterator[bytes]:
    """Yields the posts again and again, each time with other ids that say nearly the same time."""
    lines = [unit.payload.replace(f'"{TOPIC}"'.encode(), f'"{tag_of(TOPIC)}"'.encode()) for unit in units]
    ids = [found[1] if (found := _ID.search(line)) else b"" for line in lines]
    for number, (line, post_id) in enumerate(cycle(zip(lines, ids, strict=True))):
        turn = number // len(lines)
        yield line.replace(post_id, str(int(post_id) + turn).encode()) if turn else line


def _span(values: tuple[float, float]) -> str:
    return f"{values[0]:,.0f} and {values[1]:,.0f}"

"""The publisher: pipelines messages into the queue, and holds back while it is full."""

import time
from collections.abc import Callable

from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue, QueueFull

PIPELINE = 500
QUEUE_LIMIT = 50_000


class Publisher:
    """Buffers messages and queues them `PIPELINE` at a time.

    While the backlog is at `limit`, or Redis has no memory left, it waits: nothing is trimmed, nothing dropped.
    """

    def __init__(
        self,
        queue: PostsQueue,
        limit: int = QUEUE_LIMIT,
        wait: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._queue = queue
        self._limit = limit
        self._wait = wait
        self._on_wait = on_wait
        self._buffer: list[Envelope] = []
        self.queued = 0

    def put(self, envelope: Envelope) -> None:
        """Takes a message; it is queued with its neighbours, at the latest by `flush`."""
        self._buffer.append(envelope)
        if len(self._buffer) >= PIPELINE:
            self.flush()

    def flush(self) -> None:
        """Queues what is buffered; when this returns, Redis has it."""
        while self._buffer:
            try:
                backlog = self._queue.add(self._buffer)
            except QueueFull:
                self._hold("Redis is out of memory")
                continue
            self.queued += len(self._buffer)
            self._buffer = []
            while backlog >= self._limit:
                self._hold(f"the queue holds {backlog:,}")
                backlog = self._queue.backlog()

    def _hold(self, why: str) -> None:
        self._on_wait(f"{why}: waiting for a worker")
        self._wait(0.05)

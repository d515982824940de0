"""The publisher: sends messages to the queue in batches, and waits while the queue is full."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from conf.settings import DEFAULTS
from ingest.queue.envelope import Envelope
from ingest.queue.patience import REDIS_PASSING, is_passing
from ingest.queue.posts_queue import PostsQueue, QueueFull
from stores.refused import refuses_writes

T = TypeVar("T")
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0
"""Seconds between two attempts while Redis does not answer: they double from the first to the longest."""


class Publisher:
    """Buffers messages and queues them, `batch` at a time.

    While the queue has `limit` messages or more, or Redis has little or no memory left, or does not answer, the
    publisher waits, and calls `on_wait` with the reason. No message is dropped. If Redis went away in the middle of an
    answer, messages may be queued twice; they are stored once.
    """

    def __init__(
        self,
        queue: PostsQueue,
        limit: int = DEFAULTS.queue_limit,
        batch: int = DEFAULTS.publish_batch,
        wait: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._queue = queue
        self._limit = limit
        self._batch = batch
        self._wait = wait
        self._on_wait = on_wait
        self._buffer: list[Envelope] = []
        self.queued = 0
        self.is_held_back = False
        """Whether Redis took nothing at the last attempt."""

    @property
    def waiting(self) -> int:
        """Messages that were taken and are not queued."""
        return len(self._buffer)

    def put(self, envelope: Envelope) -> None:
        """Takes a message. It is queued when the batch is full, or by `flush`."""
        self._buffer.append(envelope)
        if len(self._buffer) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Queues the messages taken so far. When it returns, Redis has them."""
        if not self._buffer:
            return
        backlog = self._until_done(partial(self._queue.add, self._buffer))
        self.queued += len(self._buffer)
        self._buffer = []
        while not self._until_done(partial(self._queue.has_room, backlog, self._limit)):
            full = f"the queue holds {backlog:,}"
            self._wait_for_room(full if backlog >= self._limit else "Redis has little memory left")
            backlog = self._until_done(self._queue.backlog)

    def _until_done(self, step: Callable[[], T]) -> T:
        """Returns what a step returns, once Redis lets it be done. Unlike Patience, says each time why it waits."""
        pause = FIRST_WAIT
        self.is_held_back = True
        while True:
            try:
                done = step()
            except QueueFull:
                self._wait_for_room("Redis has no room")
            except Exception as error:
                if not is_passing(error, REDIS_PASSING):
                    raise
                why = "refuses writes (a replica, or a full disk?)" if refuses_writes(error) else "does not answer"
                self._on_wait(f"Redis {why}: waiting for it")
                self._wait(pause)
                pause = min(2 * pause, LONGEST_WAIT)
            else:
                self.is_held_back = False
                return done

    def _wait_for_room(self, why: str) -> None:
        self._on_wait(f"{why}: waiting for a worker")
        self._wait(FIRST_WAIT)

"""The worker: reads the queue by consumer group, parses, writes, and acks only what Cassandra has taken."""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

import redis
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from conf.errors import PulsoError
from ingest.dead_letters import DeadLetters
from ingest.formats import parse
from ingest.post import InvalidMessage
from ingest.posts_queue import Message, PostsQueue, QueueFull
from ingest.rows import row_of
from ingest.topics import TopicBook
from ingest.writer import RETRIED, PostWriter, Write

T = TypeVar("T")
WAITED_FOR = (*RETRIED, redis.ConnectionError, redis.TimeoutError, QueueFull)
READ_COUNT = 2000
BLOCK_MS = 500
CLAIM_IDLE = 60.0
CLAIM_EVERY = 5.0

log = structlog.get_logger("worker")


class Worker:
    """One consumer of the group. `stop` may be called from a signal handler or another thread."""

    def __init__(
        self,
        queue: PostsQueue,
        writer: PostWriter,
        topics: TopicBook,
        claim_idle: float = CLAIM_IDLE,
        on_batch: Callable[["Worker"], None] = lambda _: None,
    ) -> None:
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.stored = 0
        self.dead = 0
        self._queue = queue
        self._dead_letters = DeadLetters(queue)
        self._writer = writer
        self._topics = topics
        self._claim_idle = claim_idle
        self._on_batch = on_batch
        self._next_claim = 0.0
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks the worker to finish its batch, ack it, and leave."""
        self._stopping.set()

    def run(self, drain: bool = False) -> None:
        """Works until stopped; with `drain`, until the queue is empty and every message is acked."""
        self._retrying(self._queue.ensure_group)
        while not self._stopping.is_set():
            messages = self._retrying(self._next_messages) or []
            if messages:
                self._process(messages)
            elif drain and self._retrying(self._queue.backlog) == 0:
                break
        self._retrying(lambda: self._queue.leave(self.consumer))

    def _next_messages(self) -> list[Message]:
        if time.monotonic() >= self._next_claim:
            claimed = self._queue.claim(self.consumer, int(self._claim_idle * 1000), READ_COUNT)
            if claimed:
                log.info("took over what another worker left", messages=len(claimed))
                return claimed
            self._next_claim = time.monotonic() + min(CLAIM_EVERY, self._claim_idle)
        return self._queue.read(self.consumer, READ_COUNT, BLOCK_MS)

    def _process(self, messages: list[Message]) -> None:
        letters: list[tuple[Message, str]] = []
        writes = [write for message in messages if (write := self._as_write(message, letters))]
        rejected = self._retrying(lambda: self._writer.write(writes), messages)
        if rejected is None:
            return  # stopping while the store is down: nothing acked, so the next worker takes it over
        letters += [(r.write.message, r.reason) for r in rejected]
        refused = {message.id for message, _ in letters}
        stored = [message for message in messages if message.id not in refused]
        # Acks first: they free the memory that a dead letter may need.
        self.stored += self._retrying(lambda: self._queue.ack(stored, "stored")) or 0
        self._retrying(lambda: self._dead_letters.add(letters))
        self.dead += self._retrying(lambda: self._queue.ack([m for m, _ in letters], "dead")) or 0
        log.debug("batch", messages=len(messages), stored=len(stored), dead=len(letters))
        self._on_batch(self)

    def _as_write(self, message: Message, letters: list[tuple[Message, str]]) -> Write | None:
        try:
            post = parse(message.format, message.payload)
            return Write(message, row_of(post, self._topics.get(message.topic)))
        except (InvalidMessage, PulsoError) as error:
            letters.append((message, str(error)))
        return None

    def _retrying(self, step: Callable[[], T], held: Sequence[Message] = ()) -> T | None:
        """Runs a step again and again while a store is down or full; None when asked to stop meanwhile."""

        def note(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            log.warning("a store is down or behind, waiting", attempt=state.attempt_number, error=_one_line(error))
            with suppress(redis.RedisError):
                self._queue.hold(self.consumer, held)

        retrying = Retrying(
            retry=retry_if_exception_type(WAITED_FOR),
            wait=wait_exponential(multiplier=0.1, max=5),
            before_sleep=note,
            stop=lambda _: self._stopping.is_set(),
            sleep=lambda seconds: cast("None", self._stopping.wait(seconds)),
            retry_error_callback=lambda _: None,
        )
        return cast("T | None", retrying(step))


def _one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split())[:200]

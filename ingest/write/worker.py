"""The worker: reads the queue by consumer group, parses, writes, and acks only what Cassandra has taken."""

import os
import socket
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

import redis
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from conf.errors import PulsoError
from ingest.formats import parse
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Message, Route
from ingest.queue.posts_queue import PostsQueue, QueueFull
from ingest.write.changes import Changes
from ingest.write.rows import row_of
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.writer import RETRIED, Write

T = TypeVar("T")
WAITED_FOR = (*RETRIED, redis.ConnectionError, redis.TimeoutError, QueueFull)
READ_COUNT = 2000
BLOCK_MS = 500
WAITING_MS = 20
ACKED_TOGETHER = 100
CLAIM_IDLE = 60.0
CLAIM_EVERY = 5.0

log = structlog.get_logger("worker")


class Worker:
    """One consumer of the group. `stop` may be called from a signal handler or another thread."""

    def __init__(
        self,
        queue: PostsQueue,
        store: Store,
        topics: TopicBook,
        claim_idle: float = CLAIM_IDLE,
        on_batch: Callable[["Worker"], None] = lambda _: None,
    ) -> None:
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.done: Counter[str] = Counter()
        self.on_batch_seconds: Callable[[float], None] = lambda _: None
        self._queue = queue
        self._dead_letters = DeadLetters(queue)
        self._store = store
        self._topics = topics
        self._changes = Changes(queue, self.consumer, store, topics, claim_idle / 4)
        self._claim_idle = claim_idle
        self._on_batch = on_batch
        self._next_claim = 0.0
        self._stopping = threading.Event()

    @property
    def stored(self) -> int:
        """Posts stored and acked so far; `done` has the other OUTCOMES."""
        return self.done["stored"]

    def stop(self) -> None:
        """Asks the worker to finish its batch, ack it, and leave."""
        self._stopping.set()

    def run(self, drain: bool = False) -> None:
        """Works until stopped; with `drain`, until the queue is empty and every message is acked."""
        self._retrying(self._queue.ensure_group)
        while not self._stopping.is_set():
            messages = self._retrying(self._next_messages) or []
            if messages:
                began = time.monotonic()
                self._process(messages)
                self.on_batch_seconds(time.monotonic() - began)
            self._settle()
            if drain and not messages and self._retrying(self._queue.backlog) == 0:
                break
        self._retrying(lambda: self._queue.leave(self.consumer))

    def _next_messages(self) -> list[Message]:
        if time.monotonic() >= self._next_claim:
            claimed = self._queue.claim(self.consumer, int(self._claim_idle * 1000), READ_COUNT)
            if claimed:
                log.info("took over what another worker left", messages=len(claimed))
                return claimed
            self._next_claim = time.monotonic() + min(CLAIM_EVERY, self._claim_idle)
        if self._changes.full:
            self._stopping.wait(WAITING_MS / 1000)
            return []
        return self._queue.read(self.consumer, READ_COUNT, WAITING_MS if self._changes else BLOCK_MS)

    def _process(self, messages: list[Message]) -> None:
        """Writes and acks the posts of a batch; what must wait for older messages is held back."""
        letters: list[tuple[Message, str]] = []
        writes, edits = list[Write](), list[Post]()
        for message in messages:
            post = self._parsed(message, letters)
            if message.route != Route.POST:
                self._changes.add(message)
            elif post is not None and post.is_update:  # what queued it did not know, or was an older release
                self._changes.add(replace(message, route=Route.UPDATE))
            elif post is not None and (write := self._as_write(message, post, letters)):
                writes.append(write)
                edits += [post] if post.earlier else []
        rejected = self._retrying(lambda: self._store.posts.write(writes), messages)
        if rejected is None or self._retrying(lambda: self._remove_earlier(edits), messages) is None:
            return  # stopping while the store is down: nothing acked, so the next worker takes it over
        letters += [(r.write.message, r.reason) for r in rejected]
        refused = {message.id for message, _ in letters}
        self._ack([write.message for write in writes if write.message.id not in refused], "stored")
        self._refuse(letters)
        log.debug("batch", messages=len(messages), posts=len(writes), dead=len(letters))
        self._on_batch(self)

    def _settle(self) -> None:
        """Applies what was held back and is due."""
        due = self._retrying(self._changes.due) or []
        for start in range(0, len(due), ACKED_TOGETHER):
            self._apply(due[start : start + ACKED_TOGETHER], due)

    def _apply(self, messages: Sequence[Message], held: Sequence[Message]) -> None:
        outcomes: dict[str, list[Message]] = defaultdict(list)
        letters: list[tuple[Message, str]] = []
        for message in messages:
            outcome = self._retrying(partial(self._applied, message, letters), held)
            if outcome is None:
                break  # stopping while the store is down
            outcomes[outcome].append(message)
            self._changes.done(message)
        outcomes.pop("dead", None)  # these are among the letters
        for outcome, some in outcomes.items():
            self._ack(some, outcome)
        self._refuse(letters)
        self._on_batch(self)

    def _applied(self, message: Message, letters: list[tuple[Message, str]]) -> str:
        try:
            return self._changes.apply(message)
        except (InvalidMessage, PulsoError) as error:
            letters.append((message, str(error)))
            return "dead"

    def _parsed(self, message: Message, letters: list[tuple[Message, str]]) -> Post | None:
        """The message's post; None for one that is a change, or is refused."""
        if message.route != Route.POST:
            return None
        try:
            return parse(message.format, message.payload)
        except InvalidMessage as error:
            letters.append((message, str(error)))
            return None

    def _as_write(self, message: Message, post: Post, letters: list[tuple[Message, str]]) -> Write | None:
        try:
            row = row_of(post, self._topics.get(message.topic))
        except (InvalidMessage, PulsoError) as error:
            letters.append((message, str(error)))
            return None
        return Write(message, row, post.version_time or message.write_time)

    def _remove_earlier(self, edits: Sequence[Post]) -> bool:
        for post in edits:
            self._store.changes.delete_earlier(post)
        return True

    def _ack(self, messages: Sequence[Message], outcome: str) -> None:
        self.done[outcome] += self._retrying(lambda: self._queue.ack(messages, outcome)) or 0

    def _refuse(self, letters: list[tuple[Message, str]]) -> None:
        """Keeps refused messages aside. It comes after the acks of others: they free the memory that this may need."""
        self._retrying(lambda: self._dead_letters.add(letters))
        self._ack([message for message, _ in letters], "dead")

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

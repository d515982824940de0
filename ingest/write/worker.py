"""The worker: brings messages from the queue to Cassandra, one batch after the other.

A message is acked when Cassandra has stored it, or when it is kept among the dead letters. Until then it stays in the
queue; if this worker dies, another worker takes the message over. While the last writes of one batch are under way, the
next batch is read and parsed. So Cassandra does not wait for the worker, and the worker not for Cassandra.
"""

import os
import socket
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import redis
import structlog
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import DEFAULTS, Settings
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Message
from ingest.queue.patience import REDIS_PASSING, GaveUp, Patience
from ingest.queue.posts_queue import PostsQueue
from ingest.queue.shared_filter import SharedFilter
from ingest.write.admission import Admission
from ingest.write.batch import Batch
from ingest.write.changes import Changes
from ingest.write.refusal import OF_STORES, Fence, Refusal, RefusalLimit
from ingest.write.steps import Steps
from ingest.write.store import Store
from ingest.write.taken_back import TakenBack
from ingest.write.topics import TopicBook
from ingest.write.withdrawals import Withdrawals
from stores.refused import FAILURES, is_login_error, refusal_of

BLOCK_MS = 500
"""Milliseconds that a read waits for new messages."""
LOOK_MS = 20
"""Milliseconds that a read waits while changes wait in the worker, since these may become due at any moment."""
APPLIED_TOGETHER = 2_000
"""The most changes that are applied before they are acked. Deletions that lie together are looked for together."""
CLAIM_EVERY = 5.0
"""Seconds between two searches for unacked messages of other workers."""

log = structlog.get_logger("worker")


def make_worker(settings: Settings, queue: PostsQueue, session: Session) -> "Worker":
    """Returns a worker with the sizes and limits of the settings."""
    return Worker(
        queue,
        Store(
            session,
            settings.keyspace,
            settings.write_batch_bytes,
            settings.write_in_flight,
            settings.taken_back_days,
            words=settings.word_index,
        ),
        TopicBook(session, settings),
        claim_idle=settings.worker_claim_idle,
        read_count=settings.worker_read,
        changes_limit=settings.worker_changes_limit,
    )


class Worker:
    """One consumer of the group. `stop` may be called from a signal handler or another thread.

    `done` counts the messages that were acked, by OUTCOMES. `drained` says that a drain has found the queue empty.
    """

    def __init__(
        self,
        queue: PostsQueue,
        store: Store,
        topics: TopicBook,
        claim_idle: float = DEFAULTS.worker_claim_idle,
        read_count: int = DEFAULTS.worker_read,
        changes_limit: int = DEFAULTS.worker_changes_limit,
    ) -> None:
        self.consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.done: Counter[str] = Counter()
        self.drained = False
        self.on_batch: Callable[[], None] = lambda: None
        self.on_batch_seconds: Callable[[float], None] = lambda _: None
        self._queue = queue
        self._dead_letters = DeadLetters(queue)
        self._store = store
        taken_back = TakenBack(store.ledger, SharedFilter(queue, f"taken-back:{store.keyspace}"))
        withdrawals = Withdrawals(store.stored, taken_back, store.names)
        self._admission = Admission(store.stored, topics, taken_back, withdrawals, words=store.words)
        self._changes = Changes(
            queue, self.consumer, store, self._admission, withdrawals, topics, claim_idle / 4, changes_limit
        )
        self._claim_idle = claim_idle
        self._read_count = read_count
        self._next_claim = 0.0
        self._in_hand: list[Batch] = []
        self._flying: Batch | None = None
        self._limit = RefusalLimit()
        self._stopping = threading.Event()
        self._patiently = Patience((*FAILURES, *REDIS_PASSING), self._stopping, on_wait=self._hold)
        self._steps = Steps(store, self._admission, withdrawals, self._changes, self._patiently)

    @property
    def stored(self) -> int:
        """Posts stored and acked so far."""
        return self.done["stored"]

    def stop(self) -> None:
        """Asks the worker to finish and ack its batch, and then to stop."""
        self._stopping.set()

    def run(self, drain: bool = False) -> None:
        """Works until stopped; with `drain`, until the queue is empty and every message is acked.

        If it is stopped while Cassandra or Redis is down, unfinished messages stay unacked. Raises PulsoError when
        nearly every message is refused.
        """
        try:
            self._patiently(self._queue.ensure_group)
            self._patiently(self._queue.remove_gone)
            while not self._stopping.is_set():
                messages = self._next()
                self._take_in(messages)
                self._apply_due()
                if drain and not messages and self._patiently(self._queue.backlog) == 0:
                    self.drained = True
                    break
            self._land()
            self._give_back()  # the changes that still wait: it is not they that end this worker
            self._patiently(partial(self._queue.leave, self.consumer))
        except GaveUp as error:
            log.warning("stopped while a store is down: another worker takes over unacked messages", error=str(error))
            self._give_back()
        except PulsoError:
            self._give_back()
            raise
        except Exception as error:
            if is_login_error(error):
                raise refusal_of(error) from error
            raise

    def _take_in(self, messages: Sequence[Message]) -> None:
        """Parses messages while the batch before them is under way; ends that one, and begins to write these.

        What other workers have left is taken through all steps at once: it may end this one.
        """
        if any(message.deliveries for message in messages):
            self._process(messages)
        elif messages:
            batch = Batch(messages)
            parsed = self._taken(batch, self._steps.prepare)
            self._land()
            if parsed and self._taken(batch, self._steps.begin):
                self._flying = batch
        else:
            self._land()

    def _land(self) -> None:
        """Ends the batch whose writes are under way, if there is one."""
        batch, self._flying = self._flying, None
        if batch and self._taken(batch, self._end):
            self._count(batch)

    def _process(self, messages: Sequence[Message]) -> None:
        """Takes messages through all steps. Raises GaveUp at the first step that could not be done."""
        batch = Batch(messages)
        if self._taken(batch, self._steps.prepare, self._steps.begin, self._end):
            self._count(batch)

    def _taken(self, batch: Batch, *steps: Callable[[Batch], None]) -> bool:
        """Takes a batch through steps. Raises GaveUp at the first step that could not be done.

        If something fails that no single message is known to cause, each half is taken through all steps by itself, and
        at last the message that fails alone is refused. Then it returns False: the batch is done.
        """
        messages = batch.messages
        if batch not in self._in_hand:
            self._in_hand.append(batch)
        try:
            for step in steps:
                step(batch)
        except OF_STORES:
            raise
        except PulsoError:  # nearly every message is refused, or a table is missing
            raise
        except Exception as error:
            half = len(messages) // 2
            if half:
                log.warning("a batch fails as a whole: its halves are tried", messages=len(messages), error=repr(error))
                self._process(messages[:half])
                self._process(messages[half:])
            else:
                refused: list[Refusal] = []
                with Fence(messages[0], refused):
                    raise
                self._refuse(refused)
                self._changes.forget(messages)
                self.on_batch()
            self._in_hand.remove(batch)
            return False
        return True

    def _end(self, batch: Batch) -> None:
        """Waits until a batch is stored, and acks its messages."""
        self._steps.end(batch)
        self._ack([write.message for write in batch.stored], "stored")
        for outcome, left_out in batch.admitted.left_out.items():
            if left_out:
                self._ack(left_out, outcome)
        self._refuse(batch.refused)

    def _count(self, batch: Batch) -> None:
        """A batch is done. Raises PulsoError when nearly every message is refused."""
        self._in_hand.remove(batch)
        log.debug("batch", messages=len(batch.messages), posts=len(batch.stored), refused=len(batch.refused))
        self.on_batch_seconds(time.monotonic() - batch.began)
        self.on_batch()
        self._limit.count(len(batch.stored) + sum(map(len, batch.admitted.left_out.values())), batch.refused)

    def _next(self) -> list[Message]:
        """Messages that another worker has left, looked for when nothing is under way, else new ones."""
        if time.monotonic() >= self._next_claim:
            self._land()
            claimed = self._patiently(self._claim)
            if claimed:
                log.info("took over messages of another worker", messages=len(claimed))
                return claimed
            self._next_claim = time.monotonic() + min(CLAIM_EVERY, self._claim_idle)
        return self._patiently(self._read)

    def _claim(self) -> list[Message]:
        return self._queue.claim(self.consumer, int(self._claim_idle * 1000), self._read_count)

    def _read(self) -> list[Message]:
        """New messages; none while too many changes are held back. Does not wait for any while a batch is under way."""
        if self._changes.full:
            self._stopping.wait(LOOK_MS / 1000)
            return []
        wait = LOOK_MS if self._changes else BLOCK_MS
        return self._queue.read(self.consumer, self._read_count, 0 if self._flying else wait)

    def _ack(self, messages: Sequence[Message], outcome: str) -> None:
        """Messages that are done leave the queue, counted under their outcome."""
        self.done[outcome] += self._patiently(lambda: self._queue.ack(messages, outcome))

    def _refuse(self, refused: Sequence[Refusal]) -> None:
        """Refused messages are moved to the dead letters, each in one step."""
        self.done["dead"] += self._patiently(lambda: self._dead_letters.refuse(refused))

    def _apply_due(self) -> None:
        """A change is applied once every message before it in the queue is done."""
        if self._changes:
            self._land()
        due = self._patiently(self._changes.due)
        for start in range(0, len(due), APPLIED_TOGETHER):
            self._apply(due[start : start + APPLIED_TOGETHER])

    def _apply(self, changes: Sequence[Message]) -> None:
        """Applies changes one after the other. Raises GaveUp at the first that failed; those before it are acked."""
        outcomes: dict[str, list[Message]] = defaultdict(list)
        refused: list[Refusal] = []
        try:
            self._changes.apply(changes, self._patiently, outcomes, refused)
        finally:
            for outcome, messages in outcomes.items():
                self._ack(messages, outcome)
                self._changes.forget(messages)
            self._refuse(refused)
            self._changes.forget(refusal.message for refusal in refused)
        self.on_batch()

    def _hold(self) -> None:
        """Before each wait for a store: what this worker has in hand stays its own, however long the wait."""
        with suppress(redis.RedisError):
            self._queue.hold(self.consumer, self._held())

    def _give_back(self) -> None:
        with suppress(redis.RedisError):
            self._queue.give_back(self.consumer, self._held())

    def _held(self) -> list[Message]:
        return [*(message for batch in self._in_hand for message in batch.messages), *self._changes]

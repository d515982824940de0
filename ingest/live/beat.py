"""The beat of a collector: it holds its lease, and looks whether Redis was emptied, also while Redis takes nothing."""

import threading
from contextlib import suppress
from functools import partial

import redis

from conf.errors import PulsoError
from conf.instants import is_due
from ingest.live.redis_record import RedisRecord
from ingest.live.state import Lease, LiveState
from ingest.queue.patience import REDIS_PASSING, GaveUp, Patience
from ingest.queue.posts_queue import PostsQueue, QueueFull

BEAT_US = 5_000_000


class Beat:
    """The lease and the record of a collection.

    `patiently` repeats a step while Redis is down or full, and holds the lease meanwhile; it gives up once `leaving` is
    set. Methods raise LeaseLost when another process has taken the lease over.
    """

    def __init__(self, queue: PostsQueue, state: LiveState, leaving: threading.Event) -> None:
        self.lease = Lease(queue.client, queue.stream, state.topic, state.source)
        self.record = RedisRecord(queue, state.topic, state.source)
        self.patiently = Patience(REDIS_PASSING, leaving, on_wait=self._hold)
        self._queue = queue
        self._renewed_us = 0

    def take(self, stopping: threading.Event) -> None:
        """Takes the lease. Waits while Redis refuses writes, until this process is asked to stop."""
        try:
            Patience(REDIS_PASSING, stopping)(self.lease.take)
        except GaveUp as error:
            raise PulsoError(f"Redis takes no messages ({error})", "Start again when it does") from None

    def keep(self, now: int) -> bool:
        """Renews the lease if that is due; returns whether it was."""
        if not is_due(self._renewed_us, now, BEAT_US):
            return False
        self.patiently(self.lease.renew)
        self._renewed_us = now
        return True

    def finds_record_lost(self, state: LiveState, now: int, *, last: bool) -> bool:
        """Renews the lease if that is due, and then, or with `last`, looks whether Redis was emptied."""
        return (self.keep(now) or last) and self.patiently(partial(self.record.is_lost, state))

    def tell(self, state: LiveState, now: int) -> None:
        """While nothing may be queued, `status` still shows that this collector is alive, and what is on disk."""
        if is_due(state.beat_us, now, BEAT_US):
            state.beat_us = now
            with suppress(redis.RedisError, QueueFull):
                self._queue.add((), self.record.also(state))

    def _hold(self) -> None:
        """Before each wait for Redis: the lease may be about to end."""
        with suppress(redis.RedisError):
            self.lease.renew()

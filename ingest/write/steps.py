"""The steps of a worker with a batch of messages: they are parsed, become rows, and the rows go to Cassandra."""

from functools import partial

from msgspec.structs import replace

from ingest.formats import parse
from ingest.queue.envelope import Route
from ingest.queue.patience import Patience
from ingest.queue.posts_queue import MOST_DELIVERIES
from ingest.write.admission import Admission
from ingest.write.batch import Batch
from ingest.write.changes import Changes
from ingest.write.refusal import Fence, Refusal
from ingest.write.store import Store
from ingest.write.withdrawals import Withdrawals


class Steps:
    """`prepare`, `begin` and `end`, in this order; a batch that failed may be taken through them again.

    Another batch may be prepared between `begin` and `end`. Each raises GaveUp if it could not be done.
    """

    def __init__(
        self, store: Store, admission: Admission, withdrawals: Withdrawals, changes: Changes, patiently: Patience
    ) -> None:
        self._store, self._admission, self._withdrawals = store, admission, withdrawals
        self._changes, self._patiently = changes, patiently

    def prepare(self, batch: Batch) -> None:
        """Messages become rows; what can't is refused, and what must wait for earlier messages is held back."""
        self._set_aside(batch)
        self._parse(batch)
        self._route(batch)
        self._admit(batch)

    def begin(self, batch: Batch) -> None:
        """Rows go to Cassandra; the last of them are under way when this returns."""
        batch.end = self._patiently(lambda: self._store.posts.begin(batch.admitted.writes))

    def end(self, batch: Batch) -> None:
        """Waits until the rows are stored; Cassandra may refuse some for good.

        What was taken back meanwhile goes again, and the versions that stored edits replace are deleted.
        """
        batch.refused += self._patiently(partial(self._refused_of, batch))
        self._patiently(lambda: self._admission.settle(batch.admitted, batch.stored))
        self._remove_earlier(batch)

    def _set_aside(self, batch: Batch) -> None:
        """What was read too often and never finished is refused: it may have ended the workers that read it."""
        for message in batch.messages:
            if message.deliveries >= MOST_DELIVERIES:
                reason = f"read {message.deliveries} times and never finished: it may have ended the workers"
                batch.refused.append(Refusal(message, reason))
        batch.messages = [message for message in batch.messages if message.deliveries < MOST_DELIVERIES]

    def _parse(self, batch: Batch) -> None:
        """Payloads become posts. A change is parsed when it is applied."""
        for message in batch.messages:
            if message.route == Route.POST:
                with Fence(message, batch.refused):
                    batch.posts.append((message, parse(message.format, message.payload)))

    def _route(self, batch: Batch) -> None:
        """Changes are held back until they are due; what is left in the batch are posts."""
        changes = [message for message in batch.messages if message.route != Route.POST]
        # An update has the route of a post if nobody parsed it before it was queued, or an older release queued it.
        changes += [replace(message, route=Route.UPDATE) for message, post in batch.posts if post.is_update]
        batch.posts = [(message, post) for message, post in batch.posts if not post.is_update]
        self._changes.hold_back(changes)

    def _admit(self, batch: Batch) -> None:
        """Posts become rows of their topics, unless they were taken back or are too old."""
        batch.admitted = self._patiently(lambda: self._admission.of(batch.posts))
        batch.refused += batch.admitted.refused

    def _refused_of(self, batch: Batch) -> list[Refusal]:
        end, batch.end = batch.end, None
        return end() if end else self._store.posts.write(batch.admitted.writes)

    def _remove_earlier(self, batch: Batch) -> None:
        """The versions that a stored edit replaces are deleted, where each edit has an id of its own."""
        edits = [(message, post) for message, post in batch.posts if post.earlier]
        stored = {write.message.id for write in batch.stored} if edits else ()
        for message, post in edits:
            if message.id in stored:
                with Fence(message, batch.refused):
                    self._patiently(partial(self._withdrawals.replace_earlier, post, message))

"""Changes: messages that must wait until everything queued before them is written.

Posts are written in any order, by any worker. Deletions, updates, reposts and a collector's notes are about earlier
messages. So a worker keeps them waiting until no other worker has an older unacked message.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from conf.settings import DEFAULTS
from ingest.formats import parse, parse_deletion, parse_name
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.envelope import Message, Route
from ingest.queue.notes import parse_note
from ingest.queue.patience import Patience
from ingest.queue.posts_queue import PostsQueue
from ingest.write.admission import Admission
from ingest.write.refusal import Fence, Refusal
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.withdrawals import Withdrawal, Withdrawals, targets

Outcomes = dict[str, list[Message]]
"""Messages by what has become of them, one of OUTCOMES."""


class Changes:
    """The changes that wait in one worker; applies them when they are due.

    With `limit` changes, it is full. Every `hold_every` seconds it marks the waiting messages as still in work, so that
    no other worker claims them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a worker
        self,
        queue: PostsQueue,
        consumer: str,
        store: Store,
        admission: Admission,
        withdrawals: Withdrawals,
        topics: TopicBook,
        hold_every: float,
        limit: int = DEFAULTS.worker_changes_limit,
    ) -> None:
        self._queue, self._consumer = queue, consumer
        self._store, self._admission, self._withdrawals = store, admission, withdrawals
        self._topics = topics
        self._waiting: dict[str, Message] = {}
        self._hold_every = hold_every
        self._limit = limit
        self._held_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._waiting.values())

    @property
    def full(self) -> bool:
        """Whether the limit is reached, so that no more messages may be read until some changes are applied."""
        return len(self) >= self._limit

    def hold_back(self, messages: Iterable[Message]) -> None:
        """Adds messages that must wait until they are due."""
        self._waiting.update((message.id, message) for message in messages)

    def due(self) -> list[Message]:
        """The changes that can be applied now, in the queue's order: nobody holds an older message."""
        waiting = sorted(self._waiting.values(), key=lambda message: message.place)
        if not waiting:
            return []
        older = self._queue.first_other(waiting)
        if older is not None and time.monotonic() - self._held_at > self._hold_every:
            self._queue.hold(self._consumer, waiting)
            self._held_at = time.monotonic()
        return [message for message in waiting if older is None or message.place < older]

    def forget(self, messages: Iterable[Message]) -> None:
        """Drops messages that are done."""
        for message in messages:
            self._waiting.pop(message.id, None)

    def apply(
        self, messages: Sequence[Message], patiently: Patience, outcomes: Outcomes, refused: list[Refusal]
    ) -> None:
        """Applies changes in their order; it is safe to repeat. Adds each message to its outcome, or to the refused.

        Raises GaveUp at the first that could not be done; those before it are in `outcomes` then.
        """
        for is_deletion, run in groupby(messages, lambda message: message.route == Route.DELETION):
            if is_deletion:
                self._withdraw_all(list(run), patiently, outcomes, refused)
                continue
            for message in run:
                with Fence(message, refused):
                    outcomes[patiently(partial(self._apply, message))].append(message)

    def _withdraw_all(
        self, messages: Sequence[Message], patiently: Patience, outcomes: Outcomes, refused: list[Refusal]
    ) -> None:
        withdrawals = list[Withdrawal]()
        for message in messages:
            with Fence(message, refused):
                withdrawals.append(Withdrawal(message, parse_deletion(message.format, message.payload)))
        for together in targets(withdrawals):
            self._withdraw(together, patiently, outcomes, refused)

    def _withdraw(
        self, withdrawals: Sequence[Withdrawal], patiently: Patience, outcomes: Outcomes, refused: list[Refusal]
    ) -> None:
        """Applies deletions that are about different things, many at once; if that fails, each half by itself."""
        failed: list[Refusal] = []
        with Fence(withdrawals[0].message, failed):
            done, not_done = patiently(partial(self._withdrawals.apply, withdrawals))
            refused += not_done
            for outcome, found in done.items():
                outcomes[outcome] += found
        if failed and len(withdrawals) == 1:
            refused += failed
        elif failed:
            half = len(withdrawals) // 2
            self._withdraw(withdrawals[:half], patiently, outcomes, refused)
            self._withdraw(withdrawals[half:], patiently, outcomes, refused)

    def _apply(self, message: Message) -> str:
        """Applies a change of another route than DELETION, and returns its outcome, one of OUTCOMES."""
        match message.route:
            case Route.NOTE:
                self._store.collection.write(message, parse_note(message))
                return "noted"
            case Route.NAME:
                return self._name(message)
            case Route.UPDATE | Route.UPDATE_IF_STORED | Route.REPOST:
                post = self._as_stored(message)
                return "unmatched" if post is None else self._replace(message, post)
        raise InvalidMessage(f"unknown route {message.route!r}: a newer release may have queued the message")

    def _name(self, message: Message) -> str:
        """Stores an account's handle. Of live messages, which tell of every account, only those that are stored."""
        name, names = parse_name(message.format, message.payload), self._store.names
        topic = self._topics.get(message.topic)
        wanted = name.handle is not None and (message.replay or names.is_wanted(name, topic))
        if not wanted or self._withdrawals.is_away(name.source, name.author_id):
            return "unmatched"
        names.write([name], topic)
        return "named"

    def _as_stored(self, message: Message) -> Post | None:
        """The post as it is to be stored, with what is taken from stored rows; None if it is not to be stored."""
        post = parse(message.format, message.payload)
        if message.route == Route.REPOST:
            return self._store.stored.with_subject(post, message.topic)
        found = self._store.stored.in_place(post, message.topic)
        return post if found is None and message.route == Route.UPDATE else found

    def _replace(self, message: Message, post: Post) -> str:
        writes = self._admission.of([(message, post)])
        for refusal in writes.refused:
            raise InvalidMessage(refusal.reason)
        for write in writes.writes:
            for refusal in self._store.posts.replace(write):
                raise InvalidMessage(refusal.reason)
        self._admission.settle(writes, writes.writes)
        return next((outcome for outcome, messages in writes.left_out.items() if messages), "stored")

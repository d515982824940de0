"""Changes: messages that must wait until everything queued before them is written.

Posts are written in any order, by any worker. Deletions, updates, reposts and a collector's notes are about earlier
messages. So a worker keeps them waiting until no other worker has an older unacked message.
"""

import time
from collections.abc import Iterable, Iterator

from conf.settings import DEFAULTS
from ingest.formats import parse, parse_deletion
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.envelope import Message, Route
from ingest.queue.notes import parse_note
from ingest.queue.posts_queue import PostsQueue
from ingest.write.rows import Write, row_of
from ingest.write.store import Store
from ingest.write.topics import TopicBook


class Changes:
    """The changes that wait in one worker; applies them when they are due.

    With `limit` changes, it is full. Every `hold_every` seconds it marks the waiting messages as still in work, so that
    no other worker claims them.
    """

    def __init__(
        self,
        queue: PostsQueue,
        consumer: str,
        store: Store,
        topics: TopicBook,
        hold_every: float,
        limit: int = DEFAULTS.worker_changes_limit,
    ) -> None:
        self._queue, self._consumer = queue, consumer
        self._store, self._topics = store, topics
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
        """The changes that can be applied now, in the queue's order: no other worker holds an older message."""
        waiting = sorted(self._waiting.values(), key=lambda message: message.place)
        if not waiting:
            return []
        older = self._queue.held_elsewhere(self._consumer, waiting[-1], len(waiting) + 1)
        if older is not None and time.monotonic() - self._held_at > self._hold_every:
            self._queue.hold(self._consumer, waiting)
            self._held_at = time.monotonic()
        return [message for message in waiting if older is None or message.place < older]

    def forget(self, messages: Iterable[Message]) -> None:
        """Drops messages that are done."""
        for message in messages:
            self._waiting.pop(message.id, None)

    def apply(self, message: Message) -> str:
        """Applies a change and returns its outcome, one of OUTCOMES. It is safe to repeat.

        Raises InvalidMessage if the change can't be applied, and the driver's errors while Cassandra is down.
        """
        match message.route:
            case Route.NOTE:
                self._store.collection.write(message, parse_note(message.format, message.payload))
                return "noted"
            case Route.DELETION:
                self._store.changes.delete(parse_deletion(message.format, message.payload))
                return "deleted"
            case Route.UPDATE | Route.UPDATE_IF_STORED | Route.REPOST:
                post = self._as_stored(message)
                return "unmatched" if post is None else self._replace(message, post)
        raise InvalidMessage(f"unknown route {message.route!r}: a newer release may have queued the message")

    def _as_stored(self, message: Message) -> Post | None:
        """The post as it is to be stored, with what is taken from stored rows; None if it is not to be stored."""
        post = parse(message.format, message.payload)
        if message.route == Route.REPOST:
            return self._store.changes.with_subject(post, message.topic)
        found = self._store.changes.in_place(post, message.topic)
        return post if found is None and message.route == Route.UPDATE else found

    def _replace(self, message: Message, post: Post) -> str:
        row = row_of(post, self._topics.get(message.topic))
        for refusal in self._store.posts.replace(Write(message, row, post.version_time or message.write_time)):
            raise InvalidMessage(refusal.reason)
        return "stored"

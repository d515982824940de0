"""Messages that change what is stored: each is applied once everything queued before it has been written.

Posts are written in any order, by any worker. A deletion, an update, a repost that matters only if its subject is
kept, and a collector's notes are not: they wait until no worker holds an older message, so that they find what they
are about.
"""

import time
from collections.abc import Iterable, Iterator

from ingest.formats import parse, parse_deletion
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.envelope import Message, Route
from ingest.queue.notes import parse_note
from ingest.queue.posts_queue import PostsQueue
from ingest.write.rows import row_of
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.writer import Write

MOST_WAITING = 10_000


class Changes:
    """What one worker holds back, in the queue's order, and how it is applied."""

    def __init__(self, queue: PostsQueue, consumer: str, store: Store, topics: TopicBook, hold_every: float) -> None:
        self._queue, self._consumer = queue, consumer
        self._store, self._topics = store, topics
        self._waiting: dict[str, Message] = {}
        self._hold_every = hold_every
        self._held_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._waiting.values())

    @property
    def full(self) -> bool:
        """Whether so many wait that nothing new should be read before they are applied."""
        return len(self) >= MOST_WAITING

    def hold_back(self, messages: Iterable[Message]) -> None:
        """Keeps messages until they are due."""
        self._waiting.update((message.id, message) for message in messages)

    def due(self) -> list[Message]:
        """Those that nothing held by another worker stands before, in order; the others stay claimed by this one."""
        waiting = sorted(self._waiting.values(), key=lambda message: message.place)
        if not waiting:
            return []
        older = self._queue.held_elsewhere(self._consumer, waiting[-1], len(waiting) + 1)
        if older is not None and time.monotonic() - self._held_at > self._hold_every:
            self._queue.hold(self._consumer, waiting)
            self._held_at = time.monotonic()
        return [message for message in waiting if older is None or message.place < older]

    def forget(self, messages: Iterable[Message]) -> None:
        """Messages that are done are no longer kept."""
        for message in messages:
            self._waiting.pop(message.id, None)

    def apply(self, message: Message) -> str:
        """Applies a message and gives its outcome, one of OUTCOMES; harmless to repeat.

        Raises InvalidMessage for one that can't be applied, and what the driver raises while Cassandra is down.
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
        raise InvalidMessage(f"unknown route {message.route!r}: it may be of a newer release than this worker")

    def _as_stored(self, message: Message) -> Post | None:
        """The post as it is to be stored, by what is stored already; None for one that is not to be."""
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

"""Puts posts into Cassandra by the real path, in this process."""

from collections.abc import Iterable

from cassandra.cluster import Session

from conf.settings import Settings
from ingest.formats import Unit, split
from ingest.queue.envelope import Envelope, envelope_of
from ingest.queue.posts_queue import PostsQueue
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker


def load(lines: Iterable[bytes], topic: str, queue: PostsQueue, session: Session, settings: Settings) -> int:
    """Queues lines and stores them with a worker; returns how many posts were stored."""
    batch: list[Envelope] = []
    for line in lines:
        for unit in split(line):
            assert isinstance(unit, Unit), unit
            batch.append(envelope_of(topic, unit))
        if len(batch) >= 500:
            queue.add(batch)
            batch = []
    if batch:
        queue.add(batch)
    worker = Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings))
    worker.run(drain=True)
    return worker.stored

"""Stores posts in Cassandra through the queue and the worker, in this process."""

from collections.abc import Iterable
from datetime import datetime

import orjson
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate
from ingest.formats import Unit, split
from ingest.queue.envelope import Envelope, envelope_of
from ingest.queue.posts_queue import PostsQueue
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker


def load(lines: Iterable[bytes], topic: str, queue: PostsQueue, session: Session, settings: Settings) -> int:
    """Queues lines, runs a worker until the queue is empty, and returns how many posts were stored."""
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


def posted_between(topic: Topic, posts: int, seed: int, start: datetime, end: datetime) -> list[bytes]:
    """Returns the lines of those generated posts that lie in [start, end): the only ones that a job over it reads."""
    lines = b"".join(generate(topic, posts, seed)).splitlines()
    return [line for line in lines if start <= datetime.fromisoformat(orjson.loads(line)["data"]["created_at"]) < end]

"""Parts of ingest, measured in this process: the publisher, a worker without a store, parsing, the writer."""

import time
from collections.abc import Iterable, Sequence

from bench.lab import TOPIC, Lab
from bench.pulso import Pass, measured
from conf.topic import parse_topic
from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from ingest.queue.envelope import Envelope, Message, Route, as_parsed, envelope_of
from ingest.queue.posts_queue import PostsQueue
from ingest.queue.publisher import Publisher
from ingest.write.refusal import Refusal
from ingest.write.rows import Write, row_of
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from ingest.write.writer import End, PostWriter

BATCH = 2_000
"""Posts that the writer gets at once, as a worker reads them."""
_TOPIC = parse_topic("topic: bench\n", "bench")


class Nowhere(PostWriter):
    """A writer that keeps nothing."""

    def __init__(self) -> None:
        """It needs no session."""

    def begin(self, writes: Iterable[Write]) -> End:
        """Drops the rows."""
        list(writes)
        return list[Refusal]


def raw_messages(units: Sequence[Unit]) -> list[Envelope]:
    """Returns posts as messages that nobody has parsed, as X's stream is queued."""
    return [envelope_of(TOPIC, unit, "bench:1") for unit in units]


def parsed_messages(units: Sequence[Unit]) -> list[Envelope]:
    """Returns posts as messages that replay, or live matching, has parsed."""
    return [as_parsed(message, parse(message.format, message.payload), Route.POST) for message in raw_messages(units)]


def publish(lab: Lab, messages: Sequence[Envelope]) -> Pass:
    """Queues messages as a collector does."""
    queue = _empty_queue(lab)
    publisher = Publisher(queue, limit=len(messages) + 1, batch=lab.settings.publish_batch)

    def put_all() -> None:
        for message in messages:
            publisher.put(message)
        publisher.flush()

    return measured(lab, put_all)


def drain(lab: Lab, messages: Sequence[Envelope]) -> Pass:
    """Lets a worker take messages from the queue, parse them and make their rows, but store nothing."""
    publish(lab, messages)
    queue = PostsQueue(lab.redis, lab.settings.stream)
    store = Store(lab.session, lab.settings.keyspace)
    store.posts = Nowhere()
    worker = Worker(queue, store, TopicBook(lab.session, lab.settings), read_count=lab.settings.worker_read)
    found = measured(lab, lambda: worker.run(drain=True))
    assert worker.stored == len(messages)
    return found


def to_rows(lines: Sequence[bytes]) -> tuple[float, int]:
    """Splits lines, parses their posts and makes rows; returns the CPU seconds, and how many rows."""
    began, rows = time.process_time(), 0
    for line in lines:
        for unit in split(line):
            if isinstance(unit, Unit):
                row_of(parse(unit.format, unit.payload), _TOPIC)
                rows += 1
    return time.process_time() - began, rows


def writes_of(lab: Lab, posts: Iterable[Post]) -> list[Write]:
    """Returns the writes of posts in the lab's topic."""
    return [
        Write(Message(TOPIC, post.source, "", b"", id=f"{number}-0"), row_of(post, lab.topic), time=number)
        for number, post in enumerate(posts, 1)
    ]


def write(lab: Lab, writes: Sequence[Write]) -> Pass:
    """Writes rows as a worker does, one batch after the other."""
    settings = lab.settings
    writer = PostWriter(lab.session, settings.keyspace, settings.write_batch_bytes, settings.write_in_flight)

    def write_all() -> None:
        end: End = list
        for start in range(0, len(writes), BATCH):
            begun = writer.begin(writes[start : start + BATCH])
            end()
            end = begun
        end()

    return measured(lab, write_all)


def _empty_queue(lab: Lab) -> PostsQueue:
    lab.redis.flushdb()
    queue = PostsQueue(lab.redis, lab.settings.stream)
    queue.ensure_group()
    return queue

"""`python -m bench.month POSTS [FILE]`: stores the last month of a generated campaign, without the queue.

Pulso's own code parses the lines, makes rows and writes them, in as many processes as there are cores. Only Redis is
left out, which saves most of an hour: the benchmarks of this month are about reading. With FILE, the lines are written
into that file, and nothing is stored.
"""

import math
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from cassandra.cluster import Session
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from conf.errors import PulsoError, exit_code_of
from conf.settings import Settings, load_settings
from conf.topic import Topic, load_topic
from corpus import CAMPAIGN, WORKERS, generate
from corpus.plan import plan_of
from ingest.formats import Unit, parse, split
from ingest.queue.envelope import Message
from ingest.write.rows import Write, row_of
from ingest.write.writer import PostWriter
from stores.connect import cassandra_session
from stores.layout import record_layout
from stores.refused import FAILURES

MONTH = (CAMPAIGN[1] - timedelta(days=30), CAMPAIGN[1])
"""The half-open window that is stored: the campaign's last 30 days."""
TOPIC = "ph2016"
SEED = 2016
MOST = 2_000_000
"""The most posts of one campaign: the plan of one with so many takes some 4 GB of memory."""
SHARES_OF_MONTH = (0.5, 0.48, 0.45)
"""About these parts of a campaign's posts lie in its last 30 days; the first one that holds is used."""
MESSAGE = Message(TOPIC, "x", "", b"", id="0-0")


def main(posts: int) -> None:
    """Stores the campaign's newest `posts` posts and prints how long it took.

    Raises PulsoError where fewer of them lie in its last month.
    """
    settings = load_settings()
    began = time.monotonic()
    with cassandra_session(settings) as session:
        record_layout(session, settings.keyspace, load_topic(TOPIC, settings.topics_dir))
    processes = os.cpu_count() or 1
    with ProcessPoolExecutor(processes, get_context("spawn"), _Loader.open) as pool:
        waiting: deque[Future[int]] = deque()
        stored = 0
        for chunk in _newest(posts):
            waiting.append(pool.submit(_store, chunk))
            if len(waiting) > 3 * processes:
                stored += waiting.popleft().result()
        stored += sum(future.result() for future in waiting)
    if stored != posts:
        raise PulsoError(f"{stored:,} of {posts:,} posts lie in the campaign's last month")
    print(f"{stored:,} posts stored in {time.monotonic() - began:.0f} s")


def write_lines(posts: int, file: Path) -> None:
    """Writes the lines of the posts that `main` stores into a file."""
    with file.open("wb") as written:
        for lines in _newest(posts):
            written.writelines(line + b"\n" for line in lines)


def _newest(posts: int) -> Iterator[list[bytes]]:
    """Yields posts of the last month of campaigns, `posts` in all, about 1,000 at a time.

    They are the newest of one campaign, or of several if there are more than MOST: each campaign has its own accounts,
    and a part of the worker numbers for its ids. The plan of a campaign is in memory as a whole.
    """
    topic = load_topic(TOPIC, load_settings().topics_dir)
    parts = [min(MOST, posts - first) for first in range(0, posts, MOST)]
    bounds = np.linspace(*WORKERS, len(parts) + 1).astype(int).tolist()
    for number, (size, workers) in enumerate(zip(parts, pairwise(bounds), strict=True)):
        yield from _newest_of_one(topic, size, SEED + number, workers)


def _newest_of_one(topic: Topic, posts: int, seed: int, workers: tuple[int, int]) -> Iterator[list[bytes]]:
    whole = _whole(topic, posts, seed)
    skip = whole - posts
    for chunk in generate(topic, whole, seed, workers):
        lines = chunk.splitlines()
        if skip < len(lines):
            yield lines[skip:]
        skip = max(0, skip - len(lines))


def _whole(topic: Topic, posts: int, seed: int) -> int:
    """Returns the size of a campaign with at least `posts` posts in its last month; raises PulsoError if none is known.

    It is drawn by chance how many posts lie there.
    """
    start = MONTH[0].timestamp() * 1000
    for share in SHARES_OF_MONTH:
        whole = math.ceil(posts / share)
        if (plan_of(topic, whole, seed).ms >= start).sum() >= posts:
            return whole
    raise PulsoError(f"no campaign was found with {posts:,} posts in its last month", "Ask for more posts")


class _Loader:
    """The session, topic and writer of a process of the pool; made once, when the process starts."""

    current: "_Loader"

    def __init__(self, session: Session, settings: Settings, topic: Topic) -> None:
        self.topic, self.words = topic, settings.word_index
        self.writer = PostWriter(session, settings.keyspace, words=self.words)

    @classmethod
    def open(cls) -> None:
        settings = load_settings()
        session = _OPEN.enter_context(cassandra_session(settings))
        cls.current = cls(session, settings, load_topic(TOPIC, settings.topics_dir))


_OPEN = ExitStack()


def _store(lines: list[bytes]) -> int:
    """Stores the lines that lie in the month and returns their number."""
    loader = _Loader.current
    writes = [write for line in lines for write in _writes(line, loader)]
    retrying = Retrying(retry=retry_if_exception_type(FAILURES), wait=wait_fixed(1), stop=stop_after_attempt(30))
    if retrying(loader.writer.write, writes):
        raise PulsoError("Cassandra refused generated posts", "This is a defect in corpus/ or ingest/write")
    return len(writes)


def _writes(line: bytes, loader: _Loader) -> Iterator[Write]:
    for unit in split(line):
        if isinstance(unit, Unit):
            post = parse(unit.format, unit.payload)
            if MONTH[0] <= post.event_at < MONTH[1]:
                row = row_of(post, loader.topic, words=loader.words)
                yield Write(MESSAGE, row, int(datetime.now(UTC).timestamp() * 1e6))


if __name__ == "__main__":
    count, *into = sys.argv[1:]
    what = (lambda: write_lines(int(count), Path(into[0]))) if into else (lambda: main(int(count)))
    sys.exit(exit_code_of(what, verbose=True))

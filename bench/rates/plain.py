"""What the parts of ingest are set beside: the least that anybody must do, written as its libraries' pages show it."""

import time
from collections.abc import Sequence

import orjson
from cassandra.cluster import Session
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import UNSET_VALUE, PreparedStatement

from conf.tables import POST_TABLES
from ingest.queue.envelope import Envelope
from ingest.write.rows import Write
from stores.connect import RedisClient
from stores.prepare import prepared
from tests.support.encoded import values_in

STREAM, GROUP, CONSUMER = "bench:plain", "g", "c"
PIPELINE = 100
READ = 1_000
CONCURRENCIES = (50, 100, 200, 400)
"""How many requests at once `execute_concurrent_with_args` is tried with; the best counts."""


def publish(client: RedisClient, payloads: Sequence[bytes]) -> float:
    """Adds payloads to a stream by XADD, PIPELINE in each pipeline; returns the seconds."""
    client.delete(STREAM)
    began = time.perf_counter()
    for start in range(0, len(payloads), PIPELINE):
        pipeline = client.pipeline(transaction=False)
        for payload in payloads[start : start + PIPELINE]:
            pipeline.xadd(STREAM, {"payload": payload})
        pipeline.execute()
    return time.perf_counter() - began


def drain(client: RedisClient, payloads: Sequence[bytes]) -> float:
    """Reads the payloads as one of a group, decodes each as JSON, and acks them; returns the seconds."""
    publish(client, payloads)
    client.xgroup_create(STREAM, GROUP, "0")
    began, done = time.perf_counter(), 0
    while done < len(payloads):
        [(_, entries)] = client.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=READ)
        for _, fields in entries:
            orjson.loads(fields[b"payload"])
        client.xack(STREAM, GROUP, *[entry_id for entry_id, _ in entries])
        done += len(entries)
    seconds = time.perf_counter() - began
    client.delete(STREAM)
    return seconds


def load(lines: Sequence[bytes]) -> float:
    """Decodes lines as JSON; returns the CPU seconds."""
    began = time.process_time()
    for line in lines:
        orjson.loads(line)
    return time.process_time() - began


class Inserts:
    """The driver's `execute_concurrent_with_args`, which binds and inserts the same values row by row."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._statements = [prepared(session, table.insert(keyspace)) for table in POST_TABLES]

    def write(self, values: Sequence[Sequence[Sequence[object]]], concurrency: int) -> float:
        """Inserts the rows of posts, a list of values for each table; returns the seconds."""
        began = time.perf_counter()
        for statement, rows in zip(self._statements, values, strict=True):
            execute_concurrent_with_args(self._session, statement, rows, concurrency=concurrency)
        return time.perf_counter() - began

    def values_of(self, writes: Sequence[Write]) -> list[list[tuple[object, ...]]]:
        """Returns the values of posts' rows as Python has them, for each table."""
        posts, words = self._statements
        return [
            [_decoded(posts, write.row.posts) for write in writes],
            [_decoded(words, write.row.words) for write in writes],
        ]


def payloads_of(envelopes: Sequence[Envelope]) -> list[bytes]:
    """Returns the payloads of messages."""
    return [envelope.payload for envelope in envelopes]


def _decoded(statement: PreparedStatement, encoded: bytes) -> tuple[object, ...]:
    return tuple(
        column.type.from_binary(value, 5) if isinstance(value, bytes) else UNSET_VALUE
        for column, value in zip(statement.column_metadata, values_in(encoded), strict=True)
    )

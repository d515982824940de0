import itertools
import uuid
from dataclasses import replace

import pytest

from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.posts_queue import PostsQueue, QueueFull
from ingest.queue.publisher import PIPELINE, Publisher


def envelopes(count: int) -> list[Envelope]:
    return [Envelope("t", "x", "x_v2", f"post {i}".encode(), f"file:{i}") for i in range(count)]


def test_what_is_put_is_queued_in_order(queue: PostsQueue) -> None:
    publisher = Publisher(queue)
    for envelope in envelopes(PIPELINE + 7):
        publisher.put(envelope)
    assert queue.backlog() == PIPELINE
    publisher.flush()
    read = queue.read("me", 10_000, 10)
    assert [m.payload for m in read] == [e.payload for e in envelopes(PIPELINE + 7)]
    assert read[3].origin == "file:3"


def test_at_the_limit_it_holds_back_and_trims_nothing(queue: PostsQueue) -> None:
    waits = itertools.count()

    def work_off(_: float) -> None:
        if next(waits) == 2:
            queue.ack(queue.read("me", 10_000, 10), "stored")

    publisher = Publisher(queue, limit=PIPELINE, wait=work_off)
    for envelope in envelopes(PIPELINE):
        publisher.put(envelope)
    assert next(waits) == 3
    assert queue.backlog() == 0
    assert publisher.queued == PIPELINE


def test_when_redis_is_out_of_memory_it_holds_back_and_loses_nothing(full: PostsQueue) -> None:
    used = full.client.info("memory")["used_memory"]
    before = full.client.config_get("maxmemory")["maxmemory"]
    reasons: list[str] = []

    def make_room(_: float) -> None:
        full.client.config_set("maxmemory", before)

    publisher = Publisher(full, wait=make_room, on_wait=reasons.append)
    full.client.config_set("maxmemory", max(used - 100_000, 1))
    try:
        for envelope in envelopes(PIPELINE):
            publisher.put(envelope)
    finally:
        full.client.config_set("maxmemory", before)
    assert reasons == ["Redis is out of memory: waiting for a worker"]
    assert full.backlog() == PIPELINE


def test_acks_and_counts_work_when_redis_is_out_of_memory(full: PostsQueue) -> None:
    full.add(envelopes(10))
    messages = full.read("me", 10, 10)
    before = full.client.config_get("maxmemory")["maxmemory"]
    full.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueFull):
            full.add(envelopes(1))
        with pytest.raises(QueueFull):
            DeadLetters(full).add([(envelopes(1)[0], "why")])
        assert full.ack(messages, "stored") == 10
    finally:
        full.client.config_set("maxmemory", before)
    assert full.backlog() == 0
    assert full.client.hget(full.counts, "t|x|stored") == b"10"


def test_an_ack_counts_once(queue: PostsQueue) -> None:
    queue.add(envelopes(3))
    messages = queue.read("me", 10, 10)
    assert queue.ack(messages, "stored") == 3
    assert queue.ack(messages, "stored") == 0
    assert queue.client.hget(queue.counts, "t|x|stored") == b"3"


def test_a_consumer_with_pending_messages_is_not_taken_out(queue: PostsQueue) -> None:
    queue.add(envelopes(3))
    messages = queue.read("me", 10, 10)
    queue.leave("me")
    assert queue.ack(messages, "stored") == 3
    queue.leave("me")
    assert queue.client.xinfo_consumers(queue.stream, "workers") == []


def test_a_claim_takes_over_only_what_is_idle(queue: PostsQueue) -> None:
    queue.add(envelopes(3))
    queue.read("dead", 10, 10)
    assert queue.claim("me", 60_000, 10) == []
    assert len(queue.claim("me", 0, 10)) == 3


def test_a_flushed_stream_gets_its_group_back(queue: PostsQueue) -> None:
    queue.client.delete(queue.stream)
    assert queue.claim("me", 10, 10) == []
    queue.client.delete(queue.stream)
    assert queue.read("me", 10, 10) == []
    queue.add(envelopes(1))
    assert len(queue.read("me", 10, 10)) == 1


def test_a_dead_letter_keeps_reason_origin_and_the_start_of_a_huge_payload(queue: PostsQueue) -> None:
    letters = DeadLetters(queue)
    huge = Envelope("t", "x", "x_v2", b"z" * 200_000, "file:9")
    letters.add([(envelopes(1)[0], "why"), (huge, "over-long")])
    small, big = letters.read()
    assert (small.reason, small.origin, small.payload, small.whole) == ("why", "file:0", b"post 0", True)
    assert (big.size, len(big.payload), big.whole) == (200_000, 65_536, False)
    assert letters.requeue([small, big]) == (1, 1)
    assert [letter.id for letter in letters.read()] == [big.id]
    assert queue.read("me", 10, 10)[0].payload == b"post 0"
    assert letters.drop([big]) == 1
    assert letters.count() == 0


def test_two_streams_share_nothing(queue: PostsQueue) -> None:
    other = PostsQueue(queue.client, f"test:{uuid.uuid4().hex}")
    other.ensure_group()
    queue.add(envelopes(1))
    assert other.backlog() == 0


def test_entries_have_the_same_fields_in_the_same_order_whatever_their_route(queue: PostsQueue) -> None:
    queue.add([replace(envelope, route=route) for envelope, route in zip(envelopes(len(Route)), Route, strict=True)])
    entries = [fields for _, fields in queue.client.xrange(queue.stream)]
    assert {tuple(fields) for fields in entries} == {
        (b"topic", b"source", b"format", b"origin", b"replay", b"route", b"payload")
    }
    assert entries[0][b"route"] == b"", "a post, the usual message, doesn't grow by the name of its route"
    assert [message.route for message in queue.read("me", 10, 10)] == list(Route)

import itertools
import time
import uuid
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from conf.errors import PulsoError
from conf.settings import DEFAULTS
from ingest.queue import dead_letters, posts_queue
from ingest.queue.dead_letters import KEPT_PAYLOAD, MOST_BYTES, SHORT_PAYLOAD, WHOLE_BYTES, DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.patience import REDIS_PASSING, Patience
from ingest.queue.posts_queue import (
    GONE_SECONDS,
    MEMORY_SHARE,
    MOST_DELIVERIES,
    SUSPECT_DELIVERIES,
    PostsQueue,
    QueueFull,
)
from ingest.queue.publisher import Publisher
from ingest.status import read_status
from tests.support.ports import free_port

BATCH = DEFAULTS.publish_batch


def envelopes(count: int) -> list[Envelope]:
    return [Envelope("t", "x", "x_v2", f"post {i}".encode(), f"file:{i}") for i in range(count)]


def test_what_is_put_is_queued_in_order(queue: PostsQueue) -> None:
    publisher = Publisher(queue)
    for envelope in envelopes(BATCH + 7):
        publisher.put(envelope)
    assert queue.backlog() == BATCH
    publisher.flush()
    read = queue.read("me", 10_000, 10)
    assert [m.payload for m in read] == [e.payload for e in envelopes(BATCH + 7)]
    assert read[3].origin == "file:3"


def test_at_the_limit_it_holds_back_and_trims_nothing(queue: PostsQueue) -> None:
    waits = itertools.count()

    def work_off(_: float) -> None:
        if next(waits) == 2:
            queue.ack(queue.read("me", 10_000, 10), "stored")

    publisher = Publisher(queue, limit=BATCH, wait=work_off)
    for envelope in envelopes(BATCH):
        publisher.put(envelope)
    assert next(waits) == 3
    assert queue.backlog() == 0
    assert publisher.queued == BATCH


def test_when_redis_is_out_of_memory_it_holds_back_and_loses_nothing(full: PostsQueue) -> None:
    used = full.client.info("memory")["used_memory"]
    before = full.client.config_get("maxmemory")["maxmemory"]
    reasons: list[str] = []

    def make_room(_: float) -> None:
        full.client.config_set("maxmemory", before)

    publisher = Publisher(full, wait=make_room, on_wait=reasons.append)
    full.client.config_set("maxmemory", max(used - 100_000, 1))
    try:
        for envelope in envelopes(BATCH):
            publisher.put(envelope)
    finally:
        full.client.config_set("maxmemory", before)
    assert reasons == ["Redis has no room: waiting for a worker"]
    assert full.backlog() == BATCH


def test_a_replica_takes_nothing_and_is_waited_for_also_by_scripts(full: PostsQueue) -> None:
    full.add(envelopes(3))
    messages = full.read("me", 10, 10)
    full.client.replicaof("127.0.0.1", free_port())  # of a master that is not there
    reasons: list[str] = []

    def hand_over(_: float) -> None:
        full.client.replicaof("NO", "ONE")

    publisher = Publisher(full, wait=hand_over, on_wait=reasons.append)
    publisher.put(envelopes(1)[0])
    publisher.flush()
    assert reasons == ["Redis refuses writes (a replica, or a full disk?): waiting for it"]
    full.client.replicaof("127.0.0.1", free_port())
    waits = 0

    def again() -> None:
        nonlocal waits
        waits += 1
        full.client.replicaof("NO", "ONE")

    assert Patience(REDIS_PASSING, on_wait=again)(lambda: full.ack(messages, "stored")) == 3
    assert waits == 1
    assert full.backlog() == 1


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


def test_a_redis_that_does_not_answer_is_waited_for_and_nothing_is_lost(
    queue: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, reasons, add = list[float](), list[str](), queue.add
    errors = [redis.ConnectionError("gone")] * 7 + [redis.BusyLoadingError("loading")]

    def failing(*given: Any) -> int:
        if errors:
            raise errors.pop()
        return add(*given)

    monkeypatch.setattr(queue, "add", failing)
    publisher = Publisher(queue, wait=waits.append, on_wait=reasons.append)
    for envelope in envelopes(BATCH):
        publisher.put(envelope)
    assert queue.backlog() == publisher.queued == BATCH
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert set(reasons) == {"Redis does not answer: waiting for it"}


def test_a_redis_that_goes_away_while_the_queue_is_full_is_waited_for(
    queue: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, backlog = list[bool](), queue.backlog

    def failing() -> int:
        asked.append(True)
        if len(asked) < 3:
            raise redis.ConnectionError("gone")
        queue.ack(queue.read("me", 10_000, 10), "stored")
        return backlog()

    monkeypatch.setattr(queue, "backlog", failing)
    reasons: list[str] = []
    publisher = Publisher(queue, limit=BATCH, wait=lambda _: None, on_wait=reasons.append)
    for envelope in envelopes(BATCH):
        publisher.put(envelope)
    assert reasons == [f"the queue holds {BATCH}: waiting for a worker", *["Redis does not answer: waiting for it"] * 2]
    assert not publisher.is_held_back


def test_messages_leave_a_fifth_of_redis_memory_free_for_draining(full: PostsQueue) -> None:
    full.add(envelopes(10))
    used = int(full.client.info("memory")["used_memory"])
    for share, has_room in ((0.7, True), (0.9, False)):
        full.client.config_set("maxmemory", int(used / share))
        assert full.is_crowded() is not has_room
        assert full.has_room(10, limit=11) is has_room
        assert not full.has_room(11, limit=11)
        assert full.has_room(0, limit=11), "waiting would free nothing"
    full.client.config_set("maxmemory", 0)
    assert not full.is_crowded()
    assert MEMORY_SHARE == 0.8


def test_a_publisher_waits_while_redis_has_little_memory_left(full: PostsQueue) -> None:
    reasons: list[str] = []

    def work_off(_: float) -> None:
        full.client.config_set("maxmemory", 0)

    publisher = Publisher(full, wait=work_off, on_wait=reasons.append)
    full.client.setrange("others", 20_000_000, "x")  # made by Redis: a sent value's buffer would count for a while
    full.client.config_set("maxmemory", int(int(full.client.info("memory")["used_memory"]) / 0.85))
    for envelope in envelopes(BATCH):
        publisher.put(envelope)
    assert reasons == ["Redis has little memory left: waiting for a worker"]


def test_a_group_is_made_when_redis_is_out_of_memory_and_looking_writes_nothing(full: PostsQueue) -> None:
    other = PostsQueue(full.client, f"test:{uuid.uuid4().hex}")
    full.client.config_set("maxmemory", 1)
    try:
        assert not other.has_group()
        assert read_status(other).backlog == 0
        assert full.client.exists(other.stream) == 0, "status writes nothing"
        other.ensure_group()
        assert other.has_group()
        other.ensure_group()
        other.read("me", 10, 10)
        other.leave("me")
        assert other.client.xinfo_consumers(other.stream, "workers") == []
    finally:
        full.client.config_set("maxmemory", 0)
    other.add(envelopes(3))
    assert len(other.read("me", 10, 10)) == 3


def test_consumers_of_dead_processes_are_removed_once_they_hold_nothing(
    queue: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.add(envelopes(2))
    [held] = queue.read("holds one", 1, 10)
    queue.ack(queue.read("holds none", 1, 10), "stored")
    queue.remove_gone()
    assert len(queue.client.xinfo_consumers(queue.stream, "workers")) == 2
    assert GONE_SECONDS == 3600
    monkeypatch.setattr(posts_queue, "GONE_SECONDS", 0)
    time.sleep(0.01)
    queue.remove_gone()
    assert [c["name"] for c in queue.client.xinfo_consumers(queue.stream, "workers")] == [b"holds one"]
    assert queue.ack([held], "stored") == 1


def test_a_claim_takes_over_only_what_is_idle(queue: PostsQueue) -> None:
    queue.add(envelopes(3))
    queue.read("dead", 10, 10)
    assert queue.claim("me", 60_000, 10) == []
    assert len(queue.claim("me", 0, 10)) == 3


def test_a_message_that_may_end_workers_is_taken_over_alone(queue: PostsQueue) -> None:
    queue.add(envelopes(4))
    first = queue.read("dead", 3, 10)
    assert {message.deliveries for message in first} == {0}
    again = queue.claim("dead too", 0, 10)
    assert [(m.id, m.deliveries) for m in again] == [(m.id, 1) for m in first]
    for message in first:
        [alone] = queue.claim("me", 0, 10)
        assert (alone.id, alone.deliveries) == (message.id, 2)
        queue.ack([alone], "stored")
    assert [m.payload for m in queue.read("me", 10, 10)] == [b"post 3"]
    assert (SUSPECT_DELIVERIES, MOST_DELIVERIES) == (2, 5)


def test_a_message_that_somebody_has_deleted_keeps_no_other_from_being_taken_over(queue: PostsQueue) -> None:
    queue.add(envelopes(2))
    first, _ = queue.read("dead", 10, 10)
    for name in ("dead too", "dead again"):
        queue.claim(name, 0, 10)  # from now on the first one would be taken over alone
    queue.client.xdel(queue.stream, first.id)
    assert [[m.payload for m in queue.claim("me", 0, 10)] for _ in range(2)] == [[], [b"post 1"]]
    assert queue.client.xpending(queue.stream, "workers")["pending"] == 1


def test_what_a_worker_gives_back_counts_as_never_read(queue: PostsQueue) -> None:
    queue.add(envelopes(3))
    for name in ("a", "b", "c"):
        messages = queue.claim(name, 0, 10) or queue.read(name, 10, 10)
        queue.give_back(name, messages)
    assert [message.deliveries for message in queue.claim("d", 0, 10)] == [0, 0, 0]


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


def test_a_queued_message_is_refused_in_one_step_and_keeps_its_whole_payload(queue: PostsQueue) -> None:
    letters = DeadLetters(queue)
    queue.add([Envelope("t", "x", "x_v2", b"z" * 200_000, "file:9", replay="r"), *envelopes(1)])
    huge, other = queue.read("me", 10, 10)
    assert letters.refuse([(huge, "why")]) == 1
    assert letters.refuse([(huge, "why"), (replace(other, id="1-1"), "why")]) == 0
    [letter] = letters.read()
    assert (letter.reason, letter.origin, letter.whole, letter.size) == ("why", "file:9", True, 200_000)
    assert queue.backlog() == 1
    assert queue.client.hget(queue.counts, "t|x|dead") == b"1"
    assert queue.replay_outcome("r") == {"dead": 1}
    assert queue.client.xpending(queue.stream, "workers")["pending"] == 1
    assert letters.requeue([letter]) == (1, 0)
    assert len(queue.read("me", 10, 10)[0].payload) == 200_000


def test_refused_messages_are_kept_when_redis_is_out_of_memory(full: PostsQueue) -> None:
    full.add(envelopes(100))
    messages = full.read("me", 100, 10)
    full.client.config_set("maxmemory", 1)
    try:
        assert DeadLetters(full).refuse([(message, "why") for message in messages]) == 100
    finally:
        full.client.config_set("maxmemory", 0)
    assert [letter.payload for letter in DeadLetters(full).read()] == [e.payload for e in envelopes(100)]
    assert full.backlog() == 0


def test_letters_beyond_the_limit_are_cut_and_end_no_worker(queue: PostsQueue) -> None:
    few = PostsQueue(queue.client, queue.stream, dead_letters_limit=2)
    letters = DeadLetters(few)
    few.add([Envelope("t", "x", "x_v2", b"z" * 5_000)] * 5)
    messages = few.read("me", 100, 10)
    assert letters.refuse([(message, "why") for message in messages[:2]]) == 2
    assert letters.is_full()
    with pytest.raises(PulsoError, match="2 dead letters are waiting"):
        letters.add([(envelopes(1)[0], "why")])
    assert letters.refuse([(message, "why") for message in messages[2:]]) == 3
    assert [len(letter.payload) for letter in letters.read()] == [5_000] * 2 + [SHORT_PAYLOAD] * 3
    assert (SHORT_PAYLOAD, KEPT_PAYLOAD, WHOLE_BYTES, MOST_BYTES) == (1024, 65_536, 2**26, 2**27)


def test_strangers_cannot_fill_redis_with_refused_messages(queue: PostsQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = DeadLetters(queue)
    queue.add([Envelope("t", "x", "x_v2", b"z" * 50_000)] * 4)
    messages = queue.read("me", 10, 10)
    monkeypatch.setattr(dead_letters, "WHOLE_BYTES", 80_000)
    for message in messages[:3]:
        letters.refuse([(message, "why")])
    assert [len(letter.payload) for letter in letters.read()] == [50_000, 50_000, SHORT_PAYLOAD]
    monkeypatch.setattr(dead_letters, "MOST_BYTES", 90_000)
    assert letters.is_full()
    assert letters.refuse([(messages[3], "why")]) == 1
    assert (letters.count(), queue.backlog()) == (3, 0)
    assert queue.client.hget(queue.counts, "t|x|dead") == b"4"


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

"""Ingest under fault, with real processes: what is accepted is stored once, or is a dead letter with its reason.

Each test ends with an account: how many posts were accepted, found, missing and twice, and whether any column differs
from that of a clean run. All accounts are printed as one table at the end.
"""

import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from conf import ROOT
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.posts_queue import GROUP, MOST_DELIVERIES, PostsQueue
from ingest.sources.base import Clock
from tests.support import accounts
from tests.support.commands import spark_submit, start_command
from tests.support.ground import LEFT, POSTS, SEED, Ground, Key
from tests.support.line import X_ID, x_notice, x_post
from tests.support.mutations import ORIGINALS, odd_posts

ODD = 2_000 * len(ORIGINALS)
UNKNOWN = {False: 3_000, True: 110_000}
"""Deletions of unknown posts. That they leave no tombstones, of which Cassandra reads at most 100,000 in one query, is
held by tests/ingest/write/test_gone_for_good.py. A poll is computed over them, too, if they are many."""
TAKEN = 100
"""Posts of which half are deleted."""
SET_ASIDE = re.compile(r"read (\d+) times and never finished: it may have ended the workers")


def ended(process: "subprocess.Popen[bytes]", seconds: float = 60.0) -> tuple[int, str]:
    """Returns a process's exit code and stderr, once it has ended."""
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        raise AssertionError(f"it did not end within {seconds} s: {errors.decode()[-2000:]}") from None
    return process.returncode, errors.decode()


def test_odd_posts_of_strangers_are_stored_or_dead_letters_and_cost_nobody_else(
    own: Ground, topic: str, clean: dict[Key, Any]
) -> None:
    odd = list(odd_posts(ODD, SEED))
    with own.queue() as queue:
        for start in range(0, ODD, 100):
            some = enumerate(odd[start : start + 100], start)
            queue.add([Envelope(topic, "x", name, line, f"odd:{number}") for number, (name, line) in some])
        for number, (name, make) in enumerate(ORIGINALS.items(), 4242):  # else the test might make all of them odd
            queue.add([Envelope(topic, "x", name, orjson.dumps(make(str(number))), f"good:{name}")])
        began = time.monotonic()
        own.drain()
        seconds = time.monotonic() - began
        letters = list(DeadLetters(queue).read())
        assert queue.backlog() == 0
    assert all(letter.reason for letter in letters)
    assert {letter.origin.split(":")[0] for letter in letters} == {"odd"}
    assert ODD / 4 < len(letters) < ODD, "the odd posts are not odd, or all of them are refused"
    own.account(f"{ODD:,} odd posts among good ones", topic, clean, seconds, others=ODD + len(ORIGINALS) - len(letters))


def test_workers_killed_at_seeded_moments(
    own: Ground, corpus: Path, topic: str, clean: dict[Key, Any], kills: int
) -> None:
    draws, began, topics = random.Random(SEED), time.monotonic(), [topic]
    rounds = 3 * kills
    for _ in range(rounds):
        worker = own.worker()
        own.wait_for(lambda queue, name=f"-{worker.pid}-": _holds(queue, name), "a batch of its own")  # type: ignore[misc]
        with suppress(subprocess.TimeoutExpired):
            worker.wait(timeout=draws.random() * 0.4)
        worker.kill()
        worker.communicate()
        with own.queue() as queue:
            if queue.backlog() < POSTS // 4:
                topics.append(own.new_topic())
                own.replay(corpus, topics[-1])
    own.drain()
    with own.queue() as queue:  # what five killed workers held may have ended them: it went aside, and is tried again
        letters = list(DeadLetters(queue).read())
        read = [SET_ASIDE.fullmatch(letter.reason) for letter in letters]  # once more if killed while it was put aside
        assert all(each and int(each[1]) >= MOST_DELIVERIES for each in read), letters
        DeadLetters(queue).requeue(letters)
    own.drain()
    for each in topics:
        own.account(f"worker: kill -9, {rounds} times", each, clean, time.monotonic() - began)


def test_cassandra_killed_in_mid_drain(own: Ground, topic: str, clean: dict[Key, Any], kills: int) -> None:
    began = time.monotonic()
    worker = own.worker("--drain")
    rounds = max(1, kills // 2)
    for number in range(rounds):
        own.wait_until_left(POSTS * (LEFT - 0.6 * number / rounds))
        if worker.poll() is not None:
            break
        own.kill("Cassandra")
        time.sleep(1)
        own.up()
    code, errors = ended(worker, 180)
    assert code == 0, errors
    own.account(f"Cassandra: kill -9 in mid-drain, {rounds} times", topic, clean, time.monotonic() - began)


@pytest.mark.parametrize("fsync", ["everysec", "always"])
def test_redis_killed_in_mid_drain(own: Ground, topic: str, clean: dict[Key, Any], fsync: str) -> None:
    with own.queue() as queue:
        queue.client.config_set("appendfsync", fsync)
    began = time.monotonic()
    worker = own.worker("--drain")
    own.wait_until_left(LEFT * POSTS)
    own.kill("Redis")
    time.sleep(1)
    own.up()
    code, errors = ended(worker, 120)
    assert code == 0, errors
    own.account(f"Redis (AOF {fsync}): kill -9 in mid-drain", topic, clean, time.monotonic() - began)


def cassandra_down(own: Ground, _queue: PostsQueue) -> None:
    own.kill("Cassandra")


def redis_down(own: Ground, _queue: PostsQueue) -> None:
    own.kill("Redis")


def redis_full(_own: Ground, queue: PostsQueue) -> None:
    queue.client.config_set("maxmemory", 1)


@pytest.mark.parametrize("fault", [cassandra_down, redis_down, redis_full])
def test_a_worker_asked_to_stop_under_fault_keeps_what_it_holds(
    own: Ground, topic: str, clean: dict[Key, Any], fault: Callable[[Ground, PostsQueue], None]
) -> None:
    with own.queue() as queue:
        queue.add([Envelope(topic, "x", "x_v2", b"rubbish", f"odd:{number}") for number in range(500)])
        began = time.monotonic()
        worker = own.worker()
        own.wait_until_left(LEFT * POSTS)
        fault(own, queue)
        time.sleep(1)
        worker.send_signal(signal.SIGTERM)
        code, errors = ended(worker)
        assert code == 0, errors
        own.up()
        own.drain()  # a Redis that is still full, too
        queue.client.config_set("maxmemory", "1gb")
        assert {letter.origin for letter in DeadLetters(queue).read()} == {f"odd:{number}" for number in range(500)}
    own.account(f"worker: SIGTERM, {fault.__name__.replace('_', ' ')}", topic, clean, time.monotonic() - began)


def test_redis_full_before_the_first_worker_starts_drains_by_itself(
    own: Ground, topic: str, corpus: Path, clean: dict[Key, Any]
) -> None:
    second = own.new_topic()
    with own.queue() as queue:
        queue.client.xgroup_destroy(queue.stream, GROUP)  # no worker has ever run
        queue.client.config_set("maxmemory", int(queue.client.info("memory")["used_memory"]))
        began = time.monotonic()
        replay = _start_replay(own, corpus, second)
        time.sleep(3)
        assert replay.poll() is None, "a replay waits for room"
        worker = own.worker()
        code, errors = ended(replay, 120)
        assert code == 0, errors
        own.wait_for(lambda queue: queue.backlog() == 0, "an empty queue")
        worker.send_signal(signal.SIGTERM)
        assert ended(worker)[0] == 0
    own.account("Redis: full before the first worker", topic, clean, time.monotonic() - began)
    own.account("replay into the full Redis", second, clean, time.monotonic() - began)


def test_every_message_three_times_shuffled_by_clocks_that_differ_by_ten_minutes(
    own: Ground, topic: str, clean: dict[Key, Any]
) -> None:
    """A message's id tells when Redis took it: these ids begin ten minutes ago, and end ten minutes from now."""
    with own.queue() as queue:
        fields = [entry for _, entry in queue.client.xrange(queue.stream)] * 3
        random.Random(SEED).shuffle(fields)
        now = Clock().now()
        times = [int((now + timedelta(minutes=minutes)).timestamp() * 1000) for minutes in (-10, 10)]
        queue.client.delete(queue.stream)  # else its ids go on from the last one
        queue.ensure_group()
        pipeline = queue.client.pipeline()
        for number, entry in enumerate(fields):
            pipeline.xadd(queue.stream, entry, id=f"{times[0] + (times[1] - times[0]) * number // len(fields)}-0")
        pipeline.execute()
    began = time.monotonic()
    workers = [own.worker("--drain") for _ in range(2)]
    for worker in workers:
        code, errors = ended(worker, 120)
        assert code == 0, errors
    found = own.contents(topic)
    assert found.keys() == clean.keys()
    assert all(found[one] == clean[one] for one in clean)
    fault = "each message three times, shuffled, clocks ±10 min"
    accounts.add(fault, (3 * POSTS, len(found), 0, 0, 0), time.monotonic() - began)


def test_many_deletions_of_posts_that_were_never_stored(
    own: Ground, topic: str, clean: dict[Key, Any], long_faults: bool
) -> None:
    """All are of one day and one topic, so their marks would stand in a few partitions."""
    own.drain()
    unknown, first = UNKNOWN[long_faults], int(next(iter(clean))[3])
    with own.queue() as queue:
        for start in range(0, unknown, 1000):
            some = (str(first + ((number % 1000) << 22) + 1 + number // 1000) for number in range(start, start + 1000))
            notices = (orjson.dumps({"delete": {"status": {"id_str": post_id}}}) for post_id in some)
            queue.add([Envelope(topic, "x", "x_v11_delete", notice, route=Route.DELETION) for notice in notices])
    began = time.monotonic()
    own.drain()
    own.account(f"{unknown:,} deletions of unknown posts", topic, clean, time.monotonic() - began)
    found = own.reader("search", "duterte", "--topic", topic, "--limit", "5", "--format", "ndjson")
    assert len(found.splitlines()) == 5
    if long_faults:
        window = ("--from", "2016-05-06T16:00Z", "--to", "2016-05-08T16:00Z")
        where = {**own.environment, "SPARK_CONF_DIR": str(ROOT / "conf")}
        done = spark_submit("candidate_poll", "--topic", topic, *window, **where)  # type: ignore[arg-type]
        assert done.returncode == 0, done.stderr[-3000:]


def test_what_is_taken_back_stays_away_and_who_comes_back_is_whole(own: Ground) -> None:
    """Deletions before their posts and after them; all is replayed, and requeued; an account goes, and is back."""
    topic, began = own.new_topic(), time.monotonic()
    ids = [str(int(X_ID) + (number << 22)) for number in range(TAKEN)]
    posts = [Envelope(topic, "x", "x_v2", x_post(one, author_id=str(10 + place % 2))) for place, one in enumerate(ids)]
    gone = [Envelope(topic, "x", "x_v11_delete", x_notice(one), route=Route.DELETION) for one in ids[: TAKEN // 2]]

    def after(*messages: Envelope) -> dict[Key, Any]:
        with own.queue() as queue:
            queue.add(messages)
        own.drain()
        return own.contents(topic)

    def account(what: str) -> Envelope:
        notice = orjson.dumps({what: {"id_str": "11"}})
        return Envelope(topic, "x", "x_v11_user", notice, route=Route.DELETION)

    stored = after(*gone[::2], *posts, *gone[1::2])
    assert {key[3] for key in stored} == set(ids[TAKEN // 2 :])
    with own.queue() as queue:
        DeadLetters(queue).add([(post, "tried too early") for post in posts])
        assert DeadLetters(queue).requeue(DeadLetters(queue).read()) == (TAKEN, 0)
    away = after(account("user_suspend"), *posts)
    assert away == {key: one for key, one in stored.items() if ids.index(key[3]) % 2 == 0}
    back = after(account("user_unsuspend"))
    assert back == stored
    fault = "taken back, replayed and requeued; suspended and back"
    accounts.add(fault, (len(stored), len(back), 0, 0, 0), time.monotonic() - began)


def _holds(queue: PostsQueue, name: str) -> bool:
    """Whether a consumer with this in its name has read messages that it has not acked."""
    consumers: Any = queue.client.xinfo_consumers(queue.stream, GROUP)
    return any(name in one["name"].decode() and one["pending"] > 0 for one in consumers)


def _start_replay(own: Ground, corpus: Path, topic: str) -> "subprocess.Popen[bytes]":
    return start_command("ingest", "replay", str(corpus), "--topic", topic, **own.environment)

"""A replay that is killed (kill -9): what it had queued is the beginning of the file; run again, it doubles nothing."""

import random
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from ingest.formats import parse
from ingest.queue.envelope import message_of
from tests.support import accounts
from tests.support.commands import start_command
from tests.support.ground import POSTS, SEED, Ground, Key

MOST_QUEUED = 4 * POSTS
LONGEST = 0.5
"""Seconds from the first queued posts to the kill, at most: the whole replay takes about one."""


def test_a_replay_killed_at_seeded_moments_is_run_again(
    own: Ground, corpus: Path, clean: dict[Key, Any], kills: int
) -> None:
    draws, began, topic = random.Random(SEED), time.monotonic(), own.new_topic()
    ids = [orjson.loads(line)["data"]["id"] for line in corpus.read_bytes().splitlines()]
    accepted, last = list[int](), "0-0"
    for _ in range(kills):
        _killed(own, corpus, topic, last, draws.random() * LONGEST)
        queued, last = _queued_after(own, last)
        assert queued == ids[: len(queued)], "what is queued is not the beginning of the file"
        accepted.append(len(queued))
        with own.queue() as queue:
            if queue.backlog() > MOST_QUEUED:
                own.drain()
    assert min(accepted) < POSTS, "no replay was killed before its end"
    own.replay(corpus, topic)
    own.drain()
    found = own.contents(topic)
    assert found.keys() == clean.keys()
    assert all(found[one] == clean[one] for one in clean)
    fault = f"replay: kill -9, {kills} times, and run again"
    accounts.add(fault, (sum(accepted) + POSTS, len(found), 0, 0, 0), time.monotonic() - began)


def _killed(own: Ground, corpus: Path, topic: str, last: str, seconds: float) -> None:
    """Starts a replay, and kills it so many seconds after it has queued its first posts."""
    replay = start_command("ingest", "replay", str(corpus), "--topic", topic, **own.environment)
    try:
        own.wait_for(lambda queue: bool(queue.client.xrange(queue.stream, f"({last}", count=1)), "posts")
        with suppress(subprocess.TimeoutExpired):  # it may end before its moment comes
            replay.wait(timeout=seconds)
    finally:
        replay.kill()
        _, errors = replay.communicate()
    assert replay.returncode in (-9, 0), errors.decode()


def _queued_after(own: Ground, last: str) -> tuple[list[str], str]:
    """Returns the ids of the posts that were queued after a message, in order, and the id of the last message."""
    with own.queue() as queue:
        messages = [message_of(*entry) for entry in queue.client.xrange(queue.stream, f"({last}")]
    return [parse(each.format, each.payload).post_id for each in messages], messages[-1].id

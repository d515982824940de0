"""The filter that workers share: it forgets nothing, is seldom wrong, and says when Redis has lost it."""

import pytest

from ingest.queue.posts_queue import PostsQueue
from ingest.queue.shared_filter import WORTH_A_COPY, Lost, SharedFilter

NOTED = [("x", "post", str(number)) for number in range(20_000)]
OTHERS = [("x", "post", str(number)) for number in range(100_000, 120_000)]


@pytest.fixture
def shared(queue: PostsQueue) -> SharedFilter:
    return SharedFilter(queue, "taken-back")


def test_what_was_noted_is_found_and_hardly_anything_else(shared: SharedFilter, queue: PostsQueue) -> None:
    shared.install([])
    shared.note(NOTED)
    _, found = shared.perhaps(NOTED + OTHERS)
    assert found[: len(NOTED)] == list(range(len(NOTED)))
    assert len(found) <= len(NOTED) + 2
    assert 8 * 2**20 - 2**12 < queue.client.strlen(f"{queue.stream}:taken-back") <= 8 * 2**20


def test_of_no_keys_none_is_found_and_nothing_noted_takes_no_memory(shared: SharedFilter, queue: PostsQueue) -> None:
    shared.install([])
    assert shared.perhaps([])[1] == []
    assert shared.perhaps(NOTED)[1] == []
    assert queue.client.strlen(f"{queue.stream}:taken-back") == 0


def test_the_version_changes_with_what_is_noted_and_never_comes_again(shared: SharedFilter, queue: PostsQueue) -> None:
    shared.install([])
    versions = [shared.version()]
    shared.note(NOTED[:1])
    versions.append(shared.version())
    queue.client.delete(*queue.client.keys(f"{queue.stream}:taken-back*"))
    shared.install([])
    versions.append(shared.version())
    assert len(set(versions)) == 3
    assert shared.perhaps([])[0] == versions[-1]


def test_a_lost_filter_is_not_an_empty_one(shared: SharedFilter) -> None:
    with pytest.raises(Lost):
        shared.perhaps(NOTED)
    shared.note(NOTED[:5])
    with pytest.raises(Lost):
        shared.perhaps(NOTED)
    shared.install(NOTED[5:10])
    assert shared.perhaps(NOTED)[1] == list(range(10)), "what was noted meanwhile is in it, too"


def asked(queue: PostsQueue) -> int:
    """How often Redis has looked into a filter bit by bit."""
    found = queue.client.info("commandstats").get("cmdstat_getbit", {"calls": 0})
    return int(found["calls"])


def test_while_nothing_is_noted_it_is_read_once_and_asked_without_redis(
    shared: SharedFilter, queue: PostsQueue
) -> None:
    shared.install([])
    shared.note(NOTED)
    for _ in range(2):  # the second time it has the version of the first
        shared.perhaps(NOTED + OTHERS)
    before = asked(queue)
    version, found = shared.perhaps(NOTED + OTHERS)
    assert asked(queue) == before
    assert version == shared.version()
    assert found[: len(NOTED)] == list(range(len(NOTED)))
    assert len(found) <= len(NOTED) + 2
    few = SharedFilter(queue, "taken-back")
    for _ in range(3):
        few.perhaps(OTHERS[: WORTH_A_COPY - 1])
    assert asked(queue) > before, "for few keys it is not read"


def test_what_another_worker_notes_is_found_at_once(shared: SharedFilter, queue: PostsQueue) -> None:
    shared.install([])
    other = SharedFilter(queue, "taken-back")
    for _ in range(3):
        assert shared.perhaps(OTHERS)[1] == []
    assert shared.nothing_noted() == shared.version()
    other.note(OTHERS[:3])
    assert shared.nothing_noted() is None
    version, found = shared.perhaps(OTHERS)
    assert (version, found) == (other.version(), [0, 1, 2])


def test_a_filter_that_redis_has_lost_is_asked_no_more_without_redis(shared: SharedFilter, queue: PostsQueue) -> None:
    shared.install([])
    for _ in range(3):
        shared.perhaps(OTHERS)
    queue.client.delete(*queue.client.keys(f"{queue.stream}:taken-back*"))
    assert shared.nothing_noted() is None
    with pytest.raises(Lost):
        shared.perhaps(OTHERS)

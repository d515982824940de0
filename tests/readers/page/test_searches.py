"""A search that many ask for is done once for all of them, and never shows what is gone, or lacks what has come."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest
from cassandra.cluster import Session

from conf.errors import StoreDown
from conf.partitions import bucket_of
from conf.settings import Settings
from conf.topic import Topic, parse_topic
from ingest.queue.posts_queue import PostsQueue
from readers.page.searches import LONGEST, Searches
from readers.page.seen import Bodies, pack
from readers.page.source import TOGETHER, Source
from readers.search.first_posts import Basis
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.readers.page.conftest import Served
from tests.readers.test_search import DAY_OF_FEW
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

TOPIC = parse_topic("topic: t\n", "t.yaml")
BASIS = Basis((date.min, date.max), b"", {})
MANY = 12


class Asked:
    """Searches that count how often they searched and looked; `same` is what a look finds."""

    def __init__(self, *, same: bool = True) -> None:
        self.clock, self.searched, self.looked, self.same = 0.0, 0, 0, same
        self.searches = Searches(clock=lambda: self.clock)

    def make(self) -> tuple[bytes, Basis | None]:
        self.searched += 1
        return b"%d" % self.searched, BASIS

    def is_same(self, _: Basis) -> bool:
        self.looked += 1
        return self.same

    def get(self, after: float = 1.0, topic: Topic = TOPIC) -> bytes:
        self.clock += after
        return self.searches.get("a", topic, self.make, self.is_same).body


def test_a_search_is_done_anew_where_a_look_finds_that_it_has_changed() -> None:
    asked = Asked()
    assert [asked.get() for _ in range(3)] == [b"1"] * 3
    assert (asked.searched, asked.looked) == (1, 2)
    asked.same = False
    assert asked.get() == b"2"
    asked.same = True
    assert asked.get() == b"2"
    assert asked.get(after=LONGEST) == b"3"
    assert asked.get(topic=parse_topic("topic: t\ntitle: T\n", "t.yaml")) == b"4"


def test_what_has_no_basis_or_can_not_be_looked_at_is_not_shown_again() -> None:
    asked = Asked()
    assert [asked.searches.get("b", TOPIC, lambda: (b"wrong", None), asked.is_same).body for _ in range(2)]
    assert asked.looked == 0
    asked.get()

    def away(_: Basis) -> bool:
        raise StoreDown("Cassandra does not answer")

    with pytest.raises(StoreDown):
        asked.searches.get("a", TOPIC, asked.make, away)


def test_all_who_wait_for_a_search_take_what_began_after_they_asked() -> None:
    searches, began = Searches(), list[float]()
    all_wait = threading.Barrier(MANY)

    def make() -> tuple[bytes, Basis | None]:
        began.append(time.monotonic())
        time.sleep(0.2)
        return b"%d" % len(began), BASIS

    def get(_: int) -> int:
        all_wait.wait()
        at = time.monotonic()
        found = searches.get("a", TOPIC, make, lambda _: make() is None)  # each look finds a change
        assert began[int(found.body) - 1] >= at
        return int(found.body)

    with ThreadPoolExecutor(MANY) as pool:
        assert max(pool.map(get, range(MANY))) <= 3  # a search; for those who came after it, a look and another


def test_of_bodies_the_ones_asked_for_last_stay() -> None:
    asked = Asked()
    asked.searches._bodies = Bodies(4 * len(pack(b"x" * 10)))
    for address in ("a", "b", "a", "c", "d", "e"):
        asked.searches.get(address, TOPIC, lambda: (b"x" * 10, BASIS), asked.is_same)
    assert list(asked.searches._bodies._seen) == ["a", "c", "d", "e"]


@pytest.fixture
def store(session: Session, settings: Settings, client: RedisClient) -> Callable[..., None]:
    """Stores posts, texts by id, by the real path."""
    queue = PostsQueue(client, f"test:searches:{uuid.uuid4()}")
    queue.ensure_group()

    def stores(topic: Topic, **texts: str) -> None:
        lines = [stream_line(tweet(name.removeprefix("p"), text)) for name, text in texts.items()]
        assert load(lines, topic.topic, queue, session, settings) == len(lines)

    return stores


def test_a_post_that_is_gone_is_never_seen_again_and_one_that_has_come_is_found(
    served: Served, session: Session, settings: Settings, store: Callable[..., None]
) -> None:
    topic = make_topic(settings)
    address = f"{served.address}/{topic.topic}/search?q=old"
    store(topic, p1="old one", p2="old two", p3="old three")
    first, again = httpx.get(address), httpx.get(address)
    assert (first.text.count("<li>"), again.headers["etag"]) == (3, first.headers["etag"])
    assert httpx.get(address, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    day, where = topic.day_of(DAY_OF_FEW), "topic = %s AND day = %s AND bucket = %s AND source = 'x' AND post_id = %s"
    gone, changed = ((topic.topic, day, bucket_of(post, topic.buckets), post) for post in ("1", "2"))
    session.execute(f"DELETE FROM {settings.keyspace}.posts WHERE {where}", gone)  # nobody has counted that yet
    assert "</mark> one" not in httpx.get(address).text
    session.execute(f"UPDATE {settings.keyspace}.posts SET text = 'old and new' WHERE {where}", changed)
    assert "and new" in httpx.get(address).text
    store(topic, p4="old four")
    found = httpx.get(address).text
    assert found.count("<li>") == 3
    assert "four" in found


def test_reads_beside_one_another_need_no_free_thread_and_the_first_error_is_told(settings: Settings) -> None:
    source = Source(settings)
    both = threading.Barrier(2)
    assert source.at_once(lambda: both.wait(10) >= 0, lambda: both.wait(10) >= 0) == [True, True]
    busy = threading.Event()
    for _ in range(TOGETHER):
        source._pool.submit(busy.wait, 20)
    try:
        assert source.at_once(*((lambda n=n: n) for n in range(20))) == list(range(20))

        def fails() -> None:
            raise StoreDown("away")

        with pytest.raises(StoreDown, match="away"):
            source.at_once(fails, fails)
    finally:
        busy.set()
        source.close()

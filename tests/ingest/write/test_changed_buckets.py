"""A topic file whose `buckets` changed after posts were stored: nothing is lost from view, nothing stored twice."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf.partitions import bucket_of
from conf.settings import Settings, load_settings
from conf.snowflakes import x_id_at
from conf.tables import DAY_LAYOUT, TOPIC_LAYOUT
from conf.topic import Topic, load_topic
from ingest.cli import main
from ingest.formats import parse
from ingest.formats.post import Post
from ingest.queue.posts_queue import PostsQueue
from ingest.write.migrate import migrate
from readers.packs.gone import posts_gone
from readers.search.post_reads import Span
from readers.search.search import PostSearch, posts_frame
from readers.search.statements import Statements
from readers.search.window_rows import window_rows
from stores.layout import DayLayouts
from tests.conftest import make_topic
from tests.support import earlier_release
from tests.support.line import Line, x_notice
from tests.support.posts import stream_line, tweet

pytestmark = pytest.mark.usefixtures("no_ledger")
OLD, NEW = (datetime(2026, 5, day, 3, tzinfo=UTC) for day in (20, 21))
EACH = 40


def ids(at: datetime, first: int = 0) -> list[str]:
    """Returns the ids of posts of a day, one of each second."""
    return [str(x_id_at(at + timedelta(seconds=number)) + 7) for number in range(first, first + EACH)]


def lines(at: datetime, first: int = 0, text: str = "said Duterte") -> list[bytes]:
    times = [at + timedelta(seconds=number) for number in range(first, first + EACH)]
    return [
        stream_line(tweet(post_id, text, created_at=each.isoformat()))
        for post_id, each in zip(ids(at, first), times, strict=True)
    ]


def change(settings: Settings, topic: Topic, buckets: int) -> Topic:
    file = settings.topics_dir / f"{topic.topic}.yaml"
    file.write_text(file.read_text().replace(f"buckets: {topic.buckets}\n", f"buckets: {buckets}\n"))
    return load_topic(topic.topic, settings.topics_dir)


class Changed:
    """A topic with posts of a day, whose file was then changed, and with posts of the next day and late ones."""

    def __init__(self, queue: PostsQueue, session: Session, settings: Settings, buckets: int) -> None:
        self.session, self.settings = session, settings
        self.old = make_topic(settings)
        self.line = Line(queue, session, settings, self.old.topic)
        self.line.work(*lines(OLD))
        self.topic = change(settings, self.old, buckets)
        self.rows = self.line.work(*lines(NEW), *lines(OLD, EACH))
        self.all = {*ids(OLD), *ids(OLD, EACH), *ids(NEW)}


@pytest.fixture(params=[9, 1], ids=["raised", "lowered"])
def changed(request: pytest.FixtureRequest, stream: PostsQueue, session: Session, settings: Settings) -> Changed:
    return Changed(stream, session, settings, request.param)


class TestChanged:
    def test_each_post_stands_where_the_posts_of_its_day_are(self, changed: Changed) -> None:
        assert changed.rows.keys() == changed.all
        buckets = {OLD.date(): 4, NEW.date(): changed.topic.buckets}
        for post_id, row in changed.rows.items():
            assert row.bucket == bucket_of(post_id, buckets[row.day.date()])
        assert {row.bucket for row in changed.rows.values() if row.day.date() == OLD.date()} == {0, 1, 2, 3}

    def test_a_replay_stores_nothing_twice(self, changed: Changed) -> None:
        again = changed.line.work(*lines(OLD, text="again Duterte"), *lines(NEW, text="again Duterte"))
        assert again.keys() == changed.all  # `rows` fails for a post that stands in two partitions
        assert sum(row.text.startswith("again") for row in again.values()) == 2 * EACH

    def test_readers_find_all(self, changed: Changed) -> None:
        search = PostSearch(changed.session, changed.settings.keyspace, changed.topic)
        span = Span(OLD - timedelta(days=2), NEW + timedelta(days=2))
        for within in (span, Span()):
            assert set(posts_frame(search.pages("duterte", within))["post_id"]) == changed.all
        statements, days = Statements(changed.session, changed.settings.keyspace), list[tuple[int, int]]()
        rows = window_rows(statements, changed.topic, span, "post_id, event_at", lambda *done: days.append(done))
        assert sorted(row.post_id for _, row in rows) == sorted(changed.all)
        assert days == [(1, 2), (2, 2)]

    def test_a_pack_is_told_what_is_gone(self, changed: Changed) -> None:
        packed = [(at.date(), "x", post_id) for at, some in ((OLD, ids(OLD)), (NEW, ids(NEW))) for post_id in some]
        where = (changed.session, changed.settings.keyspace, changed.topic)
        assert list(posts_gone(*where, packed)) == []
        left = changed.line.work(x_notice(ids(OLD)[3]), x_notice(ids(NEW)[5]))
        assert left.keys() == changed.all - {ids(OLD)[3], ids(NEW)[5]}
        assert list(posts_gone(*where, packed)) == [
            (OLD.date(), "x", ids(OLD)[3]),
            (NEW.date(), "x", ids(NEW)[5]),
        ]

    def test_deletions_find_posts_of_both_layouts(self, changed: Changed) -> None:
        gone = [ids(OLD)[0], ids(OLD, EACH)[1], ids(NEW)[2]]
        assert changed.line.work(*map(x_notice, gone)).keys() == changed.all - set(gone)
        assert main(["forget", "--source", "x", "--post", ids(OLD)[7]]) == 0
        assert changed.line.work(*lines(OLD)).keys() == changed.all - set(gone) - {ids(OLD)[7]}

    def test_the_command_shows_the_days_and_says_what_holds(
        self, changed: Changed, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        assert main(["topics", "layout", changed.topic.topic]) == 0
        said = capsys.readouterr().out.splitlines()
        new, old = (line.split() for line in said[1:3])
        assert (new[:2], old[:2]) == ([str(NEW.date()), str(changed.topic.buckets)], [str(OLD.date()), "4"])
        assert ("buckets can be lowered to 1" in said[3]) == (changed.topic.buckets == 9), said


def test_two_workers_with_different_files_agree_on_a_new_day(
    queue: PostsQueue, session: Session, settings: Settings, topic: Topic
) -> None:
    line = Line(queue, session, settings, topic.topic)
    old = line.make_worker()
    change(settings, topic, 9)
    new = line.make_worker()
    line.put(*lines(OLD))
    half = queue.read("me", EACH // 2, 10), queue.read("me", EACH, 10)
    new._process(half[0])
    old._process(half[1])
    line.put(*lines(OLD))
    old.run(drain=True)
    assert line.rows().keys() == set(ids(OLD))
    assert {row.bucket for row in line.rows().values()} > {0, 1, 2, 3}, "the first decided, and its file says 9"


@pytest.fixture
def earlier(settings: Settings, session: Session, few_tables: None) -> Iterator[Settings]:
    """Settings with a keyspace of an earlier release."""
    own = load_settings(keyspace=f"e{uuid.uuid4().hex[:10]}")
    earlier_release.make_tables(session, own)
    yield own
    session.execute(f"DROP KEYSPACE {own.keyspace}")


def test_the_days_of_an_earlier_release_are_noted_once_and_stay_as_they_are(
    earlier: Settings, session: Session, topic: Topic
) -> None:
    keyspace, one, next_day = earlier.keyspace, OLD.date(), NEW.date()
    earlier_release.store(session, earlier, topic, stored_posts())
    session.execute(f"ALTER TABLE {keyspace}.{TOPIC_LAYOUT.name} DROP days_noted")
    session.execute(f"DROP TABLE {keyspace}.{DAY_LAYOUT.name}")
    said = list(migrate(session, earlier))
    assert f"noted 1 days of {topic.topic}, with 4 partitions each" in said
    assert list(migrate(session, earlier)) == []
    changed = topic.model_copy(update={"buckets": 9})
    layouts = DayLayouts(session, keyspace)
    assert [layouts.settled(changed, day) for day in (one, next_day)] == [4, 9]


def test_until_the_days_are_noted_a_changed_file_changes_nothing(
    earlier: Settings, session: Session, topic: Topic
) -> None:
    earlier_release.store(session, earlier, topic, stored_posts())
    changed = topic.model_copy(update={"buckets": 9})
    layouts = DayLayouts(session, earlier.keyspace)
    assert layouts.of(topic.topic, [OLD.date()], 9) == {OLD.date(): 4}
    assert layouts.settled(changed, OLD.date()) == 4
    list(migrate(session, earlier))
    assert layouts.settled(changed, NEW.date()) == 9


def test_a_topic_without_posts_and_its_typo_are_told_in_a_line(
    topic: Topic, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["topics", "layout", topic.topic, "--json"]) == 0
    assert f"no post of {topic.topic} is stored yet; its file says buckets: 4" in capsys.readouterr().out
    assert main(["topics", "layout", f"{topic.topic}x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def stored_posts() -> list[Post]:
    return [parse("x_v2", line) for line in lines(OLD)]

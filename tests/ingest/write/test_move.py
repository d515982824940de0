"""The words of the posts move from `posts` to `post_words`, in a keyspace that release 0.2.0 made and filled."""

import io
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from cassandra.query import BatchStatement
from rich.console import Console

from conf import terminal
from conf.errors import PulsoError
from conf.settings import Settings, load_settings
from conf.topic import Topic
from ingest import views
from ingest.formats import parse
from ingest.formats.post import Deletion, Post
from ingest.queue.envelope import Message
from ingest.write.migrate import migrate
from ingest.write.rows import Write, row_of
from ingest.write.store import Store
from ingest.write.writer import PostWriter
from readers.search.search import PostSearch, posts_frame
from tests.ingest.write.test_writer import Recording
from tests.support import earlier_release
from tests.support.commands import run_command, start_command
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored, stored_words

FIRST_DAY = datetime(2016, 5, 1, 12, tzinfo=UTC)
DONE = ["dropped index posts_words_idx", "dropped column posts.words"]


@pytest.fixture
def own(settings: Settings, session: Session, few_tables: None) -> Iterator[Settings]:
    """Settings with a keyspace of the test's own, with the tables of the earlier release."""
    keyspace = f"m{uuid.uuid4().hex[:10]}"
    own = load_settings(keyspace=keyspace)
    earlier_release.make_tables(session, own)
    yield own
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")


def post(number: int, text: str = "", at: datetime | None = None) -> Post:
    made = at or FIRST_DAY + timedelta(hours=number)
    line = tweet(str(number), text or f"hello word{number}", created_at=f"{made:%FT%TZ}")
    return parse("x_v2", stream_line(line))


def write_of(one: Post, topic: Topic, time: int) -> Write:
    return Write(Message(topic.topic, "x", "x_v2", b"", id="1-0"), row_of(one, topic), time)


def write(session: Session, settings: Settings, topic: Topic, one: Post, time: int) -> None:
    """Stores a post as a worker of this release does."""
    assert PostWriter(session, settings.keyspace).write([write_of(one, topic, time)]) == []


def columns(session: Session, settings: Settings) -> set[str]:
    query = "SELECT column_name FROM system_schema.columns WHERE keyspace_name = %s AND table_name = 'posts'"
    return {row.column_name for row in session.execute(query, (settings.keyspace,))}


def found(session: Session, settings: Settings, topic: Topic, query: str) -> list[str]:
    return list(posts_frame(PostSearch(session, settings.keyspace, topic).pages(query))["post_id"])


def noted(topic: Topic, days: int) -> str:
    """Returns what migrate says of the days of an earlier release."""
    return f"noted {days} days of {topic.topic}, with 4 partitions each"


def test_words_are_copied_and_the_column_goes(own: Settings, session: Session, topic: Topic) -> None:
    earlier_release.store(session, own, topic, [*map(post, range(1, 60)), post(60, "https://x.ph/only")])
    done = list(migrate(session, own))
    assert done[:2] == ["made table post_words", "made index post_words_idx"]
    assert done[2:] == ["copied 59 rows from posts.words to post_words", *DONE, noted(topic, 4)]
    assert stored_words(session, own.keyspace, topic.topic) == {str(n): {"hello", f"word{n}"} for n in range(1, 60)}
    assert len(stored(session, own.keyspace, topic.topic)) == 60
    assert "words" not in columns(session, own)
    assert found(session, own, topic, "word7") == ["7"]
    assert len(found(session, own, topic, "hello")) == 59
    assert list(migrate(session, own)) == []


def test_an_empty_keyspace_loses_only_the_column(own: Settings, session: Session) -> None:
    assert list(migrate(session, own))[2:] == DONE


class Racing:
    """A session that calls `change` before it sends the first batch: the copy has read the rows, not written them."""

    def __init__(self, session: Session, change: Callable[[], None]) -> None:
        self._session, self._change = session, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def execute_async(self, statement: Any, *values: Any, **options: Any) -> Any:
        if isinstance(statement, BatchStatement):
            change, self._change = self._change, lambda: None
            change()
        return self._session.execute_async(statement, *values, **options)


def test_a_post_that_is_deleted_or_edited_while_it_is_copied_keeps_its_change(
    own: Settings, session: Session, topic: Topic
) -> None:
    earlier_release.store(session, own, topic, map(post, range(1, 4)))

    def change() -> None:
        assert stored_words(session, own.keyspace, topic.topic) == {}, "the copy has not begun"
        deletion = Deletion(source="x", post_id="1", at=post(1).event_at)
        stored_posts = Store(session, own.keyspace).stored
        [(_, found)] = stored_posts.find([deletion])
        stored_posts.run([(found, stored_posts.deletion(found))])
        write(session, own, topic, post(2, "edited"), 2000)
        write(session, own, topic, post(4, "new"), 2000)

    assert list(migrate(Racing(session, change), own))[-3:] == [*DONE, noted(topic, 2)]
    assert stored(session, own.keyspace, topic.topic).keys() == {"2", "3", "4"}
    assert stored_words(session, own.keyspace, topic.topic) == {"2": {"edited"}, "3": {"hello", "word3"}, "4": {"new"}}


def test_a_post_that_was_deleted_before_the_move_stays_deleted_with_its_words(
    own: Settings, session: Session, topic: Topic
) -> None:
    earlier_release.store(session, own, topic, map(post, range(1, 4)))
    earlier_release.delete(session, own, topic, post(1))
    list(migrate(session, own))
    for number in range(1, 4):
        write(session, own, topic, post(number), 3000)  # an old file is replayed
        Store(session, own.keyspace).posts.replace(write_of(post(number), topic, 4000))
    assert stored(session, own.keyspace, topic.topic).keys() == {"2", "3"}
    assert stored_words(session, own.keyspace, topic.topic).keys() == {"2", "3"}
    assert found(session, own, topic, "word1") == []


def test_only_posts_from_before_the_move_are_looked_up(own: Settings, session: Session, topic: Topic) -> None:
    list(migrate(session, own))
    recording = Recording(session)
    later = datetime.now(UTC) + timedelta(hours=1)
    for one, requests in ((post(1, at=later), 2), (post(2), 3)):
        recording.futures.clear()
        PostWriter(recording, own.keyspace).write([write_of(one, topic, 5000)])
        assert len(recording.futures) == requests, "one counts the change of the day"


def settled(read: Callable[[], dict[str, set[str]]]) -> dict[str, set[str]]:
    """Returns what is stored once the requests of a killed process have been carried out."""
    before = None
    while (found := read()) != before:
        before = found
        time.sleep(0.5)
    return found


def test_a_stopped_move_goes_on_where_it_was(own: Settings, session: Session, topic: Topic) -> None:
    earlier_release.store(session, own, topic, map(post, range(1, 600)))
    victim = start_command("ingest", "migrate", PULSO_KEYSPACE=own.keyspace)
    assert victim.stdout
    try:
        while victim.stdout.readline() != b"made index post_words_idx\n":
            assert victim.poll() is None
        while not stored_words(session, own.keyspace, topic.topic):
            assert victim.poll() is None
        victim.kill()
    finally:
        victim.kill()
        victim.communicate()
    before = settled(lambda: stored_words(session, own.keyspace, topic.topic))
    assert 0 < len(before) < 599
    with pytest.raises(PulsoError, match=r"does not have the words of all posts yet\. Run .*ingest migrate"):
        PostSearch(session, own.keyspace, topic)
    done = run_command("ingest", "migrate", PULSO_KEYSPACE=own.keyspace)
    assert done.returncode == 0, done.stderr
    said = [f"copied {599 - len(before)} rows from posts.words to post_words", *DONE, noted(topic, 26)]
    assert [line for line in done.stdout.splitlines() if not line.startswith("made ")] == said
    assert stored_words(session, own.keyspace, topic.topic).keys() == {str(n) for n in range(1, 600)}


def test_nothing_is_dropped_while_an_earlier_worker_writes(own: Settings, session: Session, topic: Topic) -> None:
    earlier_release.store(session, own, topic, map(post, range(1, 3)))
    number = 3

    def on_step(_: str, done: int, total: int) -> None:
        nonlocal number
        if done == total:
            earlier_release.store(session, own, topic, [post(number)])
            number += 1

    with pytest.raises(PulsoError, match=r"posts\.words is still being written\. Stop the workers"):
        list(migrate(session, own, on_step))
    assert "words" in columns(session, own)
    done = ["copied 1 rows from posts.words to post_words", *DONE, noted(topic, 2)]
    assert list(migrate(session, own)) == done
    assert stored_words(session, own.keyspace, topic.topic).keys() == {str(n) for n in range(1, number)}


def test_before_migrate_workers_and_search_name_the_command(own: Settings, session: Session, topic: Topic) -> None:
    for module, command in (("ingest", ("work", "--drain")), ("readers", ("search", "hello", "--topic", topic.topic))):
        done = run_command(module, *command, PULSO_KEYSPACE=own.keyspace)
        assert done.returncode == 1
        assert "post_words" in done.stderr
        assert done.stderr.endswith("Run `.venv/bin/python -m ingest migrate`\n")
        assert done.stderr.count("\n") == 1


def test_a_long_move_shows_its_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(terminal, "ERR", Console(file=out, force_terminal=True, force_interactive=True, width=120))
    for patience, shown in ((3600.0, False), (0.0, True)):
        monkeypatch.setattr(views, "MOVE_PATIENCE", patience)
        with closing(views.MoveView()) as view:
            view.show("posts.words to post_words", 3, 8)
        assert ("posts.words to post_words" in out.getvalue()) is shown
    assert "3/8" in out.getvalue()

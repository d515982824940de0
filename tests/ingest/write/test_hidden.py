"""What is hidden is in no count and no search until its account is back; what is deleted stays away for good."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import TAKEN_BACK
from conf.topic import Topic, load_topic
from ingest.cli import main
from ingest.formats import split
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Message
from ingest.queue.posts_queue import PostsQueue
from ingest.write.ledger import UNKNOWN_DAYS
from tests.conftest import make_topic
from tests.ingest.write.test_changes import AT, LATER, X_ID, Line, compliance, x_post
from tests.support.bluesky import account_is, event, tid

OWN = f"did:plc:ana/{tid(AT)}"
OTHER = f"did:plc:ben/{tid(AT)}"
PASSING = ("deactivated", "suspended", "takendown", "desynchronized", "throttled", "something new")


@pytest.fixture(autouse=True)
def no_ledger(session: Session, settings: Settings) -> None:
    """Empties the ledger, also of the marks that an account came back, which have the times of another test."""
    session.execute(f"TRUNCATE {settings.keyspace}.{TAKEN_BACK.name}", timeout=60)


@pytest.fixture
def line(queue: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Line:
    return Line(queue, session, settings, topic.topic)


@pytest.fixture
def hidden(session: Session, settings: Settings, topic: Topic) -> Callable[[], set[str]]:
    """Returns the ids of the topic's hidden posts."""
    query = f"SELECT post_id FROM {settings.keyspace}.hidden_posts WHERE topic = %s ALLOW FILTERING"
    return lambda: {row.post_id for row in session.execute(query, (topic.topic,))}


def own(text: str = "said Duterte #halalan") -> bytes:
    return event({"text": text, "langs": ["tl"], "tags": ["halalan"]}, AT)


def other() -> bytes:
    return event({"text": "stays"}, AT, did="did:plc:ben")


@pytest.mark.parametrize("status", PASSING)
def test_an_inactive_accounts_posts_are_hidden_and_come_back_whole(
    line: Line, hidden: Callable[[], set[str]], status: str
) -> None:
    before, words = line.work(own(), other()), line.words()
    assert line.work(account_is(status, AT + LATER)).keys() == {OTHER}
    assert hidden() == {OWN}
    assert line.work(account_is("active", AT + 2 * LATER)) == before
    assert (line.words(), hidden()) == (words, set())


def test_posts_that_come_while_the_account_is_away_are_hidden_too(line: Line, hidden: Callable[[], set[str]]) -> None:
    assert line.work(account_is("deactivated", AT + LATER)) == {}
    assert line.work(own(), other()).keys() == {OTHER}
    assert hidden() == {OWN}
    assert line.work(account_is("active", AT + 2 * LATER)).keys() == {OWN, OTHER}
    assert hidden() == set()


def test_an_account_may_go_and_come_back_again_and_again(line: Line, hidden: Callable[[], set[str]]) -> None:
    line.work(own())
    for turn in range(3):
        assert line.work(account_is("suspended", AT + (2 * turn + 1) * LATER)) == {}
        assert hidden() == {OWN}
        assert line.work(own()) == {}, "a replay meanwhile"
        assert line.work(account_is("active", AT + (2 * turn + 2) * LATER)).keys() == {OWN}
        assert hidden() == set()


def test_an_old_notice_does_not_hide_what_is_back(line: Line, hidden: Callable[[], set[str]]) -> None:
    away, back = account_is("deactivated", AT + LATER), account_is("active", AT + 2 * LATER)
    line.work(own(), away, back)
    assert line.work(away).keys() == {OWN}
    assert hidden() == set()


def test_an_update_of_a_hidden_post_stays_hidden(line: Line, hidden: Callable[[], set[str]]) -> None:
    line.work(own(), account_is("deactivated", AT + LATER))
    update = event({"text": "now right"}, AT + 2 * LATER, rkey=tid(AT), operation="update")
    assert line.work(update) == {}
    [row] = line.work(account_is("active", AT + 3 * LATER)).values()
    assert (row.text, hidden()) == ("now right", set())


def test_a_hidden_post_can_be_deleted(line: Line, hidden: Callable[[], set[str]]) -> None:
    line.work(own(), account_is("deactivated", AT + LATER))
    line.work(event(None, AT + 2 * LATER, rkey=tid(AT), operation="delete"))
    assert hidden() == set()
    assert line.work(account_is("active", AT + 3 * LATER), own()) == {}


def test_only_a_deleted_accounts_posts_up_to_then_are_gone_for_good(line: Line, hidden: Callable[[], set[str]]) -> None:
    line.work(own(), account_is("deleted", AT + LATER))
    new = event({"text": "here again"}, AT + 3 * LATER)
    assert line.work(account_is("active", AT + 2 * LATER), own(), new).keys() == {f"did:plc:ana/{tid(AT + 3 * LATER)}"}
    assert hidden() == set()


@pytest.mark.parametrize("reason", ["suspended", "protected", "deactivated"])
def test_x_says_of_a_post_that_its_account_is_away(line: Line, hidden: Callable[[], set[str]], reason: str) -> None:
    row = orjson.dumps(orjson.loads(compliance()) | {"reason": reason})
    assert line.work(x_post()).keys() == {X_ID}
    line.put(row, format_="x_compliance")
    assert line.work(x_post()) == {}
    assert hidden() == {X_ID}


class TestAnXAccount:
    """X names an account by its id alone; the tests' posts are of account 10."""

    def notice(self, name: str, **more: Any) -> bytes:
        return orjson.dumps({name: {"id": 10, "id_str": "10", **more}})

    @pytest.mark.parametrize("away", ["delete", "protect", "suspend"])
    def test_it_goes_and_comes_back(self, line: Line, hidden: Callable[[], set[str]], away: str) -> None:
        second = str(int(X_ID) + (60_000 << 22))
        before = line.work(x_post(), x_post(second, author_id="99"))
        assert line.work(self.notice(f"user_{away}")).keys() == {second}
        assert hidden() == {X_ID}
        assert line.work(self.notice(f"user_un{away}")) == before

    def test_its_places_are_taken_back_up_to_a_post(self, line: Line) -> None:
        geo = {"coordinates": {"type": "Point", "coordinates": [121.0, 14.6]}}
        second = str(int(X_ID) + (60_000 << 22))
        scrub = orjson.dumps({"scrub_geo": {"user_id_str": "10", "up_to_status_id_str": X_ID}})
        for lines in ((x_post(geo=geo), x_post(second, geo=geo), scrub), (x_post(geo=geo),)):
            rows = line.work(*lines)
            assert (rows[X_ID].lat, rows[second].lat) == (None, 14.6)

    def test_a_deletion_of_no_post_is_skipped(self) -> None:
        for notice in ({"direct_message": {"id": 5}}, {"favorite": {"tweet_id": 5}}):
            assert split(orjson.dumps({"delete": notice})) == []

    @pytest.mark.parametrize(("reason", "is_hidden"), [("suspended", True), ("deleted", False)])
    def test_a_compliance_file_about_users(
        self, line: Line, hidden: Callable[[], set[str]], reason: str, is_hidden: bool
    ) -> None:
        line.work(x_post())
        row = {"id": "10", "action": "delete", "reason": reason, "redacted_at": (AT + LATER).isoformat()}
        assert line.work(orjson.dumps(row), format_="x_compliance_user") == {}
        assert hidden() == ({X_ID} if is_hidden else set())
        assert line.work(x_post()) == {}


class TestForGood:
    def test_in_a_topic_that_comes_later(
        self, line: Line, queue: PostsQueue, session: Session, settings: Settings
    ) -> None:
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"), account_is("suspended", AT, "did:plc:ben"))
        later = Line(queue, session, settings, make_topic(settings).topic)
        assert later.work(own(), other()) == {}

    def test_from_the_dead_letters(self, line: Line, queue: PostsQueue) -> None:
        letters = DeadLetters(queue)
        letters.add([(Envelope(line.topic, "bluesky", "bluesky", own()), "tried too early")])
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"))
        assert letters.requeue(letters.read()) == (1, 0)
        assert line.work() == {}

    def test_when_redis_has_lost_everything(self, line: Line, queue: PostsQueue) -> None:
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"))
        queue.client.delete(*queue.client.keys(f"{queue.stream}*"))
        queue.ensure_group()
        assert line.work(own(), other()).keys() == {OTHER}

    def test_when_it_is_deleted_while_another_worker_stores_it(self, line: Line) -> None:
        worker, quick = line.make_worker(), line.make_worker()
        write = worker._store.posts.write

        def write_late(writes: Any) -> Any:
            done = write(writes)
            line.put(
                event(None, AT + LATER, rkey=tid(AT), operation="delete"), account_is("suspended", AT, "did:plc:ben")
            )
            outcomes: dict[str, list[Message]] = defaultdict(list)
            quick._changes.apply(line.queue.read(quick.consumer, 10, 10), quick._patiently, outcomes, [])
            assert len(outcomes["deleted"]) == 2
            worker._store.posts.write = write  # type: ignore[method-assign]
            return done

        worker._store.posts.write = write_late  # type: ignore[method-assign]
        line.put(own(), other())
        worker._process(line.queue.read(worker.consumer, 10, 10))
        assert line.rows() == {}

    def test_nothing_is_written_for_posts_that_are_not_stored(
        self, line: Line, session: Session, settings: Settings
    ) -> None:
        line.work(x_post())
        unknown = [str(int(X_ID) + (number << 22)) for number in range(1, 50)]
        notices = [orjson.dumps({"delete": {"status": {"id_str": post_id}}}) for post_id in unknown]
        line.work(*notices)
        query = f"SELECT post_id FROM {settings.keyspace}.posts WHERE topic = %s AND day = '2026-05-25' AND bucket = %s"
        found = [session.execute(query, (line.topic, bucket), trace=True) for bucket in range(4)]
        assert [row.post_id for rows in found for row in rows] == [X_ID]
        told = " ".join(event.description for rows in found for event in rows.get_query_trace().events)
        counts = re.findall(r"(\d+) tombstone", told)
        assert len(counts) == 4
        assert set(counts) == {"0"}


class TestLifetime:
    def test_of_what_is_not_stored_it_is_shorter(self, line: Line, session: Session, settings: Settings) -> None:
        line.work(own())
        line.work(
            event(None, AT + LATER, rkey=tid(AT), operation="delete"),
            event(None, AT + LATER, did="did:plc:nobody", rkey=tid(AT), operation="delete"),
        )
        days = _days_left(session, settings)
        assert days[OWN] == pytest.approx(settings.taken_back_days, abs=1)
        assert days[f"did:plc:nobody/{tid(AT)}"] == pytest.approx(UNKNOWN_DAYS, abs=1)
        assert UNKNOWN_DAYS == 90


def _days_left(session: Session, settings: Settings) -> dict[str, float]:
    """Returns the lifetime of each entry, in days."""
    rows = session.execute(f"SELECT id, TTL(noted_at) AS seconds FROM {settings.keyspace}.{TAKEN_BACK.name}")
    return {row.id: row.seconds / 86_400 for row in rows}


class TestRetention:
    def topic(self, settings: Settings, days: int) -> Topic:
        topic = make_topic(settings)
        file = settings.topics_dir / f"{topic.topic}.yaml"
        file.write_text(f"retention_days: {days}\n{file.read_text()}")
        return load_topic(topic.topic, settings.topics_dir)

    def test_posts_live_as_long_as_the_topic_keeps_them(
        self, queue: PostsQueue, session: Session, settings: Settings
    ) -> None:
        line = Line(queue, session, settings, self.topic(settings, 7).topic)
        made = datetime.now(UTC) - timedelta(days=3)
        old = datetime.now(UTC) - timedelta(days=8)
        post_id = f"did:plc:ana/{tid(made)}"
        assert line.work(event({"text": "new"}, made), event({"text": "old"}, old)).keys() == {post_id}
        query = "SELECT TTL({}) AS seconds FROM {}.{} WHERE topic = %s ALLOW FILTERING"
        [post] = session.execute(query.format("author_id", settings.keyspace, "posts"), (line.topic,))
        [words] = session.execute(query.format("words", settings.keyspace, "post_words"), (line.topic,))
        for seconds in (post.seconds, *words.seconds):
            assert seconds / 86_400 == pytest.approx(4, abs=0.1)

    def test_hiding_does_not_prolong_it(self, queue: PostsQueue, session: Session, settings: Settings) -> None:
        line = Line(queue, session, settings, self.topic(settings, 7).topic)
        made = datetime.now(UTC) - timedelta(days=3)
        line.work(event({"text": "new"}, made), account_is("deactivated", made + LATER))
        line.work(account_is("active", made + 2 * LATER))
        query = f"SELECT TTL(author_id) AS seconds FROM {settings.keyspace}.posts WHERE topic = %s ALLOW FILTERING"
        [row] = session.execute(query, (line.topic,))
        assert row.seconds / 86_400 == pytest.approx(4, abs=0.1)


class TestForget:
    def test_a_persons_posts_go_and_none_comes_again(
        self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic, capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = Line(stream, session, settings, topic.topic)
        renamed = event({"text": "later"}, AT + 3 * LATER)
        assert line.work(own(), other()).keys() == {OWN, OTHER}
        capsys.readouterr()
        assert main(["forget", "--source", "bluesky", "--author", "did:plc:ana"]) == 0
        assert capsys.readouterr().out == "1 requests queued\n"
        assert line.work(own(), renamed).keys() == {OTHER}

    def test_an_x_account_is_forgotten_under_its_next_handle_too(
        self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic
    ) -> None:
        line = Line(stream, session, settings, topic.topic)
        handle = line.work(x_post())[X_ID].author
        assert main(["forget", "--source", "x", "--author", f"@{handle.upper()}"]) == 0
        assert line.work() == {}
        second = str(int(X_ID) + (60_000 << 22))
        data = orjson.loads(x_post(second))
        for user in data["includes"]["users"]:
            user["username"] = "renamed"
        assert line.work(orjson.dumps(data)) == {}

    def test_a_post_is_forgotten(self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic) -> None:
        line = Line(stream, session, settings, topic.topic)
        line.work(x_post())
        assert main(["forget", "--source", "x", "--post", X_ID]) == 0
        assert line.work(x_post()) == {}

    @pytest.mark.parametrize("options", [["--source", "myspace", "--post", "1"], ["--source", "x"]])
    def test_wrong_use_is_told(self, stream: PostsQueue, options: list[str]) -> None:
        assert main(["forget", *options]) == 2

"""What is hidden is in no count and no search until its account is back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pytest
from cassandra import OperationTimedOut
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.formats import split
from ingest.formats.post import Deletion
from ingest.write.stored_posts import Found, StoredPosts
from tests.support.bluesky import account_is, event, tid
from tests.support.line import AT, LATER, OTHER, OWN, X_ID, Line, compliance, other, own, x_post

pytestmark = pytest.mark.usefixtures("no_ledger")
PASSING = ("deactivated", "suspended", "takendown", "desynchronized", "throttled", "something new")


@pytest.fixture
def hidden(session: Session, settings: Settings, topic: Topic) -> Callable[[], set[str]]:
    """Returns the ids of the topic's hidden posts."""
    query = f"SELECT post_id FROM {settings.keyspace}.hidden_posts WHERE topic = %s ALLOW FILTERING"
    return lambda: {row.post_id for row in session.execute(query, (topic.topic,))}


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


@pytest.mark.parametrize("dies", [False, True])
def test_it_comes_back_though_the_store_or_the_worker_fails_halfway(
    line: Line, hidden: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    before = line.work(own(), other())
    line.work(account_is("deactivated", AT + LATER))
    line.put(account_is("active", AT + 2 * LATER))
    worker = line.make_worker()
    find, errors = StoredPosts.find, [SystemExit() if dies else OperationTimedOut()]

    def fails_once(self: StoredPosts, deletions: Sequence[Deletion]) -> Iterator[tuple[int, Found]]:
        if errors:
            raise errors.pop()
        return find(self, deletions)

    monkeypatch.setattr(StoredPosts, "find", fails_once)
    with suppress(SystemExit):
        worker.run(drain=True)
    assert line.work() == before  # the next worker takes over what the dead one held
    assert (hidden(), errors) == (set(), [])


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

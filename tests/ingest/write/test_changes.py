"""Deletions, edits and updates on real engines: what they change, in which order, and that nothing comes back."""

import gc
from collections.abc import Callable
from datetime import UTC, timedelta

import msgspec
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.notes import Gap, Through, gap_message, through_message
from ingest.queue.posts_queue import PostsQueue
from ingest.write.ledger import Ledger
from stores.coverage import Gap as StoredGap
from stores.coverage import read_records
from tests.support.bluesky import REPOST, account_is, event, tid
from tests.support.line import AT, LATER, X_ID, Line, compliance, x_notice, x_post


def test_a_deleted_x_post_goes_and_no_replay_brings_it_back(line: Line, session: Session, settings: Settings) -> None:
    assert line.work(x_post(text="goodbye")).keys() == {X_ID}
    assert line.words() == {X_ID: {"goodbye"}}
    assert line.work(x_notice()) == {}
    assert line.work(x_post(text="goodbye")) == {}
    query = f"SELECT topic FROM {settings.keyspace}.post_words WHERE words CONTAINS 'goodbye'"
    assert line.topic not in {row.topic for row in session.execute(query)}


def test_the_driver_can_tell_a_new_node_how_deletions_are_noted(session: Session, settings: Settings) -> None:
    ledger = Ledger(session, settings.keyspace)
    gc.collect()
    assert ledger._insert.query_id in session.cluster._prepared_statements


def test_a_deletion_may_come_before_the_post(line: Line) -> None:
    assert line.work(compliance(), format_="x_compliance") == {}
    assert line.work(x_post()) == {}


def test_a_post_whose_place_is_taken_back_stays_without_it(line: Line) -> None:
    geo = {"coordinates": {"type": "Point", "coordinates": [121.0, 14.6]}}
    assert line.work(x_post(geo=geo))[X_ID].lat == 14.6
    for _ in range(2):
        row = line.work(compliance("scrub_geo"), format_="x_compliance")[X_ID]
        assert (row.lat, row.lon, row.place, row.text) == (None, None, None, "hello")
        line.put(x_post(geo=geo))


def test_an_edit_replaces_its_earlier_version_whichever_comes_last(line: Line) -> None:
    second = str(int(X_ID) + (60_000 << 22))
    edited = x_post(second, text="now right", edit_history_tweet_ids=[X_ID, second])
    assert line.work(x_post(text="wrnog"), edited).keys() == {second}
    assert line.work(x_post(text="wrnog")).keys() == {second}
    assert line.rows()[second].text == "now right"


def test_an_edit_takes_back_no_post_of_another_author(line: Line) -> None:
    second = str(int(X_ID) + (60_000 << 22))
    strangers = x_post(second, text="mine now", author_id="99", edit_history_tweet_ids=[X_ID, second])
    assert line.work(x_post(), strangers).keys() == {X_ID, second}
    assert line.work(x_post()).keys() == {X_ID, second}


@pytest.mark.parametrize(("after", "replaced"), [(7_200_000, True), (7_203_000, False), (-60_000, False)])
def test_an_edit_replaces_only_versions_of_the_two_hours_before_it(line: Line, after: int, replaced: bool) -> None:
    edit = str(int(X_ID) + (after << 22))
    edited = x_post(edit, text="now right", edit_history_tweet_ids=[X_ID, edit])
    assert line.work(x_post(), edited).keys() == ({edit} if replaced else {X_ID, edit})


def test_an_id_that_tells_no_time_is_refused_with_the_reason(line: Line, queue: PostsQueue) -> None:
    line.work(x_notice("5"))
    assert "does not tell when" in next(DeadLetters(queue).read()).reason


class TestBluesky:
    def test_a_deleted_post_goes_and_no_replay_brings_it_back(self, line: Line) -> None:
        post = event({"text": "hi"}, AT)
        other = event({"text": "stays"}, AT, did="did:plc:ben")
        gone = event(None, AT + LATER, rkey=tid(AT), operation="delete")
        assert line.work(post, other, gone).keys() == {f"did:plc:ben/{tid(AT)}"}
        assert line.work(post).keys() == {f"did:plc:ben/{tid(AT)}"}

    def test_an_account_that_goes_takes_its_posts_along(self, line: Line) -> None:
        posts = [event({"text": f"{i}"}, AT + i * timedelta(hours=9)) for i in range(5)]
        other = event({"text": "stays"}, AT, did="did:plc:ben")
        assert line.work(*posts, other, account_is("deleted", AT + timedelta(hours=48))).keys() == {
            f"did:plc:ben/{tid(AT)}"
        }

    def test_so_do_posts_that_it_has_deleted_one_by_one_before(self, line: Line) -> None:
        times = [AT + i * timedelta(hours=9) for i in range(4)]
        posts = [event({"text": f"{at}"}, at) for at in times]
        gone = [event(None, AT + timedelta(hours=40), rkey=tid(at), operation="delete") for at in times[:2]]
        assert line.work(*posts, *gone).keys() == {f"did:plc:ana/{tid(at)}" for at in times[2:]}
        assert line.work(*gone, account_is("deleted", AT + timedelta(hours=48)), *gone, *posts) == {}

    def test_an_update_replaces_the_text_in_its_place(self, line: Line) -> None:
        first = event({"text": "old #tag", "tags": ["tag"], "langs": ["en"]}, AT)
        update = event({"text": "new"}, AT + LATER, rkey=tid(AT), operation="update")
        for lines in ((first, update), (first,), (update,)):
            [row] = line.work(*lines).values()
            assert (row.text, row.hashtags, row.lang) == ("new", None, None)
            assert line.words() == {row.post_id: {"new"}}
            assert row.event_at.replace(tzinfo=UTC) == AT  # the update came on the next day in Manila

    def test_an_update_that_nobody_asks_for_replaces_only_what_is_stored(self, line: Line) -> None:
        first = event({"text": "said Duterte"}, AT)
        update = event({"text": "never mind"}, AT + LATER, rkey=tid(AT), operation="update")
        line.put(update, route=Route.UPDATE_IF_STORED)
        assert line.work() == {}
        line.put(first)
        line.put(update, route=Route.UPDATE_IF_STORED)
        assert [row.text for row in line.work().values()] == ["never mind"]

    def test_a_repost_is_kept_if_its_subject_is(self, line: Line) -> None:
        subject = event({"text": "said Duterte", "langs": ["tl"]}, AT)
        kept = f"at://did:plc:ana/app.bsky.feed.post/{tid(AT)}"
        for uri in (kept, kept.replace("ana", "nobody")):
            repost = event({"subject": {"uri": uri, "cid": "c"}}, AT + LATER, did="did:plc:ben", collection=REPOST)
            line.put(subject)
            line.put(repost, route=Route.REPOST)
            rows = line.work()
        assert rows.keys() == {f"did:plc:ana/{tid(AT)}", f"did:plc:ben/{tid(AT + LATER)}"}
        row = rows[f"did:plc:ben/{tid(AT + LATER)}"]
        assert (row.kind, row.text, row.folded, row.lang) == ("retweet", "said Duterte", "said duterte", "tl")
        assert (row.retweet_of, row.retweet_of_author) == (f"did:plc:ana/{tid(AT)}", "did:plc:ana")


def test_a_deletion_waits_for_a_post_that_another_worker_holds(line: Line) -> None:
    line.put(event({"text": "hi"}, AT), event(None, AT + LATER, rkey=tid(AT), operation="delete"))
    slow, quick = line.make_worker(), line.make_worker()
    [post] = line.queue.read(slow.consumer, 1, 10)
    [deletion] = line.queue.read(quick.consumer, 10, 10)
    quick._process([deletion])
    quick._apply_due()
    assert line.queue.backlog() == 2, "it has not waited"
    slow._process([post])
    assert len(line.rows()) == 1
    quick._apply_due()
    assert (line.rows(), line.queue.backlog()) == ({}, 0)


def test_a_change_waits_for_a_post_that_its_own_worker_has_read_and_never_got(line: Line) -> None:
    """The answer to its read was lost, as Redis stood still."""
    line.put(event({"text": "hi"}, AT))
    line.put(event({"text": "ho"}, AT + LATER, rkey=tid(AT), operation="update"), route=Route.UPDATE_IF_STORED)
    worker = line.make_worker()
    assert len(line.queue.read(worker.consumer, 1, 10)) == 1  # and it is lost
    worker._process(line.queue.read(worker.consumer, 10, 10))
    worker._apply_due()
    assert line.queue.backlog() == 2, "it has not waited"
    assert [row.text for row in line.work().values()] == ["ho"]


def test_a_deletion_outlives_the_worker_that_waited_with_it(line: Line) -> None:
    line.put(event({"text": "hi"}, AT), event(None, AT + LATER, rkey=tid(AT), operation="delete"))
    line.queue.read("dead-one", 1, 10)
    waiting = line.make_worker()
    waiting._process(line.queue.read(waiting.consumer, 10, 10))
    waiting._apply_due()
    assert line.work() == {}  # the next worker takes both over
    assert line.queue.backlog() == 0


def test_what_a_collector_notes_is_kept_and_the_later_note_replaces(
    line: Line, queue: PostsQueue, session: Session, settings: Settings
) -> None:
    note: Callable[..., Envelope] = lambda *a: gap_message(line.topic, "x", Gap(AT, *a))  # noqa: E731
    queue.add([note(None, "network error"), through_message(line.topic, "x", AT)])
    queue.add([note(AT + LATER, "network error", 12), through_message(line.topic, "x", AT + LATER)])
    line.make_worker().run(drain=True)
    record = read_records(session, settings.keyspace, line.topic)["x"]
    assert record.gaps == [StoredGap(AT, AT + LATER, "network error", 12)]
    assert record.through == AT + LATER


def test_a_route_that_is_unknown_here_is_kept_aside_and_can_be_queued_again(line: Line, queue: PostsQueue) -> None:
    queue.add([Envelope(line.topic, "x", "x_v2", x_post(), route="teleport")])
    assert line.work() == {}
    [letter] = DeadLetters(queue).read()
    assert letter.reason.startswith("unknown route 'teleport'")
    assert DeadLetters(queue).requeue([letter]) == (1, 0)
    assert queue.read("a newer worker", 1, 10)[0].route == "teleport"


class TestOfAnOlderRelease:
    """Messages that were queued without a route: their format said how to treat them."""

    def queue_as_then(self, line: Line, format_: str, payload: bytes, source: str = "bluesky") -> None:
        names = ("topic", "source", "format", "origin", "replay", "payload")
        values = (line.topic, source, format_, "live", "", payload)
        line.queue.client.xadd(line.queue.stream, dict(zip(names, values, strict=True)))

    def test_a_post_a_deletion_and_a_note(self, line: Line, session: Session, settings: Settings) -> None:
        self.queue_as_then(line, "x_v2", x_post(), "x")
        assert line.work().keys() == {X_ID}
        self.queue_as_then(line, "x_v11_delete", x_notice(), "x")
        self.queue_as_then(line, "gap", msgspec.json.encode(Gap(AT, None, "stopped")), "x")
        self.queue_as_then(line, "through", msgspec.json.encode(Through(AT)), "x")
        assert line.work() == {}
        record = read_records(session, settings.keyspace, line.topic)["x"]
        assert (record.gaps, record.through) == ([StoredGap(AT, None, "stopped")], AT)

    def test_an_update_with_and_without_the_suffix(self, line: Line) -> None:
        first = event({"text": "first"}, AT)
        second, third = (
            event({"text": text}, AT + n * LATER, rkey=tid(AT), operation="update")
            for n, text in enumerate(("second", "third"), 1)
        )
        self.queue_as_then(line, "bluesky_update", second)
        assert line.work() == {}, "nothing is stored that it could replace"
        for format_, payload, text in (
            ("bluesky", first, "first"),
            ("bluesky_update", second, "second"),
            ("bluesky", third, "third"),
        ):
            self.queue_as_then(line, format_, payload)
            [row] = line.work().values()
            assert (row.text, row.event_at.replace(tzinfo=UTC)) == (text, AT)

    def test_a_repost(self, line: Line) -> None:
        subject = {"subject": {"uri": f"at://did:plc:ana/app.bsky.feed.post/{tid(AT)}", "cid": "c"}}
        repost = event(subject, AT + LATER, did="did:plc:ben", collection=REPOST)
        self.queue_as_then(line, "bluesky_repost", repost)
        assert line.work() == {}
        line.put(event({"text": "said"}, AT))
        self.queue_as_then(line, "bluesky_repost", repost)
        assert [row.text for row in line.work().values()] == ["said", "said"]

    def test_a_dead_letter_is_queued_again_by_its_route(self, line: Line, queue: PostsQueue) -> None:
        payload = event({"text": "second"}, AT + LATER, rkey=tid(AT), operation="update")
        fields = {"topic": line.topic, "source": "bluesky", "format": "bluesky_update", "payload": payload}
        queue.client.xadd(queue.dead, {**fields, "size": str(len(payload)), "reason": "no topic"})
        letters = DeadLetters(queue)
        assert letters.requeue(letters.read()) == (1, 0)
        [message] = queue.read("me", 1, 10)
        assert (message.format, message.route) == ("bluesky", Route.UPDATE_IF_STORED)

"""The record of live collection in Cassandra: it outlives Redis's, and does not depend on Redis's clock."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.envelope import Envelope, Message, Route
from ingest.queue.notes import Gap, Mark, Through, gap_message, through_message
from ingest.queue.posts_queue import PostsQueue
from ingest.write.collection_record import END_UNKNOWN, LOST, CollectionRecord
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from stores.coverage import Gap as StoredGap
from stores.coverage import Record, coverage, read_records

AT = datetime(2026, 5, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NO_RECORD = "Redis has no record"


def hours(count: float) -> datetime:
    return AT + count * HOUR


def row(start: float, end: float | None, reason: str) -> StoredGap:
    return StoredGap(hours(start), None if end is None else hours(end), reason)


@dataclass
class Collection:
    """Writes the notes of one collection, as a worker does. `id` is the queue's id of the next one."""

    session: Session
    keyspace: str
    topic: str
    record: str = "first"
    numbers: dict[str, int] = field(default_factory=dict)
    id: str = f"{int(time.time() * 1000)}-0"

    def gap(self, start: float, end: float | None, reason: str = "HTTP 503", *, first: bool = False) -> Gap:
        note = Gap(hours(start), None if end is None else hours(end), reason, first=first, mark=self._mark())
        self.write(note)
        return note

    def through(self, at: float) -> Through:
        note = Through(hours(at), mark=self._mark())
        self.write(note)
        return note

    def _mark(self) -> Mark:
        self.numbers[self.record] = self.numbers.get(self.record, 0) + 1
        return Mark(self.record, self.numbers[self.record])

    def write(self, *notes: Gap | Through) -> None:
        message = Message(self.topic, "x", "", b"", route=Route.NOTE, id=self.id)
        for note in notes:
            CollectionRecord(self.session, self.keyspace).write(message, note)

    @property
    def known(self) -> Record:
        return read_records(self.session, self.keyspace, self.topic)["x"]

    def covered(self, start: float, end: float) -> float | None:
        return coverage(read_records(self.session, self.keyspace, self.topic), hours(start), hours(end))


@pytest.fixture
def collection(session: Session, settings: Settings, topic: Topic) -> Collection:
    return Collection(session, settings.keyspace, topic.topic)


@pytest.fixture
def collected(collection: Collection) -> Collection:
    """A collection from hour 0 to hour 4, that was stopped then. Redis is emptied now."""
    collection.gap(-0.1, None, NO_RECORD, first=True)
    collection.gap(-0.1, 0, NO_RECORD, first=True)
    collection.through(3.9)
    collection.gap(4, None, "stopped")
    collection.through(4)
    assert collection.known == Record([row(4, None, "stopped")], hours(4), hours(0))
    collection.record = "second"
    return collection


def test_the_first_collection_has_no_gap_and_nothing_before_it_is_covered(collection: Collection) -> None:
    collection.gap(-0.1, None, NO_RECORD, first=True)
    assert collection.covered(0, 1) is None, "nothing was collected yet"
    collection.gap(-0.1, 0, NO_RECORD, first=True)
    collection.through(2)
    assert collection.known == Record([], hours(2), hours(0))
    assert (collection.covered(-9, 0), collection.covered(-1, 1), collection.covered(0, 2)) == (0, 0.5, 1)


def test_a_redis_that_was_emptied_rewrites_no_history(collected: Collection) -> None:
    collected.gap(6, None, NO_RECORD, first=True)
    assert collected.known.gaps == [row(4, None, f"stopped; {LOST}")]
    collected.gap(6, 7, NO_RECORD, first=True)
    collected.through(8)
    assert collected.known == Record([row(4, 7, f"stopped; {LOST}")], hours(8), hours(0))
    assert (collected.covered(0, 4), collected.covered(4, 7), collected.covered(7, 8)) == (1, 0, 1)
    assert collected.covered(-1, 1) == 0.5


def test_the_gap_begins_where_what_is_stored_ends(collected: Collection) -> None:
    collected.gap(4, 5, "stopped")
    collected.through(5.5)
    collected.record = "third"
    collected.gap(7, None, NO_RECORD, first=True)
    assert collected.known.gaps == [row(4, 5, "stopped"), row(5.5, None, LOST)]
    collected.gap(7, 8, NO_RECORD, first=True)
    assert collected.known.gaps == [row(4, 5, "stopped"), row(5.5, 8, LOST)]


@pytest.mark.parametrize(("start", "end"), [(2, 4), (4.5, 4.5)])
def test_an_open_gap_that_redis_does_not_know_is_closed_with_a_reason(
    collected: Collection, start: float, end: float
) -> None:
    collected.gap(4, 4, "stopped")
    collected.gap(start, None, "shedding")
    collected.record = "third"
    collected.gap(6, None, NO_RECORD, first=True)
    closed, since = row(start, end, f"shedding; {END_UNKNOWN}"), row(4, None, LOST)
    assert collected.known.gaps == sorted([closed, since], key=lambda gap: gap.start)


def test_an_open_gap_is_closed_when_the_next_one_opens(collected: Collection) -> None:
    """Earlier releases left gaps open, though they had ended."""
    collected.gap(5, None, "HTTP 503")
    assert collected.known.gaps == [row(4, 5, f"stopped; {END_UNKNOWN}"), row(5, None, "HTTP 503")]


def test_the_gap_from_1970_of_an_earlier_release_stays_as_it_is(collection: Collection) -> None:
    never = Gap(datetime(1970, 1, 1, tzinfo=UTC), hours(0), "not collected before")
    collection.write(never, Through(hours(2)))
    collection.through(3)
    assert collection.known == Record([StoredGap(never.start, never.end, never.reason)], hours(3), None)
    assert (collection.covered(-9, 0), collection.covered(0, 3)) == (0, 1)


def test_a_gap_from_1970_that_is_open_ends_with_the_first_collection(collection: Collection) -> None:
    collection.write(Gap(datetime(1970, 1, 1, tzinfo=UTC), None, "not collected before"))
    collection.gap(-0.1, None, NO_RECORD, first=True)
    collection.gap(-0.1, 0, NO_RECORD, first=True)
    collection.through(2)
    assert collection.known.gaps[0].end == hours(-0.1)
    assert (collection.covered(-9, 0), collection.covered(0, 2)) == (0, 1)


@pytest.mark.parametrize("ids", ["1000-0", "1780000000000-5000"])
def test_whatever_the_queues_ids_the_later_note_counts(collected: Collection, ids: str) -> None:
    """With Redis's clock set back an hour, or a year, all ids are smaller, or their write times are equal."""
    collected.id = ids
    collected.record = "first"
    collected.gap(4, 5, "stopped")
    collected.through(6)
    collected.gap(6.5, None, "HTTP 503")
    collected.gap(6.5, 7, "HTTP 503")
    collected.through(8)
    assert collected.known == Record([row(4, 5, "stopped"), row(6.5, 7, "HTTP 503")], hours(8), hours(0))


def test_a_note_that_is_applied_again_after_later_ones_changes_nothing(collected: Collection) -> None:
    notes: list[Gap | Through] = [
        collected.gap(6, None, NO_RECORD, first=True),
        collected.gap(6, 7, NO_RECORD, first=True),
        collected.through(8),
        collected.gap(9, None, "HTTP 503"),
        collected.gap(9, 10, "HTTP 503"),
        collected.through(11),
    ]
    before = collected.known
    collected.write(*notes)
    assert collected.known == before == Record(before.gaps, hours(11), hours(0))


def test_a_note_of_an_earlier_release_never_opens_a_gap_that_has_ended(collected: Collection) -> None:
    collected.write(Gap(hours(5), hours(6), "HTTP 503"), Gap(hours(5), None, "HTTP 503"))
    assert row(5, 6, "HTTP 503") in collected.known.gaps


def test_a_gap_may_start_where_a_filled_one_did(collected: Collection) -> None:
    collected.record = "first"
    collected.gap(4, 4, "stopped; filled by playback")
    collected.gap(4, None, "HTTP 503")
    assert collected.known.gaps == [row(4, None, "HTTP 503")]
    collected.gap(4, 5, "HTTP 503")
    assert collected.known.gaps == [row(4, 5, "HTTP 503")]


@pytest.mark.parametrize("ahead", [True, False])
def test_workers_apply_notes_right_though_redis_clock_was_set_back(
    queue: PostsQueue, session: Session, settings: Settings, topic: Topic, ahead: bool
) -> None:
    """Within a stream, Redis goes on with the last millisecond; after the stream was deleted, with its own clock."""

    def put(*envelopes: Envelope, message_id: str = "*") -> None:
        for envelope in envelopes:
            queue.client.xadd(queue.stream, envelope.fields(), id=message_id)

    def work() -> None:
        Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings)).run(drain=True)

    def gap(number: int, end: datetime | None) -> Envelope:
        return gap_message(topic.topic, "x", Gap(hours(1), end, "HTTP 503", mark=Mark("r", number)))

    def through(number: int, at: datetime) -> Envelope:
        return through_message(topic.topic, "x", at, Mark("r", number))

    later = int((time.time() + 3600) * 1000)
    put(through(1, hours(1)), message_id=f"{later}-2000")
    put(gap(2, None))
    work()
    if not ahead:
        queue.client.delete(queue.stream)
        queue.ensure_group()
    put(gap(3, hours(2)), through(4, hours(3)))
    work()
    record = read_records(session, settings.keyspace, topic.topic)["x"]
    assert record == Record([row(1, 2, "HTTP 503")], hours(3), hours(1))

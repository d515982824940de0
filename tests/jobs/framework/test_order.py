"""The order of a job's runs: each run comes after all earlier ones, whatever the clocks say."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

from cassandra.cluster import Session
from cassandra.util import uuid_from_time
from hypothesis import given
from hypothesis import strategies as st

from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.order import newest_place, take_place
from jobs.framework.runs import JobRun
from jobs.framework.window import Window
from stores.published import place_of

NOW = datetime(2016, 5, 1, 12, 0, 0, 123_456, tzinfo=UTC)


def test_a_place_is_now_in_whole_milliseconds(session: Session, settings: Settings) -> None:
    topic = uuid.uuid4().hex
    assert take_place(session, settings.keyspace, "j", topic, NOW) == NOW.replace(microsecond=123_000)


def test_a_right_clock_comes_after_one_that_is_a_day_fast(session: Session, settings: Settings) -> None:
    topic = uuid.uuid4().hex
    fast = take_place(session, settings.keyspace, "j", topic, NOW + timedelta(days=1))
    right = take_place(session, settings.keyspace, "j", topic, NOW)
    assert right - fast == timedelta(milliseconds=1)
    assert newest_place(session, settings.keyspace, "j", topic) == right
    assert take_place(session, settings.keyspace, "other", topic, NOW) < right


def test_a_run_of_an_older_release_counts_as_before(session: Session, settings: Settings, topic: Topic) -> None:
    future = NOW.replace(microsecond=0) + timedelta(days=300)
    window = Window(NOW, NOW + timedelta(days=1), topic.zone)
    JobRun(session, settings.keyspace, "j", topic, window, future).write("succeeded")
    assert take_place(session, settings.keyspace, "j", topic.topic, NOW) > future


def test_runs_at_once_take_places_of_their_own(session: Session, settings: Settings) -> None:
    topic, taken = uuid.uuid4().hex, list[datetime]()

    def take() -> None:
        taken.append(take_place(session, settings.keyspace, "j", topic, NOW))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = min(taken)
    assert sorted(taken) == [first + timedelta(milliseconds=n) for n in range(8)]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_an_id_carries_its_runs_place(at: datetime) -> None:
    place = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    assert place_of(uuid_from_time(place)) == place

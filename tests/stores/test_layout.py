"""How many partitions a day has: one record decides, however many processes ask, and whatever their files say."""

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.settings import Settings
from conf.topic import Topic
from stores.layout import TOGETHER, DayLayouts, check_layout, record_layout

DAY = date(2026, 5, 25)
DAYS = [DAY + timedelta(days=number) for number in range(TOGETHER + 5)]


class _Late(DayLayouts):
    """Between its first read and its first write, something else happens."""

    before_write: Callable[[], None]

    def _read(self, topic: str, days: Iterable[date], *, newest: bool = False) -> dict[date, int]:
        found = super()._read(topic, days, newest=newest)
        happens, self.before_write = self.before_write, lambda: None
        happens()
        return found


def a_topic(buckets: int, name: str = "") -> Topic:
    return Topic(topic=name or f"t{uuid.uuid4().hex[:12]}", timezone="Asia/Manila", buckets=buckets)


def test_of_many_processes_with_different_files_one_decides_each_day(session: Session, settings: Settings) -> None:
    topic = a_topic(1)
    record_layout(session, settings.keyspace, topic)
    files = [a_topic(buckets, topic.topic) for buckets in range(1, 7)]

    def settle(file: Topic) -> list[int]:
        layouts = DayLayouts(session, settings.keyspace)
        return [layouts.settled(file, day) for day in DAYS[:8]]

    with ThreadPoolExecutor(len(files)) as pool:
        first, *others = pool.map(settle, files)
    assert all(other == first for other in others)
    assert DayLayouts(session, settings.keyspace).of(topic.topic, DAYS[:8], 99) == dict(
        zip(DAYS[:8], first, strict=True)
    )


def test_a_changed_file_holds_for_days_without_posts_alone(session: Session, settings: Settings) -> None:
    old = a_topic(4)
    record_layout(session, settings.keyspace, old)
    assert DayLayouts(session, settings.keyspace).settled(old, DAY) == 4
    new = a_topic(16, old.topic)
    record_layout(session, settings.keyspace, new)
    restarted, still_old = DayLayouts(session, settings.keyspace), DayLayouts(session, settings.keyspace)
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    assert [restarted.settled(new, day) for day in (DAY, before, after)] == [4, 16, 16]
    assert [still_old.settled(old, day) for day in (before, after, after + timedelta(days=1))] == [16, 16, 4]
    assert restarted.newest(old.topic, 2) == {after + timedelta(days=1): 4, after: 16}


def test_days_are_read_and_recorded_in_any_number(session: Session, settings: Settings) -> None:
    topic = a_topic(3)
    layouts = DayLayouts(session, settings.keyspace)
    layouts.record(topic.topic, DAYS[3:5], 7)
    DayLayouts(session, settings.keyspace).record(topic.topic, DAYS, 3)
    expected = {day: 7 if day in DAYS[3:5] else 3 for day in DAYS}
    assert layouts.of(topic.topic, DAYS, 99) == expected
    assert DayLayouts(session, settings.keyspace).of(topic.topic, DAYS, 99) == expected


def test_a_day_that_another_process_records_meanwhile_stays_as_that_says(session: Session, settings: Settings) -> None:
    topic = a_topic(3)
    late = _Late(session, settings.keyspace)
    late.before_write = lambda: DayLayouts(session, settings.keyspace).record(topic.topic, DAYS[1:2], 7)
    late.record(topic.topic, DAYS[:3], 3)
    assert late.of(topic.topic, DAYS[:3], 99) == dict(zip(DAYS[:3], (3, 7, 3), strict=True))
    assert DayLayouts(session, settings.keyspace).of(topic.topic, DAYS[:3], 99) == late.of(topic.topic, DAYS[:3], 99)


def test_a_day_without_a_record_has_the_topics_first_buckets(session: Session, settings: Settings) -> None:
    topic = a_topic(5)
    layouts = DayLayouts(session, settings.keyspace)
    assert layouts.of(topic.topic, [DAY], 9) == {DAY: 9}
    record_layout(session, settings.keyspace, topic)
    assert layouts.of(topic.topic, [DAY], 9) == {DAY: 5}


def test_what_is_recorded_is_asked_for_once(session: Session, settings: Settings) -> None:
    topic = a_topic(5)
    record_layout(session, settings.keyspace, topic)
    layouts = DayLayouts(session, settings.keyspace)
    layouts.settled(topic, DAY)
    layouts._session = None  # whoever asks Cassandra now fails
    assert [layouts.settled(topic, DAY) for _ in range(1000)] == [5] * 1000
    assert layouts.of(topic.topic, [DAY], 9) == {DAY: 5}


def test_another_time_zone_is_refused_and_other_buckets_are_not(session: Session, settings: Settings) -> None:
    topic = a_topic(5)
    record_layout(session, settings.keyspace, topic)
    check_layout(session, settings.keyspace, topic.model_copy(update={"buckets": 50}))
    with pytest.raises(WrongUse, match=r"was stored with timezone: Asia/Manila, but its file now says Asia/Tokyo"):
        check_layout(session, settings.keyspace, topic.model_copy(update={"timezone": "Asia/Tokyo"}))

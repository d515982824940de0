"""`airflow backfill create` over days, killed at a seeded moment: it goes on, and computes no finished day again.

Among the days is one of 23 hours, at whose end the clocks have changed, and two without posts.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from time import sleep
from zoneinfo import ZoneInfo

import pytest
from cassandra.cluster import Session

from conf.tables import HASHTAG_TRENDS
from tests.at_length.airflow.stage import Stage, made_in, wait_for
from tests.support.commands import spark_submit
from tests.support.ground import Ground
from tests.support.results import Rows, results_of, same

SEED = 2016
JOB = "hashtag_trends"
ZONE = ZoneInfo("Europe/London")
LAST = date(2016, 3, 28)
"""The last day; the clocks change on the day before."""
EMPTY = (date(2016, 3, 24), date(2016, 3, 25))


@pytest.fixture
def days(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--backfill-days"))


def begin(day: date) -> datetime:
    """Returns when a day begins, in UTC, as Cassandra's driver gives times."""
    return datetime.combine(day, time(0), ZONE).astimezone(UTC).replace(tzinfo=None)


def remove_posts(stage: Stage, topic: str) -> None:
    """Removes the posts of the days that are to be empty."""
    for day, bucket in product(EMPTY, range(2)):
        query = f"DELETE FROM {stage.keyspace}.posts WHERE topic = %s AND day = %s AND bucket = %s"
        stage.session.execute(query, [topic, day, bucket])


def daily_rows(stage: Stage, topic: str) -> dict[str, Rows]:
    """Returns the published rows of days and hours."""
    found = results_of(stage.session, stage.keyspace, topic, [HASHTAG_TRENDS])
    return {name: [row for row in rows if row["period"] != "window"] for name, rows in found.items()}


def test_a_backfill_that_is_killed_goes_on_where_it_was(
    own: Ground, session: Session, corpus: Path, tmp_path: Path, days: int
) -> None:
    stage = made_in(tmp_path, own, session)
    topic = stage.topic(ZONE.key)
    stage.stored(corpus, topic)
    remove_posts(stage, topic)
    stage.schedule(daily={"jobs": [JOB], "exports": None, "publish": False}, pool_slots=2)
    dag = f"pulso_daily_{topic}"
    first = LAST - timedelta(days=days - 1)
    wanted = [begin(first + timedelta(days=n)) for n in range(days)]
    kill_after = random.Random(SEED).randint(days // 4, days // 2)
    with stage.running() as airflow:
        stage.unpause(dag)
        span = ("--from-date", f"{first:%Y-%m-%d}", "--to-date", f"{LAST:%Y-%m-%d}", "--max-active-runs", "2")
        stage.cli("backfill", "create", "--dag-id", dag, *span)
        wait_for(lambda: len(stage.succeeded(topic, JOB).keys() & set(wanted)) >= kill_after, "a part", 1800)
        sleep(random.Random(SEED).random() * 3)
        stage.kill(airflow)
    wait_for(lambda: not stage.spark(), "the end of the jobs that the killed workers have left")
    finished = _finished(stage, dag)
    before = stage.succeeded(topic, JOB)
    assert kill_after - 2 <= len(finished & set(wanted)) < days  # the last ones may not have said so
    with stage.running():
        wait_for(lambda: set(wanted) <= stage.succeeded(topic, JOB).keys(), "the jobs of the other days", 2400)
        wait_for(lambda: set(wanted) <= _finished(stage, dag), "the other days")
        found = daily_rows(stage, topic)
    after = stage.succeeded(topic, JOB)
    assert {day: after[day] for day in finished} == {day: before[day] for day in finished}
    assert {row["period_start"] for row in _windows(stage, topic)} >= set(wanted) - {begin(day) for day in EMPTY}
    whole = [f"{begin(day).isoformat()}Z" for day in (first, LAST + timedelta(days=1))]
    done = spark_submit(JOB, "--topic", topic, "--from", whole[0], "--to", whole[1], timeout=900, **stage.submits)
    assert done.returncode == 0, done.stderr
    same(daily_rows(stage, topic), found)


def _finished(stage: Stage, dag: str) -> set[datetime]:
    """Returns the first instants, in UTC, of the days whose run Airflow knows to have succeeded."""
    runs = stage.listed("dags", "list-runs", dag, "--state", "success")
    return {datetime.fromisoformat(run["logical_date"]).replace(tzinfo=None) for run in runs}


def _windows(stage: Stage, topic: str) -> Rows:
    rows = results_of(stage.session, stage.keyspace, topic, [HASHTAG_TRENDS])[HASHTAG_TRENDS.name]
    return [row for row in rows if row["period"] == "window"]

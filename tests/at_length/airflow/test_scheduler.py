"""The scheduler itself runs three hours of a topic while posts come in live, some of them late."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cassandra.cluster import Session

from conf import ROOT
from conf.schedule import Hourly
from conf.tables import CANDIDATE_POLL, HASHTAG_TRENDS, TOP_ITEMS, TOPIC_VOLUME
from tests.at_length.airflow.stage import PATIENCE, Stage, made_in, wait_for
from tests.support.bluesky import event, tid
from tests.support.commands import spark_submit
from tests.support.ground import Ground
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import running, stop
from tests.support.ports import free_port
from tests.support.results import Rows, results_of, same

HOURS = 3
POSTS_AN_HOUR = 60
TABLES = (CANDIDATE_POLL, HASHTAG_TRENDS, TOPIC_VOLUME, TOP_ITEMS)


@pytest.fixture
def jetstream() -> Iterator[JetstreamServer]:
    with JetstreamServer() as server:
        yield server


def publish(server: JetstreamServer, start: datetime, offset: int) -> int:
    """Publishes posts of each hour from `start` on, at moments that depend on `offset`; returns how many."""
    for number in range(HOURS * POSTS_AN_HOUR):
        at = start + timedelta(hours=HOURS) * (number + offset / 10) / (HOURS * POSTS_AN_HOUR)
        text = f"{('duterte', 'roxas')[number % 2]} speaks #tag{number % 7}"
        facet = {"$type": "app.bsky.richtext.facet#tag", "tag": f"tag{number % 7}"}
        begin = text.index("#")
        index = {"byteStart": begin, "byteEnd": len(text)}
        record = {"text": text, "facets": [{"index": index, "features": [facet]}], "createdAt": at.isoformat()}
        author = f"did:plc:{'abcdefghijkl'[number % 12]}{offset}"
        server.add(event(record, datetime.now(UTC), author, rkey=tid(at, offset)))
    return HOURS * POSTS_AN_HOUR


def hours(stage: Stage, topic: str, start: datetime) -> dict[str, Rows]:
    """Returns the rows of the three hours, of each table that the hourly jobs publish."""
    end = start + timedelta(hours=HOURS)

    def within(rows: Rows) -> Rows:
        return [r for r in rows if r["period"] == "hour" and start <= r["period_start"].replace(tzinfo=UTC) < end]

    return {name: within(rows) for name, rows in results_of(stage.session, stage.keyspace, topic, TABLES).items()}


def stored(stage: Stage, topic: str) -> int:
    query = f"SELECT count(*) FROM {stage.keyspace}.posts WHERE topic = %s ALLOW FILTERING"
    return int(stage.session.execute(query, [topic], timeout=60).one()[0])


def test_three_hours_that_are_filled_live_equal_one_run_over_them(
    own: Ground, session: Session, jetstream: JetstreamServer, tmp_path: Path
) -> None:
    stage = made_in(tmp_path, own, session)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS)
    topic = stage.topic("UTC")
    stage.schedule(catch_up_from=start.isoformat())
    environment = {**own.environment, "PULSO_BLUESKY_HOSTS": jetstream.address}
    own.worker()
    with running("stream", "--topic", topic, "--source", "bluesky", **environment) as collector:
        wait_for(lambda: jetstream.asked, "the collector")
        posts = publish(jetstream, start, 1)
        wait_for(lambda: stored(stage, topic) == posts, "the first posts")
        with stage.running():
            stage.unpause(f"pulso_hourly_{topic}")
            wait_for(lambda: stage.succeeded(topic, "shared_items"), "the first hour")
            posts += publish(jetstream, start, 2)  # late, also for the first hour
            wait_for(lambda: stored(stage, topic) == posts, "the late posts")
            late = datetime.now(UTC)
            last = start + timedelta(hours=HOURS - 1 - Hourly().look_back_hours)
            wait_for(_ran(stage, topic, last, late), "the third hour, after the late posts were stored")
            assert _elsewhere(stage) == []
            found = hours(stage, topic, start)
        stop(collector)
    assert {len({r["period_start"] for r in rows}) for rows in found.values()} == {HOURS}
    window = [at.isoformat() for at in (start, start + timedelta(hours=HOURS))]
    words = ("--topic", topic, "--from", window[0], "--to", window[1], "--jobs", ",".join(Hourly().jobs))
    done = spark_submit("daily", *words, **stage.submits)
    assert done.returncode == 0, done.stderr
    same(hours(stage, topic, start), found)


def _ran(stage: Stage, topic: str, start: datetime, after: datetime) -> Callable[[], bool]:
    """Returns whether each hourly job has succeeded over the window that begins then, and began after a time."""

    def ran() -> bool:
        return all(
            any(
                run.status == "succeeded"
                and run.window_start.replace(tzinfo=UTC) == start
                and run.started_at.replace(tzinfo=UTC) > after
                for run in stage.runs(topic, job)
            )
            for job in Hourly().jobs
        )

    return ran


def _elsewhere(stage: Stage) -> list[str]:
    """Returns the addresses, other than this machine's own, on which a process of this Airflow listens."""
    found = []
    for process in stage.processes():
        for one in process.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and not one.laddr.ip.startswith(("127.", "::1")):
                found.append(f"{process.name()} {one.laddr.ip}:{one.laddr.port}")
    return found


def test_a_second_one_is_refused_and_a_part_that_ends_is_named_and_the_others_are_stopped(stage: Stage) -> None:
    with stage.running() as airflow:
        wait_for(lambda: _part(stage, "scheduler") and _part(stage, "dag-processor"), "the parts")
        second = subprocess.run(
            stage.starts_at(free_port()), env=stage.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert f"{stage.home} runs already. End it first, by Ctrl-C there or by: kill {airflow.pid}\n" in second.stderr
        for process in _part(stage, "scheduler"):
            process.kill()
        assert airflow.wait(PATIENCE) == 1
        assert stage.processes() == []
    assert "error: scheduler ended with code -9" in (stage.home / "airflow.log").read_text()


def _part(stage: Stage, name: str) -> list[psutil.Process]:
    return [process for process in stage.processes() if name in process.cmdline()]

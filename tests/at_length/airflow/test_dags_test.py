"""`airflow dags test` of the DAGs, on a generated day: twice the same, killed in the middle, and with a bad post."""

import os
import signal
import time
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
import pytest

from conf.partitions import bucket_of
from deploy import airflow
from deploy.airflow_records import clean
from tests.at_length.airflow.stage import PATIENCE, Stage, wait_for
from tests.support.ground import Ground
from tests.support.results import same

DAY_ENDS, HOUR_ENDS = "2016-05-08T16:00:00Z", "2016-05-08T04:00:00Z"
DAY = date(2016, 5, 8)
"""The day, in Manila, that ends then."""


@pytest.fixture(scope="module")
def topic(stage: Stage, corpus: Path) -> str:
    """A topic with a generated day."""
    name = stage.topic()
    stage.stored(corpus, name)
    return name


@pytest.mark.parametrize(("dag", "end"), [("hourly", HOUR_ENDS), ("daily", DAY_ENDS)])
def test_a_run_succeeds_and_a_second_one_gives_the_same(stage: Stage, topic: str, dag: str, end: str) -> None:
    stage.after(f"pulso_{dag}_{topic}", end)
    first = stage.results(topic)
    stage.test(f"pulso_{dag}_{topic}", end)
    same(first, stage.results(topic))
    filled = {name for name, rows in first.items() if rows}
    assert {"candidate_poll", "hashtag_trends", "topic_volume", "top_items"} <= filled
    if dag == "daily":
        assert {"author_activity", "graph_edges", "graph_nodes", "candidate_hashtags"} <= filled
        exported = sorted(file.name for file in (stage.home / "exports" / topic).iterdir())
        assert exported == ["graphs-2016-05-08-edges.parquet", "graphs-2016-05-08-nodes.parquet"]
        assert "candidate_poll: succeeded" in stage.said(f"pulso_{dag}_{topic}")


def test_a_day_without_posts_succeeds(stage: Stage) -> None:
    topic = stage.topic()
    stage.test(f"pulso_daily_{topic}", DAY_ENDS)
    assert "nothing written: no graph of" in stage.said(f"pulso_daily_{topic}")
    assert list((stage.home / "exports" / topic).iterdir()) == []


def test_a_submit_that_is_killed_is_tried_again_and_ends_well(stage: Stage, topic: str) -> None:
    dag = f"pulso_daily_{topic}"
    stage.after(dag, DAY_ENDS)
    undisturbed = stage.results(topic)
    before = len(stage.runs(topic, "network_graph"))
    process = stage.start_test(dag, DAY_ENDS)
    wait_for(lambda: len(stage.runs(topic, "network_graph")) > before, "the last job but one")
    [java] = stage.spark()
    java.kill()
    assert process.wait(PATIENCE) == 0, stage.said(dag)[-6000:]
    same(undisturbed, stage.results(topic))
    statuses = [run.status for run in stage.runs(topic, "network_graph")]
    assert (statuses[0], statuses[1]) == ("succeeded", "failed")


def test_a_run_that_begins_while_cassandra_is_down_ends_well_once_it_is_back(
    stage: Stage, topic: str, own: Ground
) -> None:
    dag = f"pulso_hourly_{topic}"
    stage.after(dag, HOUR_ENDS)
    undisturbed = stage.results(topic)
    stage.schedule(retries=10)
    own.kill("Cassandra")
    try:
        process = stage.start_test(dag, HOUR_ENDS)
        wait_for(lambda: "Cassandra does not answer" in stage.said(dag), "the first try")
    finally:
        own.up()
        stage.schedule()
    assert process.wait(PATIENCE) == 0, stage.said(dag)[-6000:]
    same(undisturbed, stage.results(topic))


def test_a_worker_that_is_killed_leaves_no_spark_behind(stage: Stage, topic: str) -> None:
    dag = f"pulso_daily_{topic}"
    before = len(stage.runs(topic, "candidate_poll"))
    process = stage.start_test(dag, DAY_ENDS)
    wait_for(lambda: len(stage.runs(topic, "candidate_poll")) > before, "the second job")
    left = [java for java in stage.spark() if java.is_running()]
    assert len(left) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    _, alive = psutil.wait_procs(left, 60)
    assert not alive
    stage.test(dag, DAY_ENDS)
    assert stage.runs(topic, "candidate_poll")[0].status == "succeeded"


def test_a_check_that_fails_stops_what_depends_on_it_and_is_named(stage: Stage, corpus: Path) -> None:
    topic = stage.topic()
    stage.stored(corpus, topic)
    key = (topic, DAY, bucket_of("900", 2), "x", "900")
    stage.session.execute(
        f"INSERT INTO {stage.keyspace}.posts (topic, day, bucket, source, post_id, event_at, author_id, kind, folded) "
        "VALUES (%s, %s, %s, %s, %s, %s, '1', 'shout', 'ana')",
        [*key, datetime(2016, 5, 8, 3, tzinfo=UTC)],
    )
    stage.schedule(retries=0)
    try:
        dag = f"pulso_daily_{topic}"
        process = stage.start_test(dag, DAY_ENDS)
        assert process.wait(PATIENCE) != 0
    finally:
        stage.schedule()
    said = stage.said(dag)
    check = "posts: kind is one of original, retweet, reply, quote"
    assert f"{dag}: day over 2016-05-07T16:00Z to 2016-05-08T16:00Z failed: " in said
    assert f"a check failed: {check}" in said
    assert "Not run because of it: export_edges, export_nodes, publish" in said
    assert f"error: {check}" in said, "the quality summary names it, too"
    assert not (stage.home / "exports" / topic).exists()
    assert not any(stage.results(topic).values())


def test_records_of_old_runs_go_and_dags_stay(stage: Stage, topic: str) -> None:
    dag = f"pulso_daily_{topic}"
    stage.after(dag, DAY_ENDS)
    old = stage.home / "logs" / f"dag_id={dag}" / "run_id=old"  # `dags test` writes none
    old.mkdir(parents=True)
    before = stage.listed("dags", "list")
    clean(airflow.PROGRAM, stage.home, stage.environment, keep_days=-1)
    assert not old.exists()
    assert stage.listed("dags", "list") == before
    stage.test(dag, DAY_ENDS)


def test_ten_topics_are_parsed_in_less_than_two_seconds(stage: Stage, tmp_path: Path) -> None:
    have = len(list(stage.ground.settings.topics_dir.glob("*.yaml")))
    for _ in range(10 - have):
        stage.topic()
    report = stage.listed("dags", "report")
    seconds = sum((_seconds(row["duration"]) for row in report), 0.0)
    assert sum(int(row["dag_num"]) for row in report) >= 2 * 10 + 1
    assert seconds < 2, report


def _seconds(duration: str) -> float:
    at = time.strptime(duration.partition(".")[0], "%H:%M:%S")
    return at.tm_hour * 3600 + at.tm_min * 60 + at.tm_sec + float(f"0.{duration.partition('.')[2] or 0}")

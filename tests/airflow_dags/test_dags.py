"""The DAGs as Airflow reads them: valid, cheap to parse, with the right times; and what a mistake takes away."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from conf import ROOT
from conf.schedule import JOBS, Schedule, load_schedule
from jobs import daily, poll_backtest
from jobs.framework.window import Window
from tests.airflow_dags.conftest import TOPICS, Told, parsed

HEAVY = {"pyspark", "cassandra", "redis", "polars", "duckdb", "great_expectations", "igraph"}


def test_each_topic_has_its_dags_and_no_file_an_error(told: Told) -> None:
    assert told["errors"] == {}
    topics = ("b_c-1", "ph2016", "plain")
    names = [f"pulso_{rhythm}_{topic}" for rhythm in ("daily", "hourly") for topic in topics]
    assert sorted(told["dags"]) == [*names, "pulso_maintenance"]


def test_a_day_is_the_topics_own_and_an_hour_is_utc(told: Told) -> None:
    zones = {dag_id: dag["zone"] for dag_id, dag in told["dags"].items()}
    assert zones.pop("pulso_daily_ph2016") == "Asia/Manila"
    assert zones.pop("pulso_daily_b_c-1") == "America/New_York"
    assert set(zones.values()) == {"UTC"}


def test_each_run_has_an_interval_a_limit_and_tries_and_old_times_are_not_caught_up(told: Told) -> None:
    for dag in told["dags"].values():
        assert dag["timetable"] == "CronDataIntervalTimetable"
        assert (dag["catchup"], dag["max_active_runs"], dag["has_doc"], dag["has_deadline"]) == (False, 1, True, False)
        for task in dag["tasks"].values():
            assert task["retries"] == Schedule().retries
            assert task["timeout"] > 0
            assert task["told_of"]


def test_spark_tasks_share_a_pool_and_tell_what_they_make(told: Told) -> None:
    day = told["dags"]["pulso_daily_ph2016"]["tasks"]
    assert day["day"]["pool"] == "pulso_spark"
    assert day["day"]["outlets"] == sorted(f"pulso://{job}/ph2016" for job in JOBS)
    assert day["coverage"]["pool"] == "default_pool"


def test_what_is_published_needs_every_job_and_the_checks(told: Told, otherwise: Told) -> None:
    for found in (told, otherwise):
        tasks = found["dags"]["pulso_daily_ph2016"]["tasks"]
        counted = {name for name, task in tasks.items() if task["pool"] == "pulso_spark"}
        assert set(tasks["quality"]["upstream"]) == counted
        assert tasks["quality"]["rule"].endswith("ALL_DONE")
        assert set(tasks["publish"]["upstream"]) == counted | {"quality"}
        assert tasks["publish"]["rule"].endswith("NONE_FAILED")
        assert {*counted, "publish"} == set(tasks["export_edges"]["upstream"])


def test_with_a_task_for_each_job_the_poll_waits_for_what_it_leaves_out_and_the_others_for_the_poll(
    otherwise: Told,
) -> None:
    tasks = otherwise["dags"]["pulso_daily_ph2016"]["tasks"]
    upstream = {name: task["upstream"] for name, task in tasks.items()}
    assert upstream["names"] == ["coverage"]
    assert upstream["author_activity"] == ["coverage", "names"]
    assert tasks["author_activity"]["rule"].endswith("ALL_DONE_MIN_ONE_SUCCESS"), "handles can be missing for a day"
    assert upstream["coordination"] == ["author_activity"]
    assert upstream["candidate_poll"] == ["author_activity", "coordination"]
    assert tasks["candidate_poll"]["rule"].endswith("ALL_DONE_MIN_ONE_SUCCESS"), "it does not need coordination"
    assert {tuple(upstream[job]) for job in JOBS[3:]} == {("candidate_poll",)}
    assert upstream["backtest"] == sorted(JOBS)
    assert "backtest" not in otherwise["dags"]["pulso_daily_plain"]["tasks"]


def test_options_are_followed(otherwise: Told) -> None:
    dag = otherwise["dags"]["pulso_daily_ph2016"]
    assert (dag["catchup"], dag["start"], dag["has_deadline"]) == (True, "2016-02-01T00:00:00+00:00", True)


def test_a_topic_file_that_cannot_be_one_is_told_and_takes_no_other_topics_dags(told: Told, otherwise: Told) -> None:
    assert sorted(otherwise["dags"]) == sorted(told["dags"])
    assert list(otherwise["errors"]) == ["topic_files.py"]
    [line] = otherwise["errors"].values()
    for name, why in {
        "Odd Name.yaml": "the name is none of a topic",
        "no-yaml.yaml": "while parsing a flow node",
        "no-zone.yaml": "timezone: no such time zone 'Mars/Olympus'",
        "empty.yaml": "is not a topic",
        "後.yaml": "the name is none of a topic",
    }.items():
        assert f"{name}: {why}" in line


def test_a_run_fails_with_its_jobs_also_where_nothing_is_published(tmp_path: Path) -> None:
    found = parsed(tmp_path, TOPICS, "daily: {publish: false, exports: }\n")
    tasks = found["dags"]["pulso_daily_plain"]["tasks"]
    assert tasks["all_well"]["upstream"] == ["day", "quality"]
    assert tasks["all_well"]["rule"].endswith("NONE_FAILED")


def test_a_mistake_in_the_settings_is_told_with_its_line(tmp_path: Path) -> None:
    found = parsed(tmp_path, TOPICS, "tasks: set\nretrys: 3\n")
    assert found["dags"] == {}
    assert len(found["errors"]) == 4
    for error in found["errors"].values():
        assert "schedule.yaml:2: retrys: unknown key. Did you mean retries?" in error


def test_parsing_imports_no_job_and_no_engine(told: Told) -> None:
    assert {"jobs", "ingest", "readers", "stores", "deploy"} & set(told["imported"]) == set()
    assert set(told["imported"]) & HEAVY == set()


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Africa/Cairo", date(2024, 4, 24)),
        ("America/Santiago", date(2023, 9, 1)),
        ("Europe/London", date(2026, 10, 23)),
    ],
)
def test_runs_are_the_days_that_jobs_count_also_where_the_clocks_change(told: Told, zone: str, first: date) -> None:
    runs = [[datetime.fromisoformat(at) for at in run] for run in told["days"][zone]]
    midnight = datetime.combine(first, time(0), ZoneInfo(zone)).astimezone(UTC)
    window = Window(midnight, runs[-1][1], ZoneInfo(zone))
    assert [window.days()[0] + timedelta(days=n) for n in range(len(runs))] == window.days()
    assert runs[0][0] == midnight
    for start, end in runs:
        assert Window(start, end, ZoneInfo(zone)).whole("day") == (start, end)
    assert {(end - start).total_seconds() / 3600 for start, end in runs} in ({24, 23}, {24, 25})


def test_the_settings_that_are_shown_are_the_defaults() -> None:
    assert load_schedule(ROOT / "conf" / "schedule.yaml") == Schedule()


def test_the_jobs_of_the_schedules_are_those_there_are() -> None:
    assert [*JOBS, poll_backtest.JOB.name] == [job.name for job in daily.JOBS]

"""The one shape of all jobs: arguments, the window's posts, transform, checks, publish, and a row in job_runs."""

import argparse
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cassandra.cluster import Session
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from conf.connect import cassandra_session
from conf.errors import PulsoError, exit_code_of
from conf.instants import instant
from conf.layout import check_layout
from conf.schema import Table
from conf.settings import Settings, load_settings
from conf.tables import POSTS
from conf.topic import Topic, load_topic
from jobs.coverage import Record, coverage, read_records
from jobs.publishing import Row, collect_rows, publish, swaps
from jobs.reading import posts_in
from jobs.runs import JobRun
from jobs.spark import spark_session
from jobs.window import Window, now_micros, parse_window


@dataclass(frozen=True)
class Job:
    """What a job is: the columns it reads, the tables it publishes, its transform, and the partitions it owns.

    `transform(posts, topic, window)` gives a frame for each output table, without the run's own columns and without
    `coverage`, which the runner knows.
    `partitions(topic)` names every partition that a run replaces, those that end up empty included.
    """

    name: str
    inputs: Mapping[str, list[str]]
    outputs: tuple[Table, ...]
    transform: Callable[[DataFrame, Topic, Window], Mapping[str, DataFrame]]
    partitions: Callable[[Topic], list[dict[str, str]]]


@dataclass(frozen=True)
class JobResult:
    """What a run did."""

    run_id: uuid.UUID
    rows_read: int
    rows_written: int
    seconds: float


def arg_parser(job: Job) -> argparse.ArgumentParser:
    """The arguments that every job takes."""
    parser = argparse.ArgumentParser(prog=f"spark-submit jobs/{job.name}.py", allow_abbrev=False)
    parser.add_argument("--topic", required=True, metavar="T", help="name of a file in conf/topics")
    parser.add_argument("--from", required=True, metavar="D", dest="start", help="date or ISO time, UTC, included")
    parser.add_argument("--to", required=True, metavar="D", dest="end", help="date or ISO time, UTC, excluded")
    parser.add_argument("-v", "--verbose", action="store_true", help="tracebacks")
    return parser


def run(job: Job, argv: Sequence[str] | None = None) -> int:
    """Runs a job from the command line and gives its exit code (DESIGN 2)."""
    arguments = arg_parser(job).parse_args(argv)

    def call() -> None:
        settings = load_settings()
        topic = load_topic(arguments.topic, settings.topics_dir)
        window = parse_window(arguments.start, arguments.end, topic.zone)
        with cassandra_session(settings) as session:
            spark = spark_session(job.name, settings)
            result = run_job(job, spark, session, settings, topic, window)
        span = f"[{window.start:%Y-%m-%dT%H:%MZ}, {window.end:%Y-%m-%dT%H:%MZ})"
        print(
            f"{job.name} {topic.topic} {span}: {result.rows_read:,} posts read, "
            f"{result.rows_written:,} rows published in {result.seconds:.1f} s"
        )

    return exit_code_of(call, verbose=arguments.verbose)


def run_job(
    job: Job, spark: SparkSession, session: Session, settings: Settings, topic: Topic, window: Window
) -> JobResult:
    """Runs a job over a window and writes its job_runs row, whether it succeeds or fails."""
    job_run = JobRun(session, settings.keyspace, job.name, topic, window)
    began = time.monotonic()
    job_run.write("running")
    try:
        check_layout(session, settings.keyspace, topic)
        read, written = _compute_and_publish(job, spark, session, settings, topic, window, job_run)
    except BaseException as error:
        job_run.write("failed", seconds=time.monotonic() - began, error=one_line(error))
        if isinstance(error, PySparkException | Py4JError):
            raise PulsoError(
                f"{job.name} failed in Spark: {one_line(error)}", "The whole trace: run again with -v"
            ) from error
        raise
    result = JobResult(job_run.run_id, read, written, time.monotonic() - began)
    job_run.write("succeeded", rows_read=read, rows_written=written, seconds=result.seconds)
    return result


def _compute_and_publish(
    job: Job, spark: SparkSession, session: Session, settings: Settings, topic: Topic, window: Window, job_run: JobRun
) -> tuple[int, int]:
    """Posts read and rows published. Everything is computed and checked before the first row is written."""
    at = now_micros()
    run_columns = {"run_id": job_run.run_id, "computed_at": at // 1000}
    derived = {"coverage": _coverage(read_records(session, settings.keyspace, topic.topic))}
    posts = posts_in(spark, settings, topic, window, job.inputs[POSTS.name])
    try:
        read = posts.count()
        frames = job.transform(posts, topic, window)
        ready = [
            (table, swaps(table, job.partitions(topic), collect_rows(frames[table.name], table, run_columns, derived)))
            for table in job.outputs
        ]
    finally:
        posts.unpersist()
    written = sum(publish(session, settings.keyspace, table, found, window, at) for table, found in ready)
    return read, written


def _coverage(records: Mapping[str, Record]) -> Callable[[Row], float | None]:
    """The coverage of a row's period. Thousands of rows share it, so each is computed once."""

    @cache
    def of(start_ms: int, end_ms: int) -> float | None:
        return coverage(records, instant(start_ms * 1000), instant(end_ms * 1000))

    return lambda row: of(row["period_start"], row["period_end"])


def one_line(error: BaseException) -> str:
    """An error as one short line, for job_runs and for the terminal."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]

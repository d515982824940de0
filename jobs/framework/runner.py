"""Runs a job: arguments, the window's posts, checks, transform, checks again, publish, and a row in job_runs."""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cassandra.cluster import Session
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from conf.errors import PulsoError, exit_code_of
from conf.instants import instant
from conf.settings import Settings, load_settings
from conf.tables import AUTHOR_ACTIVITY, POSTS
from conf.topic import Topic, load_topic
from jobs.framework.bulk_publishing import publish_bulk
from jobs.framework.coverage import Record, coverage, read_records
from jobs.framework.job import Frames, Job, JobResult, Output
from jobs.framework.publication import Publication, is_bulk
from jobs.framework.publishing import Row, Swap, collect_rows, publish, swaps
from jobs.framework.quality import Quality, build_docs
from jobs.framework.reading import activity_in, stored_posts, within
from jobs.framework.runs import JobRun, covering, past_runs, rows_before
from jobs.framework.spark import spark_session
from jobs.framework.window import Window, now_micros, parse_window
from stores.connect import cassandra_session
from stores.layout import check_layout

QUALITY_FOLDER = "quality"
"""Where, under PULSO_HOME, the results are kept that Data Docs show."""


def arg_parser(job: Job) -> argparse.ArgumentParser:
    """The arguments that every job takes."""
    parser = argparse.ArgumentParser(prog=f"spark-submit jobs/{job.name}.py", allow_abbrev=False)
    parser.add_argument("--topic", required=True, metavar="T", help="name of a file in conf/topics")
    parser.add_argument("--from", required=True, metavar="D", dest="start", help="date or ISO time, UTC, included")
    parser.add_argument("--to", required=True, metavar="D", dest="end", help="date or ISO time, UTC, excluded")
    parser.add_argument("--docs", action="store_true", help="build the data quality pages (Data Docs) of this run")
    parser.add_argument("-v", "--verbose", action="store_true", help="tracebacks")
    return parser


def run(job: Job, argv: Sequence[str] | None = None) -> int:
    """Runs a job from the command line and gives its exit code (DESIGN 2)."""
    arguments = arg_parser(job).parse_args(argv)

    def call() -> None:
        settings = load_settings()
        topic = load_topic(arguments.topic, settings.topics_dir)
        window = parse_window(arguments.start, arguments.end, topic.zone)
        docs = settings.home / QUALITY_FOLDER if arguments.docs else None
        with cassandra_session(settings) as session:
            spark = spark_session(job.name, settings)
            try:
                result = run_job(job, spark, session, settings, topic, window, docs)
            finally:
                if docs:
                    print(f"data docs: {build_docs(docs)}")
        _tell(job, topic, window, result)

    return exit_code_of(call, verbose=arguments.verbose)


def _tell(job: Job, topic: Topic, window: Window, result: JobResult) -> None:
    for warning in result.warnings:
        print(f"warning: {warning}")
    print(
        f"{job.name} {topic.topic} [{window.start:%Y-%m-%dT%H:%MZ}, {window.end:%Y-%m-%dT%H:%MZ}): "
        f"{result.rows_read:,} posts read, {result.rows_written:,} rows published in {result.seconds:.1f} s, "
        f"{result.check_seconds:.1f} s of them checks"
    )


def run_job(
    job: Job,
    spark: SparkSession,
    session: Session,
    settings: Settings,
    topic: Topic,
    window: Window,
    docs: Path | None = None,
) -> JobResult:
    """Runs a job over a window and writes its job_runs row, whether it succeeds or fails."""
    job_run = JobRun(session, settings.keyspace, job.name, topic, window)
    began = time.monotonic()
    job_run.write("running")
    quality = Quality(job_run.run_id, docs)
    try:
        check_layout(session, settings.keyspace, topic)
        publication = Publication(settings, topic, window, job_run.run_id, now_micros())
        read, written = _Run(job, spark, session, publication, quality).go()
    except BaseException as error:
        job_run.write("failed", seconds=time.monotonic() - began, error=one_line(error))
        if isinstance(error, PySparkException | Py4JError):
            raise PulsoError(
                f"{job.name} failed in Spark: {one_line(error)}", "The whole trace: run again with -v"
            ) from error
        raise
    finally:
        quality.write(session, settings.keyspace, job.name, topic.topic, datetime.now(UTC))
    seconds = time.monotonic() - began
    result = JobResult(job_run.run_id, read, written, seconds, quality.seconds, quality.warnings)
    job_run.write("succeeded", rows_read=read, rows_written=written, seconds=result.seconds)
    return result


@dataclass
class _Run:
    """One run's steps. Everything is computed and checked before the first row is written."""

    job: Job
    spark: SparkSession
    session: Session
    publication: Publication
    quality: Quality
    kept: list[DataFrame] = field(default_factory=list)

    def go(self) -> tuple[int, int]:
        """Posts of the window and rows published."""
        with self._released():
            inputs = self._inputs()
            read = within(inputs[POSTS.name], self.publication.window, ["event_at"]).count()
            frames = self.job.transform(inputs, self.publication.topic, self.publication.window)
            ready = [(output, self._checked(output, frames[output.table.name])) for output in self.job.outputs]
            written = sum(self._published(output, rows) for output, rows in ready)
        return read, written

    def _inputs(self) -> Frames:
        """What the transform is given, by table; the posts are checked first."""
        settings, topic, window = self.publication.settings, self.publication.topic, self.publication.window
        span = self.job.reach(window, topic)
        stored = self._keep(stored_posts(self.spark, settings, topic, span, self.job.post_columns))
        stored.count()  # read now, once: the checks look at what is there
        self._check_posts(stored, span)
        inputs = {POSTS.name: within(stored, span, self.job.post_columns)}
        if AUTHOR_ACTIVITY.name in self.job.inputs:
            runs = past_runs(self.session, settings.keyspace, AUTHOR_ACTIVITY.name, topic)
            if covered := covering(runs, window):
                columns = self.job.inputs[AUTHOR_ACTIVITY.name]
                inputs[AUTHOR_ACTIVITY.name] = self._keep(activity_in(self.spark, settings, topic, covered, columns))
        return inputs

    def _check_posts(self, stored: DataFrame, span: Window) -> None:
        from jobs.framework.expectations import checked_posts, of_posts  # noqa: PLC0415 - Great Expectations takes seconds

        keyspace, topic = self.publication.settings.keyspace, self.publication.topic
        before = rows_before(past_runs(self.session, keyspace, self.job.name, topic), self.publication.window)
        self.quality.check(POSTS.name, checked_posts(stored, span), of_posts(stored, before))

    def _checked(self, output: Output, frame: DataFrame) -> DataFrame | list[Swap]:
        """A summary that has passed its checks: swaps on the driver, or for a bulk table the frame itself."""
        from jobs.framework.expectations import checked_rows, of_rows  # noqa: PLC0415 - Great Expectations takes seconds

        # Computed now, once, and cut off from how: each check would otherwise analyse the whole plan anew.
        rows = frame.localCheckpoint(eager=True)
        self.quality.check(
            output.table.name, checked_rows(rows, output.table), of_rows(rows, output.table, output.rules)
        )
        if is_bulk(output.table):
            return rows
        records = read_records(self.session, self.publication.settings.keyspace, self.publication.topic.topic)
        derived = {"coverage": _coverage(records)}
        collected = collect_rows(rows, output.table, self.publication.run_columns, derived)
        return swaps(output, self.publication, collected)

    def _published(self, output: Output, ready: DataFrame | list[Swap]) -> int:
        if isinstance(ready, DataFrame):
            return publish_bulk(self.session, output, ready, self.publication)
        return publish(self.session, output, ready, self.publication)

    def _keep(self, frame: DataFrame) -> DataFrame:
        self.kept.append(frame)
        return frame

    @contextmanager
    def _released(self) -> Iterator[None]:
        try:
            yield
        finally:
            for frame in self.kept:
                frame.unpersist()


def _coverage(records: Mapping[str, Record]) -> Callable[[Row], float | None]:
    """The coverage of a row's period. Thousands of rows share it, so each is computed once."""

    @cache
    def of(start_ms: int, end_ms: int) -> float | None:
        return coverage(records, instant(start_ms * 1000), instant(end_ms * 1000))

    return lambda row: of(row["period_start"], row["period_end"])


def one_line(error: BaseException) -> str:
    """An error as one short line, for job_runs and for the terminal."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]

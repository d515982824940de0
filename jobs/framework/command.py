"""The command line of the files in jobs/: one job, or a set of jobs in one Spark session."""

import argparse
import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.errors import PulsoError, WrongUse, exit_code_of, tell
from conf.settings import Settings, load_settings
from conf.topic import Topic, load_topic
from jobs.framework.inputs import Posts, SharedPosts
from jobs.framework.job import Job, JobResult
from jobs.framework.quality import build_docs, import_ahead
from jobs.framework.runner import run_job
from jobs.framework.spark import spark_session
from jobs.framework.window import Window, parse_window
from stores.connect import cassandra_session

QUALITY_FOLDER = "quality"
"""The folder under PULSO_HOME that keeps the results for Data Docs."""


def arg_parser(name: str) -> argparse.ArgumentParser:
    """Returns the parser of the arguments that every file in jobs/ takes."""
    parser = argparse.ArgumentParser(prog=f"spark-submit jobs/{name}.py", allow_abbrev=False)
    parser.add_argument("--topic", required=True, metavar="T", help="name of a file in conf/topics")
    parser.add_argument("--from", required=True, metavar="D", dest="start", help="date or ISO time, UTC, included")
    parser.add_argument("--to", required=True, metavar="D", dest="end", help="date or ISO time, UTC, excluded")
    parser.add_argument("--docs", action="store_true", help="build the data quality pages (Data Docs) of this run")
    parser.add_argument("-v", "--verbose", action="store_true", help="show tracebacks")
    return parser


@dataclass(frozen=True)
class Surroundings:
    """What jobs run in: the settings, the topic and the window that the arguments name, and both sessions.

    `docs` is the folder that keeps the results of checks for the data quality pages; None if these are not wanted.
    """

    spark: SparkSession
    session: Session
    settings: Settings
    topic: Topic
    window: Window
    docs: Path | None = None

    def run(self, job: Job, posts: SharedPosts | None = None) -> None:
        """Runs a job, and tells its result. Raises as `run_job` does."""
        result = run_job(
            *(job, self.spark, self.session, self.settings, self.topic, self.window, self.docs), posts=posts
        )
        _tell(job, self.topic, self.window, result)


@contextmanager
def surroundings(name: str, arguments: argparse.Namespace) -> Iterator[Surroundings]:
    """Opens the sessions, and builds the data quality pages at the end. Raises PulsoError, as `load_topic` does."""
    settings = load_settings()
    topic = load_topic(arguments.topic, settings.topics_dir)
    window = parse_window(arguments.start, arguments.end, topic.zone)
    docs = settings.home / QUALITY_FOLDER if arguments.docs else None
    import_ahead()
    with cassandra_session(settings) as session:
        spark = spark_session(name, settings)
        try:
            yield Surroundings(spark, session, settings, topic, window, docs)
        finally:
            if docs:
                print(f"data docs: {build_docs(docs)}")


def run(job: Job, argv: Sequence[str] | None = None) -> int:
    """Runs a job from the command line and returns its exit code."""
    arguments = arg_parser(job.name).parse_args(argv)

    def call() -> None:
        with surroundings(job.name, arguments) as around:
            around.run(job)

    return exit_code_of(call, verbose=arguments.verbose)


def _tell(job: Job, topic: Topic, window: Window, result: JobResult) -> None:
    for warning in result.warnings:
        print(f"warning: {warning}")
    if result.superseded:
        print("a later run of this job has already replaced some or all of this result; readers see the later run")
    print(
        f"{job.name} {topic.topic} [{window.start:%Y-%m-%dT%H:%MZ}, {window.end:%Y-%m-%dT%H:%MZ}): "
        f"{result.rows_read:,} posts read, {result.rows_written:,} rows published in {result.seconds:.1f} s, "
        f"{result.check_seconds:.1f} s of them checks"
    )


def set_parser(name: str, jobs: Sequence[Job]) -> argparse.ArgumentParser:
    """Returns the parser of the arguments of a set of jobs."""
    parser = arg_parser(name)
    every = ",".join(job.name for job in jobs)
    parser.add_argument("--jobs", metavar="a,b", help=f"the jobs to run, in the order of this list: {every}")
    return parser


def run_set(name: str, jobs: Sequence[Job], argv: Sequence[str] | None = None) -> int:
    """Runs jobs one after the other in one Spark session, with the posts read once; returns the exit code.

    The code is 1 if a job failed; the others run nevertheless, except those that can't do without its result. Jobs
    that do not fit the topic or the window are left out, unless `--jobs` names them: then that is wrong use.
    """
    arguments = set_parser(name, jobs).parse_args(argv)
    failed = list[str]()

    def call() -> None:
        chosen = _chosen(jobs, arguments.jobs)
        with surroundings(name, arguments) as around:
            fitting = [job for job in chosen if _fits(job, around, named=bool(arguments.jobs))]
            inputs = [given for job in fitting for given in job.inputs if isinstance(given, Posts)]
            with SharedPosts(inputs, around.topic, around.window) as posts:
                for job in fitting:
                    if not _succeeds(job, around, posts, failed, verbose=arguments.verbose):
                        failed.append(job.name)
            if failed:
                raise PulsoError(f"{len(failed)} of {len(fitting)} jobs failed: {', '.join(failed)}")

    return exit_code_of(call, verbose=arguments.verbose)


def _chosen(jobs: Sequence[Job], wanted: str | None) -> list[Job]:
    """Returns the jobs that `--jobs` names, all without it. Raises WrongUse for an unknown name."""
    if wanted is None:
        return list(jobs)
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    known = [job.name for job in jobs]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise WrongUse(f"--jobs: no job {name!r}", f"Did you mean {close[0]}?" if close else f"Jobs: {known}")
    if not names:
        raise WrongUse("--jobs names no job", f"Jobs: {', '.join(known)}")
    return [job for job in jobs if job.name in names]


def _fits(job: Job, around: Surroundings, *, named: bool) -> bool:
    """Returns whether a job can be run for the topic and the window; tells why not, or raises WrongUse if `named`."""
    try:
        job.requires(around.topic, around.window)
    except WrongUse as error:
        if named:
            raise
        print(f"{job.name} left out: {error.what}")
        return False
    return True


def _succeeds(job: Job, around: Surroundings, posts: SharedPosts, failed: Sequence[str], *, verbose: bool) -> bool:
    """Runs a job of a set. If it fails, its error is told, and the set goes on. Stopping it stops the set."""
    needed = [given.table.job for given in job.inputs if given.table.job in failed and given.required]
    if needed:
        tell(PulsoError(f"not run, since it needs {needed[0]}, which failed"), of=job.name)
        return False
    try:
        around.run(job, posts)
    except Exception as error:
        tell(error, verbose=verbose, of=job.name)
        return False
    return True

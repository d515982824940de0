"""The command line of the files in jobs/: one job, or a set of jobs in one Spark session."""

import gc
import signal
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from conf.errors import PulsoError, WrongUse, exit_code_of, tell
from conf.garbage import look_seldom
from conf.nearest import did_you_mean
from conf.settings import Settings, load_settings
from conf.topic import Topic, load_topic
from jobs.framework.arguments import arg_parser, set_parser
from jobs.framework.inputs import Place, Posts, SharedPosts
from jobs.framework.job import Job, JobResult
from jobs.framework.posts_a_day import remember
from jobs.framework.quality import build_docs, import_ahead
from jobs.framework.runner import run_job
from jobs.framework.side_by_side import Outcome, run_all
from jobs.framework.spark import spark_session
from jobs.framework.spark_errors import CASSANDRA_GONE, START_AGAIN, ExecutorLost
from jobs.framework.window import Window, parse_window
from stores.connect import cassandra_session
from stores.refused import silence_told

QUALITY_FOLDER = "quality"
"""The folder under PULSO_HOME that keeps the results for Data Docs."""
TRIES = 3
"""How often a job is begun, if executors end in the middle."""


@dataclass(frozen=True)
class Asked:
    """What the arguments and the environment ask for: the settings, the topic and the window.

    `docs` is the folder that keeps the results of checks for the data quality pages; None if these are not wanted.
    """

    settings: Settings
    topic: Topic
    window: Window
    docs: Path | None = None


def asked_by(arguments: Namespace) -> Asked:
    """Returns what the arguments ask for. Raises PulsoError, as `load_topic` does."""
    settings = load_settings()
    topic = load_topic(arguments.topic, settings.topics_dir)
    window = parse_window(arguments.start, arguments.end, topic.zone)
    return Asked(settings, topic, window, settings.home / QUALITY_FOLDER if arguments.docs else None)


@contextmanager
def opened(name: str, asked: Asked) -> Iterator[Place]:
    """Opens both sessions, at the same time; builds the data quality pages at the end. Raises PulsoError."""
    import_ahead()
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        session = pool.submit(stack.enter_context, cassandra_session(asked.settings))
        spark = spark_session(name, asked.settings)
        at = Place(spark, session.result(), asked.settings, asked.topic, asked.window)
        try:
            yield at
        finally:
            if asked.docs:
                print(f"data docs: {build_docs(asked.docs)}")


def run(job: Job, argv: Sequence[str] | None = None) -> int:
    """Runs a job from the command line and returns its exit code."""
    arguments = arg_parser(job.name).parsed(argv)

    def call() -> None:
        asked = asked_by(arguments)
        job.requires(asked.topic, asked.window)  # Spark takes seconds to start, so what can be known is told before
        with opened(job.name, asked) as at:
            _tell(job, at, _run(job, at, asked.docs))

    return _exit_code_of(call, verbose=arguments.verbose, own_process=argv is None)


def _exit_code_of(call: Callable[[], None], *, verbose: bool, own_process: bool) -> int:
    """Calls, and returns the exit code, as `exit_code_of` does.

    In a process of its own Python looks for garbage seldom, and not at the end: there it would look through all modules
    for a second, only to end.
    """
    if not own_process:
        return exit_code_of(call, verbose=verbose)
    look_seldom()
    try:
        return exit_code_of(call, verbose=verbose)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # all is told: what comes now ends the process without a word
            signal.signal(number, signal.SIG_DFL)
        gc.freeze()


def _run(job: Job, at: Place, docs: Path | None) -> JobResult:
    """Runs a job. Raises as `run_job` does, but PulsoError if Cassandra does not answer or refuses this user.

    On a cluster, an executor may end in the middle, with rows that only it had. Then the job begins again.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with silence_told(START_AGAIN, CASSANDRA_GONE):
                return run_job(job, at.spark, at.session, at.settings, at.topic, at.window, docs, posts=at.posts)
        except ExecutorLost as error:
            if not tries_left:
                raise
            print(f"warning: {error.what}; it begins again")
    raise AssertionError("the last try returns or raises")


def _tell(job: Job, at: Place, result: JobResult) -> None:
    """Tells a job's result, and leaves its number of posts to the next start."""
    topic, window = at.topic, at.window
    remember(at.settings, topic, window, result.rows_read)
    for warning in result.warnings:
        print(f"warning: {warning}")
    if result.superseded:
        print("a later run of this job has already replaced some or all of this result; readers see the later run")
    print(
        f"{job.name} {topic.topic} [{window.start:%Y-%m-%dT%H:%MZ}, {window.end:%Y-%m-%dT%H:%MZ}): "
        f"{result.rows_read:,} posts read, {result.rows_written:,} rows published in {result.seconds:.1f} s, "
        f"{result.check_seconds:.1f} s of them checks"
    )


def run_set(name: str, jobs: Sequence[Job], argv: Sequence[str] | None = None) -> int:
    """Runs jobs in one Spark session, two at once, with the posts read once; returns the exit code.

    The code is 1 if a job failed; the others run nevertheless, except those that can't do without its result. Jobs
    that do not fit the topic or the window are left out, unless `--jobs` names them without `--fitting`: then that is
    wrong use.
    """
    arguments = set_parser(name, jobs).parsed(argv)

    def call() -> None:
        chosen = _chosen(jobs, arguments.jobs)
        asked = asked_by(arguments)
        named = bool(arguments.jobs) and not arguments.fitting
        fitting = [job for job in chosen if _fits(job, asked, named=named)]
        if not fitting:
            return
        inputs = [given for job in fitting for given in job.inputs if isinstance(given, Posts)]
        with opened(name, asked) as at, SharedPosts(inputs, asked.topic, asked.window) as posts:
            place = replace(at, posts=posts)

            def told(job: Job, outcome: Outcome) -> None:
                _tell_of_a_set(job, place, outcome, verbose=arguments.verbose)

            failed = run_all(
                fitting, lambda job: _run(job, place, asked.docs), told, at.spark.sparkContext.cancelAllJobs
            )
        if failed:
            names = ", ".join(job.name for job in failed)
            raise PulsoError(f"{len(failed)} of {len(fitting)} jobs failed: {names}")

    return _exit_code_of(call, verbose=arguments.verbose, own_process=argv is None)


def _chosen(jobs: Sequence[Job], wanted: str | None) -> list[Job]:
    """Returns the jobs that `--jobs` names, all without it. Raises WrongUse for an unknown name."""
    if wanted is None:
        return list(jobs)
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    known = [job.name for job in jobs]
    for name in names:
        if name not in known:
            raise WrongUse(f"--jobs: no job {name!r}", did_you_mean(name, known, f"Jobs: {', '.join(known)}"))
    if not names:
        raise WrongUse("--jobs names no job", f"Jobs: {', '.join(known)}")
    return [job for job in jobs if job.name in names]


def _fits(job: Job, asked: Asked, *, named: bool) -> bool:
    """Returns whether a job can be run for the topic and the window; tells why not, or raises WrongUse if `named`."""
    try:
        job.requires(asked.topic, asked.window)
    except WrongUse as error:
        if named:
            raise
        print(f"{job.name} left out: {error.what}")
        return False
    return True


def _tell_of_a_set(job: Job, at: Place, outcome: Outcome, *, verbose: bool) -> None:
    """Tells how a job of a set has ended. The set goes on, also if that is an error."""
    if isinstance(outcome, Exception):
        tell(outcome, verbose=verbose, of=job.name)
    else:
        _tell(job, at, outcome)

"""Runs a job: inputs, checks, transform, checks again, publication, and a row in job_runs."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import structlog
from cassandra.cluster import Session
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from conf.errors import one_line
from conf.instants import instant
from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.counting import FEW_ROWS
from jobs.framework.expectations import of_rows
from jobs.framework.expected import Checks
from jobs.framework.inputs import Place, Posts, Read, SharedPosts, released
from jobs.framework.job import Inputs, Job, JobResult, Output
from jobs.framework.local import computed
from jobs.framework.order import take_place
from jobs.framework.publication import Publication
from jobs.framework.publish import Result, publish_all
from jobs.framework.quality import Quality, docs_of
from jobs.framework.runs import JobRun, past_runs, rows_before
from jobs.framework.spark_errors import told
from jobs.framework.swapping import Row, Swap, collect_rows, swaps
from jobs.framework.window import Window
from stores.coverage import Record, coverage, read_records
from stores.layout import check_layout
from stores.refused import FAILURES

log = structlog.get_logger("job")


def run_job(
    job: Job,
    spark: SparkSession,
    session: Session,
    settings: Settings,
    topic: Topic,
    window: Window,
    docs: Path | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    posts: SharedPosts | None = None,
) -> JobResult:
    """Runs a job over a window, and returns a JobResult.

    Writes the run's row in job_runs, whether the run succeeds or fails.

    With `docs`, the results of its checks are kept in that folder. `now` returns the time of this host's clock. `posts`
    are posts that several jobs share. Raises PulsoError for errors that a person can fix, and the Cassandra driver's
    errors while Cassandra is down.
    """
    began = time.monotonic()
    place = take_place(session, settings.keyspace, job.name, topic.topic, now())
    job_run = JobRun(session, settings.keyspace, job.name, topic, window, place)
    quality = Quality(job_run.run_id, docs_of(docs, job.name, topic.topic, window) if docs else None)
    publication = Publication(settings, job.name, topic, window, job_run.run_id, place)

    def record_checks() -> None:
        quality.write(session, settings.keyspace, job.name, topic.topic, now())

    with job_run.going_on():
        try:
            job_run.write("running")  # in here: a stop may come while it is stored, before Cassandra's answer
            check_layout(session, settings.keyspace, topic)
            job.requires(topic, window)
            at = Place(spark, session, settings, topic, window, posts)
            read, held, result = _Run(job, job_run, at, publication, quality, record_checks, began).go()
        except BaseException as error:
            what = "stopped" if isinstance(error, KeyboardInterrupt) else one_line(error)
            with _the_first_error_counts():
                job_run.write("failed", seconds=time.monotonic() - began, error=what)
                record_checks()
            if isinstance(error, PySparkException | Py4JError):
                raise told(job.name, error) from error
            raise
    seconds = time.monotonic() - began
    return JobResult(
        *(job_run.run_id, read, result.rows, seconds, quality.seconds, quality.warnings),
        superseded=not result.stands,
        posts_held=held,
    )


@contextmanager
def _the_first_error_counts() -> Iterator[None]:
    """Logs an error of Cassandra's in the block, so that it does not hide the error that is being handled."""
    try:
        yield
    except FAILURES as error:
        log.warning("the failed run could not be recorded", error=one_line(error))


@contextmanager
def _first(checks: "Future[None]") -> Iterator[None]:
    """Ends when the checks have ended. Their error counts before one of the block: bad rows may have caused that.

    A stop counts before both: it may have caused theirs.
    """
    try:
        yield
    except Exception:
        checks.result()
        raise
    checks.result()


@dataclass
class _Run:
    """The steps of one run. Everything is computed and checked before the first row is written."""

    job: Job
    job_run: JobRun
    place: Place
    publication: Publication
    quality: Quality
    record_checks: Callable[[], None]
    began: float
    kept: list[DataFrame] = field(default_factory=list)

    def go(self) -> tuple[int, int, Result]:
        """Reads, transforms, checks and publishes.

        Returns the number of the window's posts, that of all that were read, and what was published.
        """
        topic, window = self.place.topic, self.place.window
        with self._released(), ThreadPoolExecutor(1, "input checks") as beside:
            found = self._read()
            checks = beside.submit(self._check_inputs, found)
            if _posts(found) > FEW_ROWS:
                checks.result()
                found = self._once(found)
            inputs = _inputs(found)
            self.job_run.shaped_by(self.job.methods(topic, inputs), inputs.runs)
            self.job_run.write("running")  # readers may see its rows though it is killed before it records its end
            with _first(checks):
                frames = self.job.transform(inputs, topic, window)
            if (once := self._once(found)) is not found:
                found, frames = once, self.job.transform(_inputs(once), topic, window)
            posts, held = _posts(found), _posts_read(found) or _posts(found)
            ready = [(output, self._checked(output, frames[output.table.name])) for output in self.job.outputs]
            self.record_checks()
            result = publish_all(
                self.place.session, ready, self.publication, then=lambda result: self._record(posts, result)
            )
        return posts, held, result

    def _record(self, posts: int, result: Result) -> None:
        """Writes the end of the run to job_runs."""
        status = "succeeded" if result.stands else "superseded"
        seconds = time.monotonic() - self.began
        self.job_run.write(status, rows_read=posts, rows_written=result.rows, seconds=seconds)

    def _read(self) -> dict[str, Read]:
        """Reads the inputs; returns what was read, by table."""
        at = self.place
        found: dict[str, Read] = {}
        for given in self.job.inputs:
            read = given.read(at)
            if read is None:
                continue
            if read.stored:
                self.kept.append(read.stored)
            found[given.table.name] = read
        return found

    def _once(self, found: dict[str, Read]) -> dict[str, Read]:
        """Returns what was read; where the checks found posts under two days, without their later copies."""
        changed: dict[str, Read] = {}
        for given in self.job.inputs:
            name = given.table.name
            if isinstance(given, Posts) and (read := given.once(self.place, found[name])) is not found[name]:
                self.kept += [read.stored] if read.stored else []
                changed[name] = read
        return found | changed if changed else found

    def _check_inputs(self, found: Mapping[str, Read]) -> None:
        """Checks what was read. Raises PulsoError if a check fails.

        Of a few rows, this is done while Spark plans the transform, which leaves a core idle.
        """
        at = self.place
        for name, read in found.items():
            if read.checks:
                before = rows_before(past_runs(at.session, at.settings.keyspace, self.job.name, at.topic), at.window)
                self.quality.compare_volume(name, read.posts, before)
                self.quality.check(name, read.checks)

    def _checked(self, output: Output, frame: DataFrame) -> DataFrame | list[Swap]:
        """Checks a summary; returns its swaps, or for a bulk table the frame itself.

        Raises PulsoError if a check fails.
        """
        rows = computed(frame)
        self.quality.check(output.table.name, Checks(rows, of_rows(rows, output.table, output.rules)))
        if output.table.is_bulk:
            return rows
        records = read_records(self.place.session, self.place.settings.keyspace, self.place.topic.topic)
        derived = {"coverage": _coverage(records)}
        collected = collect_rows(rows, output.table, self.publication.run_columns, derived)
        return swaps(output, self.publication, collected)

    @contextmanager
    def _released(self) -> Iterator[None]:
        try:
            yield
        finally:
            for frame in self.kept:
                released(frame)


def _posts(found: Mapping[str, Read]) -> int:
    return sum(read.posts for read in found.values())


def _inputs(found: Mapping[str, Read]) -> Inputs:
    """Returns what was read as the input of a transform."""
    return Inputs(
        {name: read.frame for name, read in found.items()},
        {name: read.method for name, read in found.items() if read.run_id},
        {name: read.run_id for name, read in found.items() if read.run_id},
        _posts(found),
        _posts_read(found),
    )


def _posts_read(found: Mapping[str, Read]) -> int | None:
    """Returns the number of posts that were read; None if later copies were left out, since nobody counted the rest."""
    counts = [read.checks.counts for read in found.values() if read.checks and read.checks.counts]
    return sum(one.rows for one in counts) if counts else None


def _coverage(records: Mapping[str, Record]) -> Callable[[Row], float | None]:
    """Returns a function for the coverage of a row's period. Many rows share one, so each is computed once."""

    @cache
    def of(start_ms: int, end_ms: int) -> float | None:
        return coverage(records, instant(start_ms * 1000), instant(end_ms * 1000))

    return lambda row: of(row["period_start"], row["period_end"])

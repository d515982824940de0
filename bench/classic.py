"""Runs the classic design: posts are enqueued one by one, and timed until the last job has ended."""

import time
from collections.abc import Sequence

import psutil
import rq
from rq.registry import FailedJobRegistry, FinishedJobRegistry

from bench.classic_design import QUEUE, make_table, only_parse, place, store
from bench.commands import python, running
from bench.corpus import check_stored, units
from bench.lab import TOPIC, Lab
from conf.errors import PulsoError

KEYSPACE = "bench_classic"
KEPT = 3600
"""Seconds that RQ keeps a finished job: longer than a pass takes."""
POLL = 0.05
STALLED = 60.0
"""Seconds without a finished job after which a pass ends with an error."""


def stored_pass(lab: Lab, kind: str) -> float:
    """Returns the seconds that a worker takes to store the sample.

    `kind` is a key of classic_worker.KINDS. Raises PulsoError where a job fails, or not exactly the sample is stored.
    """
    own = lab.in_keyspace(KEYSPACE)
    own.drop()
    make_table(own.session, own.settings)
    where = (*place(own.settings), own.settings.keyspace, TOPIC)
    jobs = [(*where, unit.format, unit.payload) for unit in units(own, own.plan.sample)]
    seconds = _timed(own, kind, store, jobs)
    check_stored(own, own.plan.sample, f"RQ's {kind} worker")
    return seconds


def parsed_pass(lab: Lab, kind: str) -> float:
    """Returns the seconds that a worker takes for the sample with jobs that store nothing.

    Raises PulsoError where a job fails.
    """
    lab.redis.flushdb()
    jobs = [(unit.format, unit.payload) for unit in units(lab, lab.plan.sample)]
    return _timed(lab, kind, only_parse, jobs)


def _timed(lab: Lab, kind: str, function: object, jobs: Sequence[tuple[object, ...]]) -> float:
    """Returns the seconds from the first enqueue to the end of the last job; the worker is idle before."""
    queue = rq.Queue(QUEUE, connection=lab.redis)
    with running(lab, python("bench.classic_worker", kind), ready=lambda: _is_idle(lab)) as worker:
        began = time.monotonic()
        for arguments in jobs:
            queue.enqueue_call(function, args=arguments, result_ttl=KEPT, description="post")
        _wait_until_done(queue, len(jobs), worker, lab)
        return time.monotonic() - began


def _is_idle(lab: Lab) -> bool:
    return any(worker.get_state() == "idle" for worker in rq.Worker.all(connection=lab.redis))


def _wait_until_done(queue: rq.Queue, jobs: int, worker: psutil.Process, lab: Lab) -> None:
    """Waits for all jobs. Raises PulsoError when a job fails, the worker ends, or no job ends for STALLED seconds."""
    finished, failed = FinishedJobRegistry(queue=queue), FailedJobRegistry(queue=queue)
    done, since = 0, time.monotonic()
    while done < jobs:
        time.sleep(POLL)
        now = finished.get_job_count(cleanup=False)
        if now > done:
            done, since = now, time.monotonic()
            lab.show(f"RQ has done {done:,} of {jobs:,} jobs")
        if failed.get_job_count(cleanup=False) or time.monotonic() - since > STALLED or not worker.is_running():
            raise PulsoError(f"RQ's worker stopped or failed after {done:,} of {jobs:,} jobs", _reason(failed))


def _reason(failed: FailedJobRegistry) -> str:
    """Returns the last line of the first failed job's traceback."""
    for job_id in failed.get_job_ids(0, 0, cleanup=False):
        result = rq.job.Job.fetch(job_id, connection=failed.connection).latest_result()
        lines = (result.exc_string or "").strip().splitlines() if result else []
        if lines:
            return str(lines[-1])[:300]
    return "See its log, in the benchmark's home until the run ends"

"""What a person is told when Spark fails: the known causes in plain words with the fix, any other as Spark says it."""

import os
import re
from pathlib import Path

from py4j.protocol import Py4JNetworkError

from conf.errors import PulsoError, WrongUse, one_line

CASSANDRA_GONE = "Cassandra no longer answers"
START_AGAIN = "See what `.venv/bin/python -m ingest cluster` says, start it, and run the job again"
LOCAL_DIRS = "SPARK_LOCAL_DIRS"
"""Spark's own variable: the folders of its temporary files, with commas between them."""
_KNOWN = (
    (
        r"No space left on device|Disk quota exceeded|File too large",
        "Spark could not write its temporary files: the disk is full",
        f"Make room, or set {LOCAL_DIRS} to a folder on a disk that has some, and run it again",
    ),
    (
        r"java\.lang\.OutOfMemoryError|SparkOutOfMemoryError|INVALID_DRIVER_MEMORY",
        "Spark's driver has too little memory",
        "Give it more, as in `spark-submit --driver-memory 4g jobs/…`, or take a shorter window",
    ),
    (
        r"Python in worker has different version (\d+\.\d+) than that in driver (\d+\.\d+)",
        r"the executors' Python is \1, and the driver's \2",
        r"Install Python \2 on the workers, and name it, as in --conf spark.pyspark.python=/usr/bin/python\2. What "
        r"`make dist` builds is for this version alone",
    ),
    (
        r'Cannot run program "([^"\s]*python[^"\s]*)"',
        r"a worker has no Python named \1",
        "Install it there, or name another of the same version by --conf spark.pyspark.python=…",
    ),
    (
        r"No module named '(?:conf|stores|jobs)\b",
        "the executors do not have the project's code",
        "Run make dist, and give spark-submit --py-files dist/pulso-….zip as docs/cluster.md says",
    ),
    (
        r"No module named '([\w.]+)'|(PyArrow) >= \S+ must be installed|(GLIBC_[\d.]+)' not found",
        r"the executors can't load \1\2\3",
        "Run make dist, and give spark-submit the archive of libraries, made for the workers' kind of machine, as "
        "docs/cluster.md says",
    ),
    (
        r"NoHostAvailable(?!.*(?:Unauthorized|AuthenticationFailed))|StoreDown: Cassandra"
        r"|AllNodesFailedException|NoNodeAvailableException",
        CASSANDRA_GONE,
        START_AGAIN,
    ),
)
_STOPPED = re.compile(r"masters are unresponsive|stopped SparkContext|NullPointerException|Application has been killed")
_LOST = re.compile(r"Checkpoint block rdd_\d+_\d+ not found")


_CANCELLED = re.compile(r"SPARK_JOB_CANCELLED|Job \d+ cancelled|SparkContext was shut down|stopped SparkContext")


class ExecutorLost(PulsoError):
    """An executor has ended, and with it rows that nobody else had. The job can be begun again."""


def told(what: str, error: Exception) -> PulsoError:
    """Returns the error to raise in place of one of Spark's. `what` names what failed, such as a job."""
    text = str(error)
    if _LOST.search(text):
        return ExecutorLost(f"{what} failed: an executor has ended, and with it rows that only it had", "Run it again")
    for pattern, cause, fix in _KNOWN:
        if found := re.search(pattern, text):
            return PulsoError(f"{what} failed: {found.expand(cause)}", found.expand(fix))
    return PulsoError(f"{what} failed in Spark: {one_line(error)}", "Run again with -v for the whole traceback")


def ends_the_run(error: Exception) -> bool:
    """Returns whether an error of Spark's says nothing of what was asked: rows are lost, or the user stops the job."""
    return bool(_LOST.search(str(error)) or _CANCELLED.search(str(error)) or isinstance(error, Py4JNetworkError))


def start_told(master: str, error: Exception) -> PulsoError:
    """Returns the error to raise if Spark does not start.

    A master that does not answer stops Spark, which then says only that it was stopped.
    """
    if master.startswith("spark://") and _STOPPED.search(str(error)):
        what = f"no Spark master answers at {master}, or it refuses this driver"
        return PulsoError(what, "Check the address, and spark.authenticate.secret if the cluster has one")
    return told("Spark's start", error)


def check_local_dirs() -> None:
    """Raises WrongUse if Spark can write to none of the folders in SPARK_LOCAL_DIRS. It would end without a word."""
    given = [Path(name) for name in os.environ.get(LOCAL_DIRS, "").split(",") if name.strip()]
    if given and not any(map(_can_be_written, given)):
        raise WrongUse(
            f"{LOCAL_DIRS}: Spark can't write to {', '.join(map(str, given))}", "Name a folder that can be written to"
        )


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)

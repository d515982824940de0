"""What a person is told when Spark fails: the known causes in plain words with the fix, any other as Spark says it."""

import os
import re
from pathlib import Path

from conf.errors import PulsoError, WrongUse, one_line

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
)


def told(what: str, error: Exception) -> PulsoError:
    """Returns the error to raise in place of one of Spark's. `what` names what failed, such as a job."""
    for pattern, cause, fix in _KNOWN:
        if re.search(pattern, str(error)):
            return PulsoError(f"{what} failed: {cause}", fix)
    return PulsoError(f"{what} failed in Spark: {one_line(error)}", "Run again with -v for the whole traceback")


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

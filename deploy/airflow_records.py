"""Removes what Airflow has kept of old runs: rows of its database, and logs. It holds the lock of one Airflow, too."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from conf.processes import started, this_boot
from deploy.console import say
from deploy.process import run_to_end

ENDED = "ended"
"""Noted instead of the start of a process that has ended by then."""
LARGEST = 20 << 20
"""Bytes that the log of a part may have, before it begins anew."""
LONGEST = 600.0
"""Seconds that the removal of rows may take. Meanwhile nobody watches the parts."""
DAY, FIRST = timedelta(days=1), timedelta(hours=1)
TABLES = "job,dag_run,task_instance,task_instance_history,task_reschedule,xcom,log,asset_event,import_error,callback"
"""What grows with each run. The table of DAGs stays: it knows which of them are switched on."""


@contextmanager
def alone(home: Path) -> Iterator[IO[str]]:
    """Yields a file for the processes of this Airflow (see `note`); holds the lock of its home while the block runs.

    Raises PulsoError if another Airflow of this home runs, or a part of one whose command was killed: two schedulers
    would run each task twice. Who uses it must have ended the parts when the block ends.
    """
    home.mkdir(parents=True, exist_ok=True)
    what = f"an Airflow with the records in {home} runs already"
    with (home / "running").open("a+") as file:
        file.seek(0)
        noted = [_Noted(*words) for line in file if len(words := line.split()) == len(_Noted._fields)]
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            own = "".join(f" or by: kill {one.pid}" for one in noted[:1])
            raise PulsoError(what, f"End it first, by Ctrl-C there{own}") from None
        if left := [f"-{one.pid}" for one in noted[1:] if one.is_left()]:
            raise PulsoError(what, f"Its command was killed. End what is left of it, by: kill -- {' '.join(left)}")
        file.truncate(0)
        try:
            yield file
        finally:
            file.truncate(0)


def note(pid: int, file: IO[str]) -> None:
    """Writes a process into the file of `alone`: the command's own first, then its parts, which lead sessions."""
    print(*_Noted(str(pid), this_boot(), started(pid) or ENDED), file=file, flush=True)


class _Noted(NamedTuple):
    """A process, with what tells it from one that gets its id later, also after a restart of the machine."""

    pid: str
    boot: str
    start: str

    def is_left(self) -> bool:
        """Whether a part runs, or a process that it has started: a killed scheduler leaves its workers behind."""
        if self.boot != this_boot() or (started(int(self.pid)) or self.start) != self.start:
            return False
        try:
            os.killpg(int(self.pid), 0)
        except OSError:
            return False
        return True


def clean(program: str, home: Path, variables: Mapping[str, str], keep_days: int) -> None:
    """Removes rows and logs of runs that ended more than `keep_days` ago. Raises PulsoError if that fails."""
    before = datetime.now(UTC) - keep_days * DAY
    words = (
        "db",
        "clean",
        "--tables",
        TABLES,
        "--clean-before-timestamp",
        before.isoformat(),
        "--skip-archive",
        "--yes",
    )
    run_to_end([program, *words], ROOT, variables, seconds=LONGEST)
    clean_logs(home / "logs", before.timestamp())


def try_to_clean(program: str, home: Path, variables: Mapping[str, str], keep_days: int, console: Console) -> None:
    """Does what `clean` does, and says why where that fails: Airflow goes on."""
    try:
        clean(program, home, variables, keep_days)
    except (PulsoError, OSError) as error:
        say(console, f"warning: old records of Airflow stay: {error}")


def clean_logs(folder: Path, before: float) -> None:
    """Removes the logs of runs, and of the DAG processor's days, that were last written to before a time.

    The log of a part that has got too large is moved aside; it takes the place of the one before.
    """
    for one in (*folder.glob("dag_id=*/run_id=*"), *folder.glob("dag_processor/*")):
        if one.is_dir() and not one.is_symlink() and _last_write(one) < before:
            shutil.rmtree(one, ignore_errors=True)
    for log in folder.glob("*.log"):
        if log.stat().st_size > LARGEST:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            with log.open("r+b") as file:  # its writer appends, so it goes on at the new end
                file.truncate(0)


def _last_write(folder: Path) -> float:
    latest = 0.0
    for file in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            latest = max(latest, file.stat().st_mtime)
    return latest


class Daily:
    """Says, after an hour and then once a day, that it is time."""

    def __init__(self) -> None:
        self._next = time.monotonic() + FIRST.total_seconds()

    def due(self) -> bool:
        """Whether it is time; says so once."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + DAY.total_seconds()
        return True

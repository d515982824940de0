"""What is told when Spark fails: the cause and the fix in one line.

`spark-submit` sends a job's stderr to its own stdout.
"""

import secrets
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from cassandra.cluster import NoHostAvailable, Session

from conf import ROOT
from conf.errors import StoreDown, WrongUse
from conf.settings import Settings
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB as POLL
from jobs.framework import command
from jobs.framework.inputs import Place
from jobs.framework.spark_errors import check_local_dirs, told
from tests.conftest import make_topic
from tests.support.commands import run_python
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

DAY = ("--from", "2016-04-30T16:00Z", "--to", "2016-05-01T16:00Z")
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"
LARGEST = 50_000
"""The most bytes of a file, where the disk is "full". The posts of the test take more, and the start of Spark less."""
WITH_A_LIMIT = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
SUBMIT = str(Path(sys.executable).parent / "spark-submit")
JOB = str(ROOT / "jobs/candidate_poll.py")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Job aborted. Caused by: java.io.IOException: No space left on device", "the disk is full"),
        ("java.io.IOException: Disk quota exceeded", "the disk is full"),
        (
            "Traceback … StoreDown: Cassandra does not answer at 127.0.0.1:9042",
            "Cassandra no longer answers",
        ),
        ("java.io.IOException: File too large", "the disk is full"),
        ("java.lang.OutOfMemoryError: Java heap space", "too little memory"),
        ("[INVALID_DRIVER_MEMORY] System memory 201326592 must be at least 471859200", "too little memory"),
        ("org.apache.spark.memory.SparkOutOfMemoryError: Unable to acquire 65536 bytes", "too little memory"),
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has different version 3.9 than that in driver 3.11, PySpark",
            "the executors' Python is 3.9, and the driver's 3.11. Install Python 3.11 on the workers",
        ),
        ('Cannot run program "python3.11": error=2, No such file', "a worker has no Python named python3.11. Install"),
        ("ModuleNotFoundError: No module named 'jobs.framework'", "do not have the project's code. Run make dist"),
        ("ModuleNotFoundError: No module named 'pyarrow'", "the executors can't load pyarrow. Run make dist"),
        ("ImportError: PyArrow >= 4.0.0 must be installed; however", "the executors can't load PyArrow."),
        ("ImportError: libm.so.6: version `GLIBC_2.28' not found", "the executors can't load GLIBC_2.28."),
        ("Checkpoint block rdd_41_3 not found! Either the executor", "rows that only it had. Run it again"),
        ("[DIVIDE_BY_ZERO] Division by zero", "a_job failed in Spark: RuntimeError: [DIVIDE_BY_ZERO]"),
    ],
)
def test_known_causes_are_told_in_plain_words(text: str, says: str) -> None:
    error = told("a_job", RuntimeError(text))
    assert str(error).startswith("a_job failed")
    assert says in str(error)
    assert error.exit_code == 1


def test_folders_that_spark_cannot_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{file},{file / 'below'}")
    with pytest.raises(WrongUse, match="SPARK_LOCAL_DIRS: Spark can't write to"):
        check_local_dirs()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{file / 'below'},{tmp_path / 'made'}")
    check_local_dirs()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", "")
    check_local_dirs()


def test_a_folder_that_spark_cannot_use_is_wrong_use_of_the_command(settings: Settings, tmp_path: Path) -> None:
    topic = make_topic(settings, RACES)
    (tmp_path / "file").touch()
    done = run_python(
        *("-c", WITH_A_LIMIT, "-1", SUBMIT, JOB, "--topic", topic.topic, *DAY),
        SPARK_LOCAL_DIRS=str(tmp_path / "file"),
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout.splitlines()[-1].startswith("error: SPARK_LOCAL_DIRS: Spark can't write to")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is known to fail such writes as on a full disk")
def test_a_job_on_a_full_disk(settings: Settings, session: Session, queue: PostsQueue) -> None:
    topic = make_topic(settings, RACES)
    lines = [stream_line(tweet(str(i), text=f"ana {secrets.token_hex(100)}", author_id="1")) for i in range(1, 3001)]
    load(lines, topic.topic, queue, session, settings)
    done = run_python("-c", WITH_A_LIMIT, str(LARGEST), SUBMIT, JOB, "--topic", topic.topic, *DAY)
    assert done.returncode == 1, done.stdout
    assert done.stdout.splitlines()[-1] == (
        "error: candidate_poll failed: Spark could not write its temporary files: the disk is full. "
        "Make room, or set SPARK_LOCAL_DIRS to a folder on a disk that has some, and run it again"
    )
    assert "\tat " not in done.stderr, "the log shows places in Java's code"


def test_a_cassandra_that_goes_while_a_job_runs_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_more: object) -> None:
        raise NoHostAvailable("Unable to complete the operation against any hosts", {})

    monkeypatch.setattr(command, "run_job", gone)
    at = Place(*[cast("Any", None)] * 5)
    with pytest.raises(StoreDown) as told:
        command._run(POLL, at, None)
    assert str(told.value) == (
        "Cassandra no longer answers (no node could be asked). "
        "See what `.venv/bin/python -m ingest cluster` says, start it, and run the job again"
    )

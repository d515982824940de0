"""A job as a command: what it prints, and its exit code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cassandra.cluster import Session

from conf import ROOT
from conf.settings import Settings
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB
from jobs.framework.command import run
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"


def test_the_command_tells_what_it_did_and_that_it_was_stopped(
    settings: Settings, session: Session, queue: PostsQueue, tmp_path: Path
) -> None:
    topic = make_topic(settings, RACES)
    lines = [stream_line(tweet(str(i), text=text, author_id=str(i))) for i, text in enumerate(("ana", "bob"), 1)]
    load(lines, topic.topic, queue, session, settings)

    def submit() -> "subprocess.Popen[str]":
        bin_folder, pipe = Path(sys.executable).parent, subprocess.PIPE
        command = [str(bin_folder / "spark-submit"), str(ROOT / "jobs/candidate_poll.py"), "--topic", topic.topic]
        environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        words = [*command, "--from", DAY[0], "--to", DAY[1]]
        return subprocess.Popen(
            words, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environment, start_new_session=True
        )

    def statuses() -> list[str]:
        query = f"SELECT status FROM {settings.keyspace}.job_runs WHERE job = 'candidate_poll' AND topic = %s"
        return [row.status for row in session.execute(query, (topic.topic,))]

    good = submit()
    out, errors = good.communicate(timeout=300)
    assert good.returncode == 0, errors
    assert f"candidate_poll {topic.topic} [2016-04-30T16:00Z, 2016-05-01T16:00Z): 2 posts read, 6 rows published" in out

    stopped = submit()
    try:
        until = time.monotonic() + 120
        while statuses() != ["running", "succeeded"]:
            assert stopped.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(stopped.pid, signal.SIGINT)  # as a terminal does
        out, errors = stopped.communicate(timeout=120)
    finally:
        if stopped.poll() is None:
            os.killpg(stopped.pid, signal.SIGKILL)
            stopped.communicate()
    assert (stopped.returncode, "Traceback" in out + errors) == (130, False), out + errors
    assert set(out.splitlines()) <= {"stopped"}, "Java, which hands it on, may be gone first"
    while statuses() != ["failed", "succeeded"]:
        assert time.monotonic() < until, "the run that was stopped is not recorded"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--topic", "ph2016", "--from", DAY[1], "--to", DAY[0]], "is not before --to"),
        (["--topic", "ph201", "--from", DAY[0], "--to", DAY[1]], "error: no topic 'ph201'"),
        (["--topic", "ph2016", "--from", "soon", "--to", DAY[0]], "--from 'soon' is not a date or ISO time"),
        (["--topic", "ph2016", "--from", DAY[0]], "error: the following arguments are required: --to (see"),
        (
            ["--topic", "ph2016", "--fro", DAY[0]],
            "error: no option --fro. Did you mean --from? (see spark-submit jobs/",
        ),
        (
            ["--topic", "ph2016", f"--fro={DAY[0]}"],
            "error: no option --fro. Did you mean --from? (see spark-submit jobs/",
        ),
        (["--topic", "ph2016", "--from", DAY[0], "--to", DAY[1], "now"], "error: unrecognized arguments: now (see"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    settings: Settings, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    try:
        code = run(JOB, arguments)
    except SystemExit as left:  # argparse exits in this way
        code = int(str(left.code))
    told = capsys.readouterr().err
    assert code == 2
    [line] = told.splitlines()
    assert error in line
    assert "Traceback" not in told

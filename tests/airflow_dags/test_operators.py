"""What the operators do with a command that fails, and what the notifier tells; run by Airflow's own Python."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from email import message_from_string
from email.policy import default
from pathlib import Path

import psutil
import pytest

from conf import ROOT
from deploy.airflow import ENVIRONMENT, environment
from tests.airflow_dags.conftest import NOTHING_OF_OURS
from tests.support.mail_server import mail_server

BEGIN = """
import sys, threading
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow_dags.wiring import commands
from airflow_dags.wiring.commands import CommandOperator, told_by
from airflow_dags.wiring.compliance import ComplianceOperator
from airflow_dags.wiring.gate import CoverageGate
from airflow_dags.wiring.notify import FailureNotifier, told
from airflow_dags.wiring.tasks import utc
import pendulum

def outcome(operator):
    try:
        if isinstance(operator, CoverageGate):
            return operator.poke({"data_interval_end": pendulum.now("UTC")}).is_done
        operator.execute({})
    except AirflowFailException as error:
        return f"for good: {error}"
    except AirflowException as error:
        return f"again: {error}"
    return "well"
"""


def by_airflow(folder: Path, code: str, *arguments: str, **variables: str) -> list[str]:
    """Runs code by Airflow's Python; returns the lines that it writes to its first argument, a file."""
    out = folder / "out"
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-c", BEGIN + code, str(out), *arguments],
        env=environment(folder / "airflow", 8080, NOTHING_OF_OURS) | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out.read_text().splitlines()


COMMANDS = """
def of(script):
    return outcome(CommandOperator(task_id="t", arguments=["/bin/sh", "-c", script]))

with DAG("d") as dag:
    one = CommandOperator(task_id="day", arguments=["true"])
    two, three = (CommandOperator(task_id=name, arguments=["true"]) for name in ("publish", "export"))
    one >> two >> three
    quality = CommandOperator(task_id="quality", arguments=["true"], trigger_rule="all_done")
    poll = CommandOperator(task_id="poll", arguments=["true"], trigger_rule="all_done_min_one_success")
    other = CommandOperator(task_id="other", arguments=["true"])
    one >> quality >> three
    [one, other] >> poll
context = {
    "dag": dag, "task": one, "exception": AirflowException("a check failed:\\n it broke"),
    "data_interval_start": pendulum.datetime(2016, 5, 7, 16), "data_interval_end": pendulum.datetime(2016, 5, 8, 16),
}
def gate(minutes, script):
    words = ["/bin/sh", "-c", script]
    return outcome(CoverageGate(task_id="g", arguments=words, wait_minutes=minutes, least=0.99))

def stopped(script):
    commands.GRACE = 0.2
    operator = CommandOperator(task_id="t", arguments=["/bin/sh", "-c", script])
    threading.Timer(0.5, operator.on_kill).start()  # what Airflow calls for a task that hangs, or is stopped
    return outcome(operator)

def no_time():
    try:
        utc(None)
    except AirflowFailException as error:
        return str(error)

DOWN = "echo 'error: Cassandra does not answer' >&2; exit 1"
WAITS = '''echo '{"waiting_for": ["x"], "coverage": 0.5, "lines": []}' '''
print(
    *(gate(minutes, script) for script in (DOWN, WAITS) for minutes in (5, 0)),
    gate(5, "echo 'error: no topic x' >&2; exit 2"),
    no_time().partition(".")[0],
    of("echo done"),
    of("echo 'error: Cassandra does not answer' >&2; exit 1"),
    of("echo 'error: no topic x. Did you mean y?'; exit 2"),
    of("printf 'odd \\\\377'; exit 3"),
    of("exit 4"),
    stopped("trap '' TERM; echo hangs; exec sleep 600"),
    told_by("error: a: broke\\nerror: b: broke, too\\nerror: 2 of 4 jobs failed: a, b\\nlast"),
    told(context),
    sep="\\n", file=open(sys.argv[1], "w"),
)
"""


def test_errors_are_the_commands_own_and_wrong_use_is_not_tried_again(tmp_path: Path) -> None:
    assert by_airflow(tmp_path, COMMANDS) == [
        "False",  # the gate waits for the stores, too
        "again: Cassandra does not answer",
        "False",
        "True",
        "for good: no topic x",
        "this run has no time, since it was started without a logical date",
        "well",
        "again: Cassandra does not answer",
        "for good: no topic x. Did you mean y?",
        "again: odd \ufffd",
        "again: /bin/sh ended with exit code 4",
        "again: hangs",
        "a: broke; b: broke, too; 2 of 4 jobs failed: a, b",
        "d: day over 2016-05-07T16:00Z to 2016-05-08T16:00Z failed: a check failed: it broke."
        " Not run because of it: export, publish",
    ]


MAIL = """
with DAG("pulso_daily_x") as dag:
    one = CommandOperator(task_id="day", arguments=["true"])
error = AirflowException("a check failed: <b> & {{ 7 * 6 }} हिन्दी")
FailureNotifier(["desk@example.org"])({"dag": dag, "task": one, "exception": error})
open(sys.argv[1], "w").close()
"""


def test_a_failure_is_mailed_as_it_is(tmp_path: Path) -> None:
    with mail_server() as (port, mails):
        extra = {"from_email": "pulso@example.org", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
        by_airflow(tmp_path, MAIL, AIRFLOW_CONN_SMTP_DEFAULT=json.dumps(connection))
    [mail] = (message_from_string(mail, policy=default) for mail in mails)
    assert mail["To"] == "desk@example.org"
    assert mail["Subject"] == "Pulso: pulso_daily_x: day failed"
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert "pulso_daily_x: day failed: a check failed: &lt;b&gt; &amp; {{ 7 * 6 }} हिन्दी" in text


COMPLIANCE = """
script = 'echo "$@" >> %s; case "$*" in *bad*) exit 1;; *grows*) echo >>"$2";; *leaves*) rm "$2";; esac' % sys.argv[3]
print(outcome(ComplianceOperator(
    task_id="c", arguments=["/bin/sh", "-c", script, "sh"], folder=sys.argv[2],
)), file=open(sys.argv[1], "w"))
"""


def test_compliance_files_are_applied_and_moved_and_a_bad_one_stays(tmp_path: Path) -> None:
    folder, seen = tmp_path / "compliance", tmp_path / "seen"
    for name in ("posts/a b.jsonl", "posts/bad.jsonl", "posts/grows.jsonl", "posts/leaves.jsonl", "users/-u.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    [told] = by_airflow(tmp_path, COMPLIANCE, str(folder), str(seen))
    assert told.startswith(f"again: {folder}/posts/bad.jsonl: ")
    assert f"; {folder}/posts/grows.jsonl: it was written to meanwhile; " in told
    assert told.endswith(f"; {folder}/posts/leaves.jsonl: No such file or directory")
    posts, users = folder / "posts", folder / "users"
    assert seen.read_text().splitlines() == [
        f"-- {posts}/a b.jsonl",
        f"-- {posts}/bad.jsonl",
        f"-- {posts}/grows.jsonl",
        f"-- {posts}/leaves.jsonl",
        f"--users -- {users}/-u.jsonl",
    ]
    left = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert left == ["done/posts-a b.jsonl", "done/users--u.jsonl", "posts/bad.jsonl", "posts/grows.jsonl"]


@pytest.mark.parametrize("dies", ["the parent", "Java"])
def test_spark_ends_with_the_worker_that_started_it(tmp_path: Path, dies: str) -> None:
    script = tmp_path / "spark-class"
    script.write_text(f'#!/bin/bash\n. "{ROOT}/conf/spark-env.sh"\necho $$\nexec sleep 600\n')
    script.chmod(0o755)
    variables = {"PATH": "/usr/bin:/bin", "SPARK_HOME": str(tmp_path), "SPARK_CONF_DIR": str(ROOT / "conf")}
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run([{str(script)!r}])"],
        env=variables | {"SUBMIT_ENDS_WITH_ITS_PARENT": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    java = int(parent.stdout.readline())
    try:
        assert psutil.pid_exists(java)
        if dies == "Java":
            os.kill(java, signal.SIGKILL)
        else:
            parent.kill()
        assert parent.wait(30) == (0 if dies == "Java" else -signal.SIGKILL)
        until = time.monotonic() + 30
        while psutil.pid_exists(java) and time.monotonic() < until:
            time.sleep(0.05)
        assert not psutil.pid_exists(java)
    finally:
        with suppress(ProcessLookupError):
            os.kill(java, signal.SIGKILL)
        parent.stdout.close()

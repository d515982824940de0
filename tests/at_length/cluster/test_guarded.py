"""A cluster and engines with logins, rights and TLS: passwords reach executors, and neither command lines nor logs."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conf import ROOT
from stores.connect import cassandra_session
from tests.support.commands import run_command
from tests.support.ground import generated
from tests.support.guarded import Guarded, guarded_engines
from tests.support.spark_cluster import SparkCluster

WINDOW = ("--from", "2016-05-05T16:00Z", "--to", "2016-05-08T16:00Z")
TOPIC, POSTS = "guarded", 3_000
JOBS = ("author_activity", "candidate_poll")


@pytest.fixture(scope="module")
def guarded(cluster: SparkCluster) -> Iterator[Guarded]:
    """Engines whose files the workers do not see, with posts."""
    with guarded_engines(cluster.driver / "engines") as made:
        made.new_topic(TOPIC)
        ingest = made.environment("pulso_ingest")
        for command in (["replay", str(generated(POSTS, 7, cluster.driver / "p.jsonl"))], ["work", "--drain"]):
            topic = ["--topic", TOPIC] if command[0] == "replay" else []
            done = run_command("ingest", *command, *topic, **ingest)  # type: ignore[arg-type]
            assert done.returncode == 0, done.stderr
        yield made


def test_passwords_and_the_certificate_reach_executors_and_nothing_else(
    cluster: SparkCluster, guarded: Guarded, tmp_path: Path
) -> None:
    events = {"spark_eventLog_enabled": "true", "spark_eventLog_dir": f"file://{tmp_path}"}
    conf = cluster.settings("guarded", **events)
    own = guarded.environment("pulso_jobs", X_BEARER_TOKEN="a-token-of-x")
    del own["SPARK_CONF_DIR"]
    jobs = ("--jobs", ",".join(JOBS))
    process = cluster.submit(conf, ROOT / "jobs" / "daily.py", "--topic", TOPIC, *WINDOW, *jobs, **own)
    lines: set[str] = set()
    ended = threading.Event()
    watching = threading.Thread(target=_command_lines, args=(lines, ended))
    watching.start()
    try:
        code, told = cluster.ended(process)
    finally:
        ended.set()
        watching.join()
    assert code == 0, told[-3000:]
    secrets = [guarded.passwords["pulso_jobs"], "a-token-of-x", cluster.secret]
    written = [told, *(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())]
    written += [file.read_text(errors="replace") for file in cluster.folder.glob("work*/app-*/*/std*")]
    assert len(written) > 3, "there is an event log, and logs of executors"
    assert any("CoarseGrainedExecutorBackend" in line for line in lines)
    for secret in secrets:
        assert not any(secret in text for text in [*written, *lines])
    with cassandra_session(guarded.settings("pulso_readers")) as session:
        for table in JOBS:
            assert session.execute(f"SELECT run_id FROM pulso.{table} LIMIT 1").one()


def _command_lines(found: set[str], ended: threading.Event) -> None:
    """Collects the command lines of all processes, again and again."""
    while not ended.wait(0.3):
        for process in psutil.process_iter(["cmdline"]):
            found.add(" ".join(process.info["cmdline"] or ()))

"""Runs Pulso's ingest by its own commands: `replay --wait` beside a running worker, and each of the two alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.commands import Ended, cpu_seconds, python, run, running
from bench.corpus import check_stored, first
from bench.lab import TOPIC, Lab
from ingest.write.migrate import migrate

KEYSPACE = "bench_pulso"
MOST_QUEUED = 200_000
"""The most posts that Redis is asked to hold at once: its memory of 1 GB is enough for three times as many."""


@dataclass(frozen=True)
class Pass:
    """One corpus from replay to stored and acked: wall-clock seconds, and the CPU seconds of each process meanwhile."""

    seconds: float
    cpu: dict[str, float]


def whole(lab: Lab, posts: int) -> Pass:
    """Replays the corpus's first `posts` posts into an empty keyspace beside a running worker; checks the result."""
    file = first(lab, posts)
    empty(lab)
    with _worker(lab) as worker:
        processes = {**lab.engine_processes(), "worker": worker}
        before = cpu_seconds(processes)
        replay = run(lab, _replay(file, "--wait"))
        after = cpu_seconds(processes)
    check_stored(lab, posts, "Pulso")
    return Pass(replay.seconds, {"replay": replay.cpu} | {name: after[name] - before[name] for name in processes})


def publish(lab: Lab, posts: int) -> Ended:
    """Queues the posts while no worker runs."""
    file = first(lab, posts)
    empty(lab)
    return run(lab, _replay(file, "--queue-limit", str(posts + 1)))


def drain(lab: Lab, posts: int) -> Ended:
    """Stores the posts that `publish` has queued, while no publisher runs."""
    drained = run(lab, python("ingest", "work", "--drain"))
    check_stored(lab, posts, "Pulso's worker")
    return drained


def start(lab: Lab) -> float:
    """Returns the seconds that `python -m ingest` takes to start, import everything and end."""
    return run(lab, python("ingest", "--help")).seconds


def store_corpus(lab: Lab) -> Lab:
    """Returns the lab with the whole corpus stored: by the last pass of `ingest`, or now if that did not run."""
    own = lab.in_keyspace(KEYSPACE)
    if KEYSPACE not in lab.session.cluster.metadata.keyspaces:
        lab.show(f"storing {lab.plan.posts:,} posts")
        whole(own, lab.plan.posts)
    else:
        check_stored(own, lab.plan.posts, "Pulso")
    return own


def empty(lab: Lab) -> None:
    """Drops the keyspace, empties Redis, and makes the tables anew."""
    lab.drop()
    for _ in migrate(lab.session, lab.settings):
        pass


def _replay(file: Path, *options: str) -> list[str]:
    return python("ingest", "replay", str(file), "--topic", TOPIC, *options)


@contextmanager
def _worker(lab: Lab) -> Iterator[psutil.Process]:
    """Runs a worker that waits for messages; yields its process."""
    with running(lab, python("ingest", "work"), ready=lambda: waits(lab)) as worker:
        yield worker


def waits(lab: Lab) -> bool:
    """Returns whether a client waits for messages; Redis 6 lists no consumer of a group before its first message."""
    return any(client["cmd"] == "xreadgroup" for client in lab.redis.client_list())

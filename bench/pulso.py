"""Runs Pulso's ingest by its own commands: `replay --wait` beside a running worker, and each of the two alone."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.commands import Ended, cpu_seconds, python, run, running
from bench.corpus import check_stored, first
from bench.lab import TOPIC, Lab
from conf import ROOT
from ingest.write.migrate import migrate

KEYSPACE = "bench_pulso"
MOST_QUEUED = 200_000
"""The most posts that Redis is asked to hold at once: its memory of 1 GB is enough for three times as many."""


@dataclass(frozen=True)
class Pass:
    """One corpus from replay to stored and acked: wall-clock seconds, and the CPU seconds of each process meanwhile."""

    seconds: float
    cpu: dict[str, float]


def whole(lab: Lab, posts: int, workers: int = 1, engines: Mapping[str, psutil.Process] | None = None) -> Pass:
    """Replays the corpus's first `posts` posts into an empty keyspace beside running workers; checks the result.

    `engines` are the processes of the engines, if they are not the lab's.
    """
    file = first(lab, posts)
    empty(lab)
    with _workers(lab, workers) as worker:
        processes = {**(engines or lab.engine_processes()), "workers" if workers > 1 else "worker": worker}
        before = cpu_seconds(processes)
        replay = run(lab, _replay(file, "--wait"))
        after = cpu_seconds(processes)
    check_stored(lab, posts, "Pulso")
    return Pass(replay.seconds, {"replay": replay.cpu} | {name: after[name] - before[name] for name in processes})


def measured(lab: Lab, act: Callable[[], object]) -> Pass:
    """Does something in this process; returns how long it took, and the CPU time of this process and the engines."""
    processes = {**lab.engine_processes(), "this process": psutil.Process()}
    before, began = cpu_seconds(processes), time.perf_counter()
    act()
    seconds, after = time.perf_counter() - began, cpu_seconds(processes)
    return Pass(seconds, {name: after[name] - before[name] for name in processes})


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
    """Drops the keyspace, empties Redis, and makes the tables anew, by the code that the lab's commands run."""
    lab.drop()
    if lab.root != ROOT:
        run(lab, python("ingest", "migrate"))
        return
    for _ in migrate(lab.session, lab.settings):
        pass


def _replay(file: Path, *options: str) -> list[str]:
    return python("ingest", "replay", str(file), "--topic", TOPIC, *options)


@contextmanager
def _workers(lab: Lab, workers: int) -> Iterator[psutil.Process]:
    """Runs workers that wait for messages; yields their process, or that of their supervisor."""
    several = ("--processes", str(workers)) if workers > 1 else ()
    with running(lab, python("ingest", "work", *several), ready=lambda: waits(lab, workers)) as worker:
        yield worker


def waits(lab: Lab, workers: int = 1) -> bool:
    """Returns whether clients wait for messages; Redis 6 lists no consumer of a group before its first message."""
    waiting = [client for client in lab.redis.client_list() if client["cmd"] == "xreadgroup"]
    return len(waiting) >= workers

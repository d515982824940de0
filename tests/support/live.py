"""Runs `python -m ingest stream` as a person does, and reads the state that it leaves."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ingest.live.state import LiveState, read_states
from ingest.queue.posts_queue import PostsQueue
from tests.support.commands import start_command

PATIENCE = 60.0


def streaming(topic: str, source: str) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """Runs `stream` in the background; kills it at the end of the block if it still runs."""
    return running("stream", "--topic", topic, "--source", source)


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs `python -m ingest` in the background; kills it at the end of the block if it still runs."""
    process = start_command("ingest", *arguments, **environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: "subprocess.Popen[bytes]") -> str:
    """Stops the command as an operator does; returns its stdout."""
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors.decode()
    return out.decode()


def wait_for(condition: Callable[[], bool], what: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Waits until the condition holds. Fails when `process` ends, or after PATIENCE seconds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(f"{what}: the process ended: {process.stderr.read().decode()}")
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.02)


def state_of(queue: PostsQueue, topic: str, source: str = "") -> LiveState | None:
    """Returns the state of the topic's live collection, from that source if one is named; None if there is none."""
    states = (state for state in read_states(queue.client, queue.stream) if state.topic == topic)
    return next((state for state in states if source in ("", state.source)), None)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process as `kill -9` does."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
